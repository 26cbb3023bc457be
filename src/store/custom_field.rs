//! The fields that an admin has added.

use entity::custom_field::{Column, Entity, Model};
use entity::kind::CustomFieldOwner;
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryFilter, QueryOrder, Statement};
use uuid::Uuid;

/// All of them, by owner and key: a few hundred at most.
pub async fn list(conn: &impl ConnectionTrait) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .order_by_asc(Column::Owner)
        .order_by_asc(Column::Key)
        .all(conn)
        .await
}

/// By our id.
pub async fn find(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).one(conn).await
}

/// Takes the values of a field out of all records.
pub async fn forget_values(conn: &impl ConnectionTrait, field: &Model) -> Result<(), DbErr> {
    let table = match field.owner {
        CustomFieldOwner::Client => "client",
        CustomFieldOwner::Product => "product",
    };
    let backend = conn.get_database_backend();
    let key = field.id.hyphenated().to_string();
    let (sql, values): (String, Vec<sea_orm::Value>) = if backend == DbBackend::Postgres {
        (
            format!("UPDATE {table} SET custom_values = custom_values - $1 WHERE jsonb_exists(custom_values, $1)"),
            vec![key.into()],
        )
    } else {
        let path = format!("$.\"{key}\"");
        (
            format!(
                "UPDATE {table} SET custom_values = json_remove(custom_values, ?) WHERE json_type(custom_values, ?) IS NOT NULL"
            ),
            vec![path.clone().into(), path.into()],
        )
    };
    conn.execute_raw(Statement::from_sql_and_values(backend, sql, values))
        .await?;
    Ok(())
}

/// Those of our ids.
pub async fn list_by_ids(conn: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::Id.is_in(ids.iter().copied()))
        .all(conn)
        .await
}
