//! Batched upserts. Statements come in few sizes, so that the database has prepared nearly all of them already: preparing one for
//! hundreds of rows costs more than running it.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr, EntityTrait, IdenStatic, Iterable};

/// Rows of a statement, the largest first. SQLite takes 32,766 variables a statement: 127 columns at the largest size.
const SIZES: [usize; 5] = [256, 64, 16, 4, 1];

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
    let mut rows = rows.into_iter();
    while rows.len() > 0 {
        let size = SIZES.into_iter().find(|size| *size <= rows.len()).unwrap_or(1);
        let batch: Vec<A> = rows.by_ref().take(size).collect();
        A::Entity::insert_many(batch)
            .on_conflict(on_conflict.clone())
            .exec_without_returning(conn)
            .await?;
    }
    Ok(())
}
