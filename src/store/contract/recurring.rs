//! Recurring revenue on a day, added up in the database as exact fractions and rounded once.

use std::collections::HashMap;

use entity::kind::RevenueBasis;
use entity::recurring_revenue::{Column, Entity};
use entity::{client_link, contract, product};
use num_bigint::{BigInt, Sign};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Query, SelectStatement, SimpleExpr};
use sea_orm::{Condition, ConnectionTrait, DbErr, QueryResult, QueryTrait};
use uuid::Uuid;

use super::as_of::{Accounts, AsOf};
use super::filter::{ContractFilter, filtered};
use super::parts::{add_in_parts, in_parts};

/// What the items of one integration and currency bring a month, exactly, with where it is known from.
#[derive(Debug, Clone)]
pub(super) struct Recurring {
    pub(super) integration_id: Uuid,
    pub(super) currency: String,
    pub(super) basis: RevenueBasis,
    /// `numerator / denominator` minor units.
    pub(super) numerator: i128,
    pub(super) denominator: i64,
}

/// Exact sums a month.
#[derive(Debug, Clone)]
pub(super) struct Monthly {
    top: BigInt,
    bottom: BigInt,
}

impl Default for Monthly {
    fn default() -> Self {
        Self {
            top: BigInt::ZERO,
            bottom: BigInt::from(1),
        }
    }
}

impl Monthly {
    pub(super) fn add(&mut self, numerator: i128, denominator: i64) {
        self.top = &self.top * denominator + &self.bottom * numerator;
        self.bottom *= denominator;
    }

    /// `times` of it, rounded half to even.
    pub(super) fn times(&self, times: i64) -> i128 {
        let rounded = half_even(&(&self.top * times), &self.bottom);
        i128::try_from(rounded).unwrap_or(i128::MAX)
    }
}

/// `top / bottom`, rounded half to the even number; `bottom` is not 0.
pub(super) fn half_even(top: &BigInt, bottom: &BigInt) -> BigInt {
    let is_negative = (top.sign() == Sign::Minus) != (bottom.sign() == Sign::Minus);
    let (top, bottom) = (top.magnitude(), bottom.magnitude());
    let (mut whole, rest) = (top / bottom, top % bottom);
    let twice = rest * 2_u32;
    let is_odd = whole.bit(0);
    if twice > *bottom || (twice == *bottom && is_odd) {
        whole += 1_u32;
    }
    BigInt::from_biguint(if is_negative { Sign::Minus } else { Sign::Plus }, whole)
}

/// Adds up what the items bring that `filter` lets through.
pub(super) async fn sum(
    conn: &impl ConnectionTrait,
    filter: &ContractFilter,
    as_of: &AsOf,
    accounts: &Accounts,
) -> Result<Vec<Recurring>, DbErr> {
    let mut items = items(as_of, accounts);
    items.cond_where(matching(filter, as_of));
    let rows = conn.query_all(&added_up(items, None)).await?;
    rows.iter().map(recurring).collect()
}

/// The same of all items of each of `clients`.
pub(super) async fn sum_by_clients(
    conn: &impl ConnectionTrait,
    clients: &[Uuid],
    as_of: &AsOf,
    accounts: &Accounts,
) -> Result<HashMap<Uuid, Vec<Recurring>>, DbErr> {
    use client_link::{Column as Link, Entity as Links};
    let mut items = items(as_of, accounts);
    items
        .expr_as(Expr::col((Links, Link::ClientId)), Alias::new("client_id"))
        .inner_join(Links, bills_its_customer())
        .and_where(Expr::col((Links, Link::ClientId)).is_in(clients.iter().copied()));
    let mut by_client: HashMap<Uuid, Vec<Recurring>> = HashMap::new();
    for row in conn.query_all(&added_up(items, Some("client_id"))).await? {
        let client: Uuid = row.try_get("", "client_id")?;
        by_client.entry(client).or_default().push(recurring(&row)?);
    }
    Ok(by_client)
}

/// In the order of the index that holds all of it.
const COLUMNS: [&str; 4] = ["integration_id", "basis", "currency", "denominator"];

/// What brings something at the end of the day. Invoices tell only where they make contracts.
fn items(as_of: &AsOf, accounts: &Accounts) -> SelectStatement {
    let end = || as_of.end(&own(Column::IntegrationId));
    let mut items = Query::select();
    items
        .from(Entity)
        .and_where(own(Column::UntilAt).gte(end()))
        .and_where(own(Column::FromAt).lt(end()))
        .and_where(own(Column::Numerator).ne(0_i64));
    let without = accounts.without_invoices();
    if !without.is_empty() {
        let is_told_by_them = own(Column::Basis)
            .eq(RevenueBasis::Invoice)
            .and(own(Column::IntegrationId).is_in(without));
        items.and_where(is_told_by_them.not());
    }
    for column in [
        Column::IntegrationId,
        Column::Currency,
        Column::Basis,
        Column::Denominator,
        Column::Numerator,
    ] {
        items.column((Entity, column));
    }
    items
}

fn added_up(items: SelectStatement, by: Option<&'static str>) -> SelectStatement {
    let mut sums = Query::select();
    sums.from_subquery(items, Alias::new("items"));
    for column in COLUMNS.into_iter().chain(by) {
        sums.column(Alias::new(column)).group_by_col(Alias::new(column));
    }
    add_in_parts(&mut sums, "numerator");
    sums
}

fn recurring(row: &QueryResult) -> Result<Recurring, DbErr> {
    Ok(Recurring {
        integration_id: row.try_get("", "integration_id")?,
        currency: row.try_get("", "currency")?,
        basis: row.try_get("", "basis")?,
        numerator: in_parts(row, "numerator")?,
        denominator: row.try_get("", "denominator")?,
    })
}

/// What can be said of an item itself is; for anything else one of its contracts has to match.
fn matching(filter: &ContractFilter, as_of: &AsOf) -> Condition {
    let currencies = filter.currency.as_ref();
    let own_conditions = Condition::all()
        .add_option(filter.integration_id.map(|id| own(Column::IntegrationId).eq(id)))
        .add_option(
            filter
                .stripe_customer_id
                .as_ref()
                .map(|id| own(Column::StripeCustomerId).eq(id.as_str())),
        )
        .add_option(currencies.map(|codes| own(Column::Currency).is_in(codes.iter().map(String::as_str))))
        .add_option(filter.client_id.map(is_of_client))
        .add_option(filter.product_id.map(is_of_product));
    if filter.is_of_revenue() {
        return own_conditions;
    }
    let mut contracts = filtered(filter, as_of).into_query();
    contracts.clear_selects();
    let contract = |column| Expr::col((contract::Entity, column));
    let bills = own(Column::IntegrationId)
        .eq(contract(contract::Column::IntegrationId))
        .and(contract(contract::Column::StripeSubscriptionId).eq(own(Column::SourceId)));
    let is_it = own(Column::IntegrationId)
        .eq(contract(contract::Column::IntegrationId))
        .and(contract(contract::Column::StripeId).eq(own(Column::SourceId)));
    let of = |mut query: SelectStatement, condition: SimpleExpr| {
        Expr::exists(query.expr(Expr::val(1)).and_where(condition).to_owned())
    };
    own_conditions.add(of(contracts.clone(), bills).or(of(contracts, is_it)))
}

fn is_of_client(client_id: Uuid) -> SimpleExpr {
    use client_link::{Column as Link, Entity as Links};
    let mut links = Query::select();
    links
        .expr(Expr::val(1))
        .from(Links)
        .and_where(bills_its_customer())
        .and_where(Expr::col((Links, Link::ClientId)).eq(client_id));
    Expr::exists(links)
}

fn is_of_product(product_id: Uuid) -> SimpleExpr {
    use product::{Column as Product, Entity as Products};
    let mut products = Query::select();
    products
        .expr(Expr::val(1))
        .from(Products)
        .and_where(Expr::col((Products, Product::Id)).eq(product_id))
        .and_where(Expr::col((Products, Product::IntegrationId)).eq(own(Column::IntegrationId)))
        .and_where(Expr::col((Products, Product::StripeId)).eq(own(Column::StripeProductId)));
    Expr::exists(products)
}

/// A link of the customer that the item bills.
fn bills_its_customer() -> SimpleExpr {
    use client_link::{Column as Link, Entity as Links};
    Expr::col((Links, Link::IntegrationId))
        .eq(own(Column::IntegrationId))
        .and(Expr::col((Links, Link::StripeCustomerId)).eq(own(Column::StripeCustomerId)))
}

fn own(column: Column) -> SimpleExpr {
    Expr::col((Entity, column))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twelfths_are_rounded_once() {
        let mut monthly = Monthly::default();
        for _ in 0..12 {
            monthly.add(1_000, 12);
        }
        assert_eq!((monthly.times(1), monthly.times(12)), (1_000, 12_000));
    }

    #[test]
    fn halves_go_to_the_even_number() {
        for (top, bottom, expected) in [
            (1, 2, 0),
            (3, 2, 2),
            (-1, 2, 0),
            (-3, 2, -2),
            (5, -2, -2),
            (7, 3, 2),
            (8, 3, 3),
        ] {
            let rounded = half_even(&BigInt::from(top), &BigInt::from(bottom));
            assert_eq!(rounded, BigInt::from(expected), "{top}/{bottom}");
        }
    }
}
