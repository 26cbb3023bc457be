//! Contracts that belong together: what renews what, and subscriptions with their invoices. For many at once.

use std::collections::HashMap;

use entity::contract::{Column, Entity};
use entity::kind::ContractSource;
use sea_orm::sea_query::{Alias, DynIden, Expr, ExprTrait, IntoIden, Order, Query, SelectStatement, WindowStatement};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryTrait};
use uuid::Uuid;

use super::as_of::AsOf;
use super::dated::{self, Dated};
use super::filter::{ContractFilter, bills, filtered};
use super::{ContractOrderField, by_ids};
use crate::store::page::{Page, Window};
use crate::store::{first_of_each, grouped};

/// A contract's id, and the one that it was found for.
#[derive(Debug, FromQueryResult)]
struct Linked {
    of: Uuid,
    id: Uuid,
}

/// What renews each of `contracts`.
pub async fn list_renewing(
    conn: &impl ConnectionTrait,
    contracts: &[Uuid],
    as_of: &AsOf,
) -> Result<HashMap<Uuid, Dated>, DbErr> {
    let (old, new) = (iden("old"), iden("new"));
    let mut only = WindowStatement::partition_by((old.clone(), Column::Id));
    only.order_by((new.clone(), Column::Id), Order::Asc);
    let linked = pairs((&old, &new), (&old, &new), only, contracts);
    linked_to(conn, linked, as_of).await
}

/// What each of `contracts` renews: what ended last of those that it renews, the longest of them, and the latest booking of several.
pub async fn list_renewed(
    conn: &impl ConnectionTrait,
    contracts: &[Uuid],
    as_of: &AsOf,
) -> Result<HashMap<Uuid, Dated>, DbErr> {
    let (old, new) = (iden("old"), iden("new"));
    let mut last = WindowStatement::partition_by((new.clone(), Column::Id));
    last.order_by((old.clone(), Column::TermEnd), Order::Desc)
        .order_by((old.clone(), Column::Recurs), Order::Desc)
        .order_by((old.clone(), Column::TermStart), Order::Asc)
        .order_by((old.clone(), Column::BookingDate), Order::Desc)
        .order_by((old.clone(), Column::StripeId), Order::Asc);
    let linked = pairs((&old, &new), (&new, &old), last, contracts);
    linked_to(conn, linked, as_of).await
}

fn iden(name: &'static str) -> DynIden {
    Alias::new(name).into_iden()
}

/// Pairs of an old contract and the one that renews it, counted by `place` for each of `contracts`.
fn pairs(
    (old, new): (&DynIden, &DynIden),
    (asked, found): (&DynIden, &DynIden),
    place: WindowStatement,
    contracts: &[Uuid],
) -> SelectStatement {
    let of = |which: &DynIden, column| Expr::col((which.clone(), column));
    let renews = of(new, Column::IntegrationId)
        .eq(of(old, Column::IntegrationId))
        .and(of(new, Column::StripeId).eq(of(old, Column::RenewedBy)))
        .and(of(new, Column::Source).eq(ContractSource::Invoice));
    let mut query = Query::select();
    query
        .expr_as(of(asked, Column::Id), Alias::new("of"))
        .expr_as(of(found, Column::Id), Alias::new("id"))
        .expr_window_as(Expr::cust("ROW_NUMBER()"), place, Alias::new("place"))
        .from_as(Entity, old.clone())
        .join_as(sea_orm::sea_query::JoinType::InnerJoin, Entity, new.clone(), renews)
        .and_where(of(old, Column::Source).eq(ContractSource::Invoice))
        .and_where(of(asked, Column::Id).is_in(contracts.iter().copied()));
    query
}

async fn linked_to(
    conn: &impl ConnectionTrait,
    numbered: SelectStatement,
    as_of: &AsOf,
) -> Result<HashMap<Uuid, Dated>, DbErr> {
    let found: Vec<Linked> = first_of_each(conn, numbered, &["of", "id"], 1).await?;
    let rows = by_ids(conn, found.iter().map(|pair| pair.id).collect(), as_of).await?;
    Ok(found
        .into_iter()
        .filter_map(|pair| Some((pair.of, rows.get(&pair.id)?.clone())))
        .collect())
}

/// The subscription contracts of subscriptions, by integration and Stripe id.
pub async fn list_of_subscriptions(
    conn: &impl ConnectionTrait,
    asked: &[(Uuid, String)],
    as_of: &AsOf,
) -> Result<Vec<Dated>, DbErr> {
    let mut any = Condition::any();
    for (integration_id, ids) in grouped(asked) {
        any = any.add(
            Column::IntegrationId
                .eq(integration_id)
                .and(Column::StripeId.is_in(ids)),
        );
    }
    let rows = Entity::find()
        .filter(Column::Source.eq(ContractSource::Subscription))
        .filter(any);
    dated::on(rows, as_of).all(conn).await
}

/// A contract's id with the subscription that it bills.
#[derive(Debug, FromQueryResult)]
struct Bill {
    id: Uuid,
    stripe_subscription_id: String,
}

/// The same page of the invoice contracts of each of several subscriptions of one integration, in two statements.
pub async fn list_invoices(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    subscriptions: &[String],
    window: &Window,
    as_of: &AsOf,
) -> Result<HashMap<String, Page<Dated>>, DbErr> {
    let (key, id) = (ContractOrderField::BookingDate.key(), Column::Id.into_expr());
    let mut numbered = filtered(&ContractFilter::default(), as_of).into_query();
    numbered.clear_selects();
    let mut of_subscription = WindowStatement::partition_by((Entity, Column::StripeSubscriptionId));
    of_subscription
        .order_by_expr(key.clone(), window.direction())
        .order_by_expr(id.clone(), window.direction());
    numbered
        .expr_as(id.clone(), Alias::new("id"))
        .expr_as(
            Column::StripeSubscriptionId.into_expr(),
            Alias::new("stripe_subscription_id"),
        )
        .expr_window_as(Expr::cust("ROW_NUMBER()"), of_subscription, Alias::new("place"))
        .and_where(bills(integration_id, subscriptions));
    if let Some(behind) = window.behind(&key, &id) {
        numbered.and_where(behind);
    }
    let found: Vec<Bill> = first_of_each(conn, numbered, &["id", "stripe_subscription_id"], window.limit()).await?;
    let mut rows = by_ids(conn, found.iter().map(|bill| bill.id).collect(), as_of).await?;
    let mut pages: HashMap<String, Vec<Dated>> = HashMap::new();
    for bill in found {
        let page = pages.entry(bill.stripe_subscription_id).or_default();
        page.extend(rows.remove(&bill.id));
    }
    Ok(pages
        .into_iter()
        .map(|(subscription, rows)| (subscription, window.page(rows)))
        .collect())
}

/// How many invoice contracts each of several subscriptions of one integration has.
pub async fn count_invoices(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    subscriptions: &[String],
) -> Result<HashMap<String, u64>, DbErr> {
    use sea_orm::QuerySelect;
    let counts: Vec<(String, i64)> = Entity::find()
        .select_only()
        .column(Column::StripeSubscriptionId)
        .column_as(Column::Id.count(), "contracts")
        .filter(bills(integration_id, subscriptions))
        .group_by(Column::StripeSubscriptionId)
        .into_tuple()
        .all(conn)
        .await?;
    let counts = counts.into_iter();
    Ok(counts
        .map(|(id, count)| (id, u64::try_from(count).unwrap_or(0)))
        .collect())
}
