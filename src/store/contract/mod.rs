//! Reading contracts. A contract reaches its client through the link of its Stripe customer.
//!
//! - [`filter`] says which are meant, [`as_of`] which day, [`dated`] what depends on the day, in one place.
//! - [`link`] finds what renews what, [`bill`] reads what that is worked out from, [`due`] finds what time alone has changed.
//! - [`total`] and [`recurring`] add up, [`revenue`] puts them together.

mod as_of;
pub mod bill;
mod dated;
mod due;
mod filter;
mod link;
mod parts;
mod recurring;
mod revenue;
mod total;

use std::collections::HashMap;

use chrono::NaiveDate;
use entity::client_link;
use entity::contract::{Column, Entity, Model};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, SimpleExpr, WindowStatement};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, PaginatorTrait, QueryFilter,
    QueryTrait,
};
use uuid::Uuid;

use super::CHUNK;
use super::page::{Key, Page, Place, Sorted, Window};
use filter::filtered;

pub use as_of::{Accounts, AsOf};
pub use dated::Dated;
pub use due::{has_due, queue_due};
pub use filter::ContractFilter;
pub use link::{count_invoices, list_invoices, list_of_subscriptions, list_renewed, list_renewing};
pub use revenue::{Basis, Note, Revenue, sum, sum_by_clients};
pub use total::sum_by_month;

/// What contracts are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is a field")]
pub enum ContractOrderField {
    BookingDate,
    TermEnd,
    Total,
    CreatedAt,
    UpdatedAt,
}

/// Contracts without an end stand behind all others; the index is over the same expression.
const NO_END: &str = "COALESCE(term_end, '9999-12-31')";

impl ContractOrderField {
    fn key(self) -> SimpleExpr {
        match self {
            Self::BookingDate => Column::BookingDate.into_expr(),
            Self::TermEnd => Expr::cust(NO_END),
            Self::Total => Column::Total.into_expr(),
            Self::CreatedAt => Column::CreatedAt.into_expr(),
            Self::UpdatedAt => Column::UpdatedAt.into_expr(),
        }
    }

    /// What kind of value it is.
    pub fn sorted(self) -> Sorted {
        match self {
            Self::BookingDate | Self::TermEnd => Sorted::Day,
            Self::Total | Self::CreatedAt | Self::UpdatedAt => Sorted::Number,
        }
    }

    /// Where `contract` stands in this order.
    pub fn place(self, contract: &Model) -> Place {
        let key = match self {
            Self::BookingDate => Key::Day(contract.booking_date),
            Self::TermEnd => Key::Day(
                contract
                    .term_end
                    .unwrap_or_else(|| NaiveDate::from_ymd_opt(9999, 12, 31).unwrap_or_default()),
            ),
            Self::Total => Key::Number(contract.total),
            Self::CreatedAt => Key::Number(contract.created_at),
            Self::UpdatedAt => Key::Number(contract.updated_at),
        };
        Place { key, id: contract.id }
    }
}

/// A page of contracts.
pub async fn list(
    conn: &impl ConnectionTrait,
    filter: &ContractFilter,
    order: ContractOrderField,
    window: &Window,
    as_of: &AsOf,
) -> Result<Page<Dated>, DbErr> {
    let rows = window.cut(filtered(filter, as_of), order.key(), Column::Id.into_expr());
    Ok(window.page(dated::on(rows, as_of).all(conn).await?))
}

/// How many there are.
pub async fn count(conn: &impl ConnectionTrait, filter: &ContractFilter, as_of: &AsOf) -> Result<u64, DbErr> {
    filtered(filter, as_of).count(conn).await
}

/// A contract's id with the client that it was found for.
#[derive(Debug, FromQueryResult)]
struct OfClient {
    id: Uuid,
    client_id: Uuid,
}

/// The same page of the contracts of each of several clients, in two statements however many there are.
pub async fn list_by_clients(
    conn: &impl ConnectionTrait,
    clients: &[Uuid],
    filter: &ContractFilter,
    order: ContractOrderField,
    window: &Window,
    as_of: &AsOf,
) -> Result<HashMap<Uuid, Page<Dated>>, DbErr> {
    use client_link::{Column as Link, Entity as Links};
    let id = Column::Id.into_expr();
    let mut numbered = filtered(filter, as_of).into_query();
    numbered.clear_selects();
    let mut of_client = WindowStatement::partition_by((Links, Link::ClientId));
    of_client
        .order_by_expr(order.key(), window.direction())
        .order_by_expr(id.clone(), window.direction());
    numbered
        .expr_as(id.clone(), Alias::new("id"))
        .expr_as(Expr::col((Links, Link::ClientId)), Alias::new("client_id"))
        .expr_window_as(Expr::cust("ROW_NUMBER()"), of_client, Alias::new("place"))
        .inner_join(Links, links_its_customer())
        .and_where(Expr::col((Links, Link::ClientId)).is_in(clients.iter().copied()));
    if let Some(behind) = window.behind(&order.key(), &id) {
        numbered.and_where(behind);
    }
    let found: Vec<OfClient> = super::first_of_each(conn, numbered, &["id", "client_id"], window.limit()).await?;
    let mut by_id = by_ids(conn, found.iter().map(|row| row.id).collect(), as_of).await?;
    let mut pages: HashMap<Uuid, Vec<Dated>> = HashMap::new();
    for row in found {
        pages.entry(row.client_id).or_default().extend(by_id.remove(&row.id));
    }
    Ok(pages
        .into_iter()
        .map(|(client, rows)| (client, window.page(rows)))
        .collect())
}

/// How many of the contracts that `filter` lets through each of `clients` has.
pub async fn count_by_clients(
    conn: &impl ConnectionTrait,
    clients: &[Uuid],
    filter: &ContractFilter,
    as_of: &AsOf,
) -> Result<HashMap<Uuid, u64>, DbErr> {
    use client_link::{Column as Link, Entity as Links};
    let mut counted = filtered(filter, as_of).into_query();
    counted.clear_selects();
    counted
        .column((Links, Link::ClientId))
        .expr_as(Column::Id.count(), Alias::new("contracts"))
        .inner_join(Links, links_its_customer())
        .and_where(Expr::col((Links, Link::ClientId)).is_in(clients.iter().copied()))
        .group_by_col((Links, Link::ClientId));
    let rows = conn.query_all(&counted).await?;
    let count = |row: &sea_orm::QueryResult| {
        let (client, contracts): (Uuid, i64) = (row.try_get("", "client_id")?, row.try_get("", "contracts")?);
        Ok((client, u64::try_from(contracts).unwrap_or(0)))
    };
    rows.iter().map(count).collect()
}

/// A link of the customer that the contract bills.
fn links_its_customer() -> SimpleExpr {
    use client_link::{Column as Link, Entity as Links};
    Expr::col((Links, Link::IntegrationId))
        .equals((Entity, Column::IntegrationId))
        .and(Expr::col((Links, Link::StripeCustomerId)).equals((Entity, Column::StripeCustomerId)))
}

/// By our id.
pub async fn find(conn: &impl ConnectionTrait, id: Uuid, as_of: &AsOf) -> Result<Option<Dated>, DbErr> {
    dated::on(Entity::find_by_id(id), as_of).one(conn).await
}

/// Those of our ids. What the database gives takes many times as much as the rows that are made of it: it is read piece by piece.
pub async fn list_by_ids(conn: &impl ConnectionTrait, ids: &[Uuid], as_of: &AsOf) -> Result<Vec<Dated>, DbErr> {
    let mut found = Vec::with_capacity(ids.len());
    for ids in ids.chunks(CHUNK) {
        let rows = Entity::find().filter(Column::Id.is_in(ids.iter().copied()));
        found.extend(dated::on(rows, as_of).all(conn).await?);
    }
    Ok(found)
}

async fn by_ids(conn: &impl ConnectionTrait, ids: Vec<Uuid>, as_of: &AsOf) -> Result<HashMap<Uuid, Dated>, DbErr> {
    let rows = list_by_ids(conn, &ids, as_of).await?;
    Ok(rows.into_iter().map(|dated| (dated.row.id, dated)).collect())
}

/// By Stripe's id: one for each integration that has it.
pub async fn list_by_stripe_id(
    conn: &impl ConnectionTrait,
    integration_id: Option<Uuid>,
    stripe_id: &str,
    as_of: &AsOf,
) -> Result<Vec<Dated>, DbErr> {
    let here = Condition::all().add_option(integration_id.map(|id| Column::IntegrationId.eq(id)));
    let rows = Entity::find().filter(Column::StripeId.eq(stripe_id)).filter(here);
    dated::on(rows, as_of).all(conn).await
}
