//! Sessions in the database.

use entity::session::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, Set,
};
use uuid::Uuid;

/// The session whose secret has this SHA-256.
pub async fn find_by_secret_hash(db: &impl ConnectionTrait, hash: &[u8]) -> Result<Option<Model>, DbErr> {
    Entity::find().filter(Column::SecretHash.eq(hash)).one(db).await
}

/// All sessions of a user, newest first, ended ones too.
pub async fn list_of_user(db: &impl ConnectionTrait, user_id: Uuid) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::UserId.eq(user_id))
        .order_by_desc(Column::Id)
        .all(db)
        .await
}

/// Adds a session.
pub async fn insert(db: &impl ConnectionTrait, row: Model) -> Result<(), DbErr> {
    Entity::insert(row.into_active_model())
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Notes a call, Unix milliseconds.
pub async fn touch(db: &impl ConnectionTrait, id: Uuid, at: i64) -> Result<(), DbErr> {
    let row = ActiveModel {
        last_seen_at: Set(at),
        ..ActiveModel::default()
    };
    Entity::update_many()
        .set(row)
        .filter(Column::Id.eq(id))
        .exec(db)
        .await?;
    Ok(())
}

/// Removes a session, if it is there.
pub async fn delete(db: &impl ConnectionTrait, id: Uuid) -> Result<(), DbErr> {
    Entity::delete_by_id(id).exec(db).await?;
    Ok(())
}

/// Removes all sessions that expired by `now` or were last seen at `idle_since` or before, Unix milliseconds.
pub async fn delete_ended(db: &impl ConnectionTrait, now: i64, idle_since: i64) -> Result<(), DbErr> {
    let ended = Condition::any()
        .add(Column::ExpiresAt.lte(now))
        .add(Column::LastSeenAt.lte(idle_since));
    Entity::delete_many().filter(ended).exec(db).await?;
    Ok(())
}
