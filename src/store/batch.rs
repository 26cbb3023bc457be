//! What loading for many parents at once has in common.

use std::collections::BTreeMap;

use sea_orm::sea_query::{Alias, Expr, ExprTrait, Order, Query, SelectStatement};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use uuid::Uuid;

/// Stripe ids by the integration that they are of.
pub(super) fn grouped(asked: &[(Uuid, String)]) -> BTreeMap<Uuid, Vec<&str>> {
    let mut groups: BTreeMap<Uuid, Vec<&str>> = BTreeMap::new();
    for (integration_id, stripe_id) in asked {
        groups.entry(*integration_id).or_default().push(stripe_id);
    }
    groups
}

/// Of rows that `numbered` counts in a column `place`, the first of each count, in its order.
pub(super) async fn first_of_each<T: FromQueryResult>(
    conn: &impl ConnectionTrait,
    numbered: SelectStatement,
    columns: &[&'static str],
    limit: u64,
) -> Result<Vec<T>, DbErr> {
    let mut first = Query::select();
    first
        .columns(columns.iter().map(|column| Alias::new(*column)))
        .from_subquery(numbered, Alias::new("numbered"))
        .and_where(Expr::col(Alias::new("place")).lte(limit))
        .order_by(Alias::new("place"), Order::Asc);
    conn.query_all(&first)
        .await?
        .iter()
        .map(|row| T::from_query_result(row, ""))
        .collect()
}
