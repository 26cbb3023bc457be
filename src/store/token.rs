//! API tokens in the database.

use entity::api_token::{ActiveModel, Column, Entity, Model};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, Set};
use uuid::Uuid;

/// The token with this id, revoked or not.
pub async fn find(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).one(db).await
}

/// The token with this SHA-256, revoked or not.
pub async fn find_by_secret_hash(db: &impl ConnectionTrait, hash: &[u8]) -> Result<Option<Model>, DbErr> {
    Entity::find().filter(Column::SecretHash.eq(hash)).one(db).await
}

/// The token that the user made with this idempotency key.
pub async fn find_by_idempotency_key(
    db: &impl ConnectionTrait,
    user_id: Uuid,
    key: &str,
) -> Result<Option<Model>, DbErr> {
    Entity::find()
        .filter(Column::UserId.eq(user_id))
        .filter(Column::IdempotencyKey.eq(key))
        .one(db)
        .await
}

/// The user's tokens that are not revoked, newest first.
pub async fn list_of_user(db: &impl ConnectionTrait, user_id: Uuid) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::UserId.eq(user_id))
        .filter(Column::RevokedAt.is_null())
        .order_by_desc(Column::Id)
        .all(db)
        .await
}

/// Adds a token; `false` when the user used its idempotency key before.
pub async fn insert(db: &impl ConnectionTrait, row: Model) -> Result<bool, DbErr> {
    let used = OnConflict::columns([Column::UserId, Column::IdempotencyKey])
        .do_nothing()
        .to_owned();
    let rows = Entity::insert(row.into_active_model())
        .on_conflict(used)
        .exec_without_returning(db)
        .await?;
    Ok(rows == 1)
}

/// Notes a call, Unix milliseconds.
pub async fn touch(db: &impl ConnectionTrait, id: Uuid, at: i64) -> Result<(), DbErr> {
    let row = ActiveModel {
        last_used_at: Set(Some(at)),
        ..ActiveModel::default()
    };
    Entity::update_many()
        .set(row)
        .filter(Column::Id.eq(id))
        .exec(db)
        .await?;
    Ok(())
}

/// Revokes the token, Unix milliseconds; the first time counts.
pub async fn revoke(db: &impl ConnectionTrait, id: Uuid, at: i64) -> Result<(), DbErr> {
    let row = ActiveModel {
        revoked_at: Set(Some(at)),
        ..ActiveModel::default()
    };
    Entity::update_many()
        .set(row)
        .filter(Column::Id.eq(id))
        .filter(Column::RevokedAt.is_null())
        .exec(db)
        .await?;
    Ok(())
}
