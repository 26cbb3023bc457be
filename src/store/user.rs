//! People in the database.

use entity::user::{ActiveModel, Column, Entity, Model};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter};
use uuid::Uuid;

/// The person with this id.
pub async fn find(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).one(db).await
}

/// The person with this address, in the form that [`crate::account::email::key`] gives.
pub async fn find_by_email_key(db: &impl ConnectionTrait, email_key: &str) -> Result<Option<Model>, DbErr> {
    Entity::find().filter(Column::EmailKey.eq(email_key)).one(db).await
}

/// How many people there are.
pub async fn count(db: &impl ConnectionTrait) -> Result<u64, DbErr> {
    Entity::find().count(db).await
}

/// Adds a person; `false` when the address is taken.
pub async fn insert(db: &impl ConnectionTrait, row: Model) -> Result<bool, DbErr> {
    let taken = OnConflict::column(Column::EmailKey).do_nothing().to_owned();
    let rows = Entity::insert(row.into_active_model())
        .on_conflict(taken)
        .exec_without_returning(db)
        .await?;
    Ok(rows == 1)
}

/// Notes when the person signed in, Unix milliseconds.
pub async fn record_sign_in(db: &impl ConnectionTrait, id: Uuid, at: i64) -> Result<(), DbErr> {
    let row = ActiveModel {
        last_sign_in_at: sea_orm::Set(Some(at)),
        ..ActiveModel::default()
    };
    Entity::update_many()
        .set(row)
        .filter(Column::Id.eq(id))
        .exec(db)
        .await?;
    Ok(())
}

/// Those of our ids.
pub async fn list_by_ids(db: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::Id.is_in(ids.iter().copied()))
        .all(db)
        .await
}
