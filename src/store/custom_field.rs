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

/// Takes the values of a field out of all records, and the marks that people have set them.
pub async fn forget_values(conn: &impl ConnectionTrait, field: &Model) -> Result<(), DbErr> {
    let id = field.id.hyphenated().to_string();
    match field.owner {
        CustomFieldOwner::Client => {
            take_key_out(conn, ("client", "custom_values"), id).await?;
            take_key_out(conn, ("client", "held_before"), format!("custom.{}", field.key)).await?;
            take_marks_off(conn, field).await
        }
        CustomFieldOwner::Product => take_key_out(conn, ("product", "custom_values"), id).await,
    }
}

/// A mark is the path of its field, and another field may have that path one day.
async fn take_marks_off(conn: &impl ConnectionTrait, field: &Model) -> Result<(), DbErr> {
    let backend = conn.get_database_backend();
    let path = format!("custom.{}", field.key);
    let (sql, values): (&str, Vec<sea_orm::Value>) = if backend == DbBackend::Postgres {
        (
            "UPDATE client SET edited = edited - $1 WHERE jsonb_exists(edited, $1)",
            vec![path.into()],
        )
    } else {
        (
            "UPDATE client SET edited = (SELECT json_group_array(value) FROM json_each(client.edited) WHERE value <> ?)
             WHERE EXISTS (SELECT 1 FROM json_each(client.edited) WHERE value = ?)",
            vec![path.clone().into(), path.into()],
        )
    };
    conn.execute_raw(Statement::from_sql_and_values(backend, sql, values))
        .await?;
    Ok(())
}

/// Takes a key out of a JSON document in all rows of a table.
async fn take_key_out(conn: &impl ConnectionTrait, (table, column): (&str, &str), key: String) -> Result<(), DbErr> {
    let backend = conn.get_database_backend();
    let (sql, values): (String, Vec<sea_orm::Value>) = if backend == DbBackend::Postgres {
        (
            format!("UPDATE {table} SET {column} = {column} - $1 WHERE jsonb_exists({column}, $1)"),
            vec![key.into()],
        )
    } else {
        let path = format!("$.\"{key}\"");
        (
            format!("UPDATE {table} SET {column} = json_remove({column}, ?) WHERE json_type({column}, ?) IS NOT NULL"),
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
