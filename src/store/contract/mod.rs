//! Reading contracts. A contract reaches its client through the link of its Stripe customer.

use std::collections::HashMap;

use chrono::NaiveDate;
use entity::contract::{Column, Entity, Model};
use entity::kind::ContractSource;
use entity::{client_link, contract_line, product};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Query, SelectStatement, SimpleExpr, WindowStatement};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, PaginatorTrait, QueryFilter,
    QueryTrait, Select,
};
use uuid::Uuid;

use super::page::{Key, Page, Place, Sorted, Window};
use super::range::{Range, among, holds, within};

/// Filters combine with AND; a list inside one is OR.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields are those of the API's filter")]
pub struct ContractFilter {
    pub ids: Option<Vec<Uuid>>,
    pub integration_id: Option<Uuid>,
    pub stripe_ids: Option<Vec<String>>,
    pub client_id: Option<Uuid>,
    pub stripe_customer_id: Option<String>,
    pub product_id: Option<Uuid>,
    pub linked: Option<bool>,
    pub source: Option<Vec<ContractSource>>,
    pub currency: Option<Vec<String>>,
    pub reconciled: Option<bool>,
    pub booking_date: Option<Range<NaiveDate>>,
    pub term_end: Option<Range<NaiveDate>>,
    pub updated_at: Option<Range<i64>>,
    pub search: Option<String>,
}

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

fn filtered(filter: &ContractFilter) -> Select<Entity> {
    let conditions = Condition::all()
        .add_option(among(Column::Id, filter.ids.as_ref()))
        .add_option(filter.integration_id.map(|id| Column::IntegrationId.eq(id)))
        .add_option(among(Column::StripeId, filter.stripe_ids.as_ref()))
        .add_option(
            filter
                .client_id
                .map(|id| Expr::exists(link().and_where(client_link::Column::ClientId.eq(id)).to_owned())),
        )
        .add_option(
            filter
                .stripe_customer_id
                .as_ref()
                .map(|id| Column::StripeCustomerId.eq(id.as_str())),
        )
        .add_option(filter.product_id.map(|id| Column::Id.in_subquery(with_product(id))))
        .add_option(filter.linked.map(|linked| {
            if linked {
                Expr::exists(link())
            } else {
                Expr::exists(link()).not()
            }
        }))
        .add_option(among(Column::Source, filter.source.as_ref()))
        .add_option(among(Column::Currency, filter.currency.as_ref()))
        .add_option(filter.reconciled.map(|reconciled| Column::Reconciled.eq(reconciled)))
        .add(within(Column::BookingDate, filter.booking_date.as_ref()))
        .add(within(Column::TermEnd, filter.term_end.as_ref()))
        .add(within(Column::UpdatedAt, filter.updated_at.as_ref()))
        .add_option(holds(Column::SearchKey, filter.search.as_ref()));
    Entity::find().filter(conditions)
}

/// The link of the contract's customer, correlated.
fn link() -> SelectStatement {
    use client_link::{Column as Link, Entity as Links};
    let mut query = Query::select();
    query
        .expr(Expr::val(1))
        .from(Links)
        .and_where(Expr::col((Links, Link::IntegrationId)).equals((Entity, Column::IntegrationId)))
        .and_where(Expr::col((Links, Link::StripeCustomerId)).equals((Entity, Column::StripeCustomerId)));
    query
}

fn with_product(id: Uuid) -> SelectStatement {
    use contract_line::{Column as Line, Entity as Lines};
    use product::{Column as Product, Entity as Products};
    let mut query = Query::select();
    query
        .column((Lines, Line::ContractId))
        .from(Lines)
        .inner_join(
            Products,
            Expr::col((Products, Product::IntegrationId))
                .equals((Lines, Line::IntegrationId))
                .and(Expr::col((Products, Product::StripeId)).equals((Lines, Line::StripeProductId))),
        )
        .and_where(Expr::col((Products, Product::Id)).eq(id));
    query
}

/// A page of contracts.
pub async fn list(
    conn: &impl ConnectionTrait,
    filter: &ContractFilter,
    order: ContractOrderField,
    window: &Window,
) -> Result<Page<Model>, DbErr> {
    window
        .read(conn, filtered(filter), order.key(), Column::Id.into_expr())
        .await
}

/// How many there are.
pub async fn count(conn: &impl ConnectionTrait, filter: &ContractFilter) -> Result<u64, DbErr> {
    filtered(filter).count(conn).await
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
) -> Result<HashMap<Uuid, Page<Model>>, DbErr> {
    use client_link::{Column as Link, Entity as Links};
    let id = Column::Id.into_expr();
    let mut numbered = filtered(filter).into_query();
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
    let rows = Entity::find()
        .filter(Column::Id.is_in(found.iter().map(|row| row.id)))
        .all(conn)
        .await?;
    let mut by_id: HashMap<Uuid, Model> = rows.into_iter().map(|row| (row.id, row)).collect();
    let mut pages: HashMap<Uuid, Vec<Model>> = HashMap::new();
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
) -> Result<HashMap<Uuid, u64>, DbErr> {
    use client_link::{Column as Link, Entity as Links};
    let mut counted = filtered(filter).into_query();
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
pub async fn find(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).one(conn).await
}

/// Those of our ids.
pub async fn list_by_ids(conn: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::Id.is_in(ids.iter().copied()))
        .all(conn)
        .await
}

/// By Stripe's id: one for each integration that has it.
pub async fn list_by_stripe_id(
    conn: &impl ConnectionTrait,
    integration_id: Option<Uuid>,
    stripe_id: &str,
) -> Result<Vec<Model>, DbErr> {
    let here = Condition::all().add_option(integration_id.map(|id| Column::IntegrationId.eq(id)));
    Entity::find()
        .filter(Column::StripeId.eq(stripe_id))
        .filter(here)
        .all(conn)
        .await
}
