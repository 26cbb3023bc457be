//! Batched upserts, as measured: 500 rows a statement serve both databases best.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr, EntityTrait, IdenStatic, Iterable};

const ROWS: usize = 500;
/// SQLite takes 32,766 variables a statement, PostgreSQL 65,535.
const VARIABLES: usize = 32_000;

/// Inserts `rows`; where one with the same `key` is here, all columns but `key` and `kept` are overwritten. The rows must have
/// different keys: PostgreSQL refuses to touch a row twice.
pub async fn upsert_all<A, C>(
    conn: &C,
    rows: Vec<A>,
    key: &[<A::Entity as EntityTrait>::Column],
    kept: &[<A::Entity as EntityTrait>::Column],
) -> Result<(), DbErr>
where
    A: ActiveModelTrait,
    C: ConnectionTrait,
    <A::Entity as EntityTrait>::Column: Iterable + Copy + IdenStatic,
{
    let overwritten: Vec<_> = <A::Entity as EntityTrait>::Column::iter()
        .filter(|column| !key.iter().chain(kept).any(|other| other.as_str() == column.as_str()))
        .collect();
    let mut on_conflict = OnConflict::columns(key.iter().copied());
    if overwritten.is_empty() {
        on_conflict.do_nothing();
    } else {
        on_conflict.update_columns(overwritten);
    }
    let width = <A::Entity as EntityTrait>::Column::iter().count().max(1);
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let batch: Vec<A> = rows.by_ref().take(ROWS.min(VARIABLES / width)).collect();
        A::Entity::insert_many(batch)
            .on_conflict(on_conflict.clone())
            .exec_without_returning(conn)
            .await?;
    }
    Ok(())
}
