//! What contracts come to, added up in the database: each amount once.

use std::collections::HashMap;

use entity::contract::{Column, Entity};
use entity::kind::{ContractSource, TerminationReason};
use entity::{client_link, contract_line, product};
use num_bigint::BigInt;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Func, Query, SelectStatement, SimpleExpr};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, QueryResult, QueryTrait};
use uuid::Uuid;

use super::as_of::{Accounts, AsOf};
use super::dated::counts_toward_total;
use super::filter::{ContractFilter, filtered};
use super::links_its_customer;
use super::parts::{add_in_parts, in_parts, whole};
use super::recurring::half_even;

/// What contracts of one integration and currency come to, minor units.
#[derive(Debug, Clone)]
#[expect(clippy::struct_field_names, reason = "`total` is the contract's word")]
pub(super) struct Total {
    pub(super) integration_id: Uuid,
    pub(super) currency: String,
    pub(super) contracts: i64,
    pub(super) total: i128,
    pub(super) net: i128,
    /// Paid back without a credit note.
    pub(super) refunded: i128,
}

const AMOUNTS: [&str; 3] = ["total", "net", "refunded"];

/// Adds up the contracts that `filter` lets through.
pub(super) async fn sum(
    conn: &impl ConnectionTrait,
    filter: &ContractFilter,
    as_of: &AsOf,
    accounts: &Accounts,
) -> Result<Vec<Total>, DbErr> {
    if let Some(product) = filter.product_id {
        return sum_of_product(conn, (filter, product), as_of, accounts).await;
    }
    let mut counted = filtered(filter, as_of).into_query();
    counted.clear_selects();
    count(&mut counted, as_of, accounts);
    let rows = conn.query_all(&added_up(counted, None)).await?;
    rows.iter().map(total).collect()
}

/// The same of all contracts of each of `clients`.
pub(super) async fn sum_by_clients(
    conn: &impl ConnectionTrait,
    clients: &[Uuid],
    as_of: &AsOf,
    accounts: &Accounts,
) -> Result<HashMap<Uuid, Vec<Total>>, DbErr> {
    use client_link::{Column as Link, Entity as Links};
    let mut counted = filtered(&ContractFilter::default(), as_of).into_query();
    counted.clear_selects();
    counted
        .expr_as(Expr::col((Links, Link::ClientId)), Alias::new("client_id"))
        .inner_join(Links, links_its_customer())
        .and_where(Expr::col((Links, Link::ClientId)).is_in(clients.iter().copied()));
    count(&mut counted, as_of, accounts);
    let mut by_client: HashMap<Uuid, Vec<Total>> = HashMap::new();
    for row in conn.query_all(&added_up(counted, Some("client_id"))).await? {
        let client: Uuid = row.try_get("", "client_id")?;
        by_client.entry(client).or_default().push(total(&row)?);
    }
    Ok(by_client)
}

/// What the invoice contracts of an integration come to by the month they were booked in (`2026-11`) and currency: the net, without what
/// was reversed.
pub async fn sum_by_month(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
) -> Result<Vec<(String, String, i128)>, DbErr> {
    let month = || Expr::cust("substr(CAST(booking_date AS text), 1, 7)");
    let is_reversed = Column::FixedReason
        .is_not_null()
        .and(Column::FixedReason.eq(TerminationReason::Reversed));
    let mut sums = Query::select();
    sums.from(Entity)
        .expr_as(month(), Alias::new("month"))
        .column(Column::Currency)
        .and_where(Column::IntegrationId.eq(integration_id))
        .and_where(Column::Source.eq(ContractSource::Invoice))
        .and_where(is_reversed.not())
        .add_group_by([month(), Column::Currency.into_expr()]);
    add_in_parts(&mut sums, "net");
    let rows = conn.query_all(&sums).await?;
    let sum = |row: &QueryResult| {
        Ok((
            row.try_get("", "month")?,
            row.try_get("", "currency")?,
            in_parts(row, "net")?,
        ))
    };
    rows.iter().map(sum).collect()
}

/// What counts of each contract that counts.
fn count(contracts: &mut SelectStatement, as_of: &AsOf, accounts: &Accounts) {
    contracts
        .cond_where(counts_toward_total(as_of, accounts))
        .expr_as(Column::IntegrationId.into_expr(), Alias::new("integration_id"))
        .expr_as(Column::Currency.into_expr(), Alias::new("currency"))
        .expr_as(Expr::val(1_i64), Alias::new("counted"))
        .expr_as(Column::Total.into_expr(), Alias::new("total"))
        .expr_as(Column::Net.into_expr(), Alias::new("net"))
        .expr_as(Column::Refunded.into_expr(), Alias::new("refunded"));
}

fn added_up(counted: SelectStatement, by: Option<&'static str>) -> SelectStatement {
    let mut sums = Query::select();
    sums.from_subquery(counted, Alias::new("contracts"))
        .expr_as(whole(Expr::col(Alias::new("counted"))), Alias::new("counted"));
    for column in ["integration_id", "currency"].into_iter().chain(by) {
        sums.column(Alias::new(column)).group_by_col(Alias::new(column));
    }
    for name in AMOUNTS {
        add_in_parts(&mut sums, name);
    }
    sums
}

fn total(row: &QueryResult) -> Result<Total, DbErr> {
    Ok(Total {
        integration_id: row.try_get("", "integration_id")?,
        currency: row.try_get("", "currency")?,
        contracts: row.try_get("", "counted")?,
        total: in_parts(row, "total")?,
        net: in_parts(row, "net")?,
        refunded: in_parts(row, "refunded")?,
    })
}

/// What the lines of one product come to; of a contract that was credited or paid back in part their share of that.
async fn sum_of_product(
    conn: &impl ConnectionTrait,
    (filter, product): (&ContractFilter, Uuid),
    as_of: &AsOf,
    accounts: &Accounts,
) -> Result<Vec<Total>, DbErr> {
    let of_lines = || Expr::col((Alias::new("lines"), Alias::new("net")));
    let mut counted = filtered(filter, as_of).into_query();
    counted.clear_selects();
    counted
        .join_subquery(
            sea_orm::sea_query::JoinType::InnerJoin,
            lines_of(product),
            Alias::new("lines"),
            Expr::col((Alias::new("lines"), Alias::new("contract_id"))).eq(Column::Id.into_expr()),
        )
        .cond_where(counts_toward_total(as_of, accounts))
        .expr_as(Column::IntegrationId.into_expr(), Alias::new("integration_id"))
        .expr_as(Column::Currency.into_expr(), Alias::new("currency"));
    // Nothing of it was credited or paid back.
    let is_whole = Column::Net
        .into_expr()
        .eq(Column::Total.into_expr())
        .and(Column::Refunded.into_expr().eq(0_i64));
    let mut whole_ones = counted.clone();
    whole_ones
        .and_where(is_whole.clone())
        .expr_as(Expr::val(0_i64), Alias::new("refunded"))
        .expr_as(Expr::val(1_i64), Alias::new("counted"))
        .expr_as(of_lines(), Alias::new("total"))
        .expr_as(of_lines(), Alias::new("net"));
    let rows = conn.query_all(&added_up(whole_ones, None)).await?;
    let mut totals: Vec<Total> = rows.iter().map(total).collect::<Result<_, _>>()?;
    counted
        .and_where(is_whole.not())
        .expr_as(of_lines(), Alias::new("lines_net"))
        .expr_as(Column::Total.into_expr(), Alias::new("total"))
        .expr_as(Column::Net.into_expr(), Alias::new("net"))
        .expr_as(Column::Refunded.into_expr(), Alias::new("refunded"));
    for row in conn.query_all(&counted).await? {
        totals.push(credited(&row)?);
    }
    Ok(totals)
}

fn lines_of(product: Uuid) -> SelectStatement {
    use contract_line::{Column as Line, Entity as Lines};
    use product::{Column as Product, Entity as Products};
    let mut lines = Query::select();
    lines
        .from(Lines)
        .inner_join(
            Products,
            Expr::col((Products, Product::IntegrationId))
                .equals((Lines, Line::IntegrationId))
                .and(Expr::col((Products, Product::StripeId)).equals((Lines, Line::StripeProductId))),
        )
        .and_where(Expr::col((Products, Product::Id)).eq(product))
        .column((Lines, Line::ContractId))
        .expr_as(
            SimpleExpr::from(Func::sum(Expr::col((Lines, Line::Net)))).cast_as("bigint"),
            Alias::new("net"),
        )
        .group_by_col((Lines, Line::ContractId));
    lines
}

fn credited(row: &QueryResult) -> Result<Total, DbErr> {
    let amount = |name: &str| row.try_get::<i64>("", name);
    let (lines, total) = (amount("lines_net")?, amount("total")?);
    let share = |of: i64| {
        let share = half_even(&(BigInt::from(lines) * of), &BigInt::from(total));
        i128::try_from(share).unwrap_or_default()
    };
    // What comes to nothing has no shares.
    let share = |of: i64| if total == 0 { 0 } else { share(of) };
    Ok(Total {
        integration_id: row.try_get("", "integration_id")?,
        currency: row.try_get("", "currency")?,
        contracts: 1,
        total: i128::from(lines),
        net: share(amount("net")?),
        refunded: share(amount("refunded")?),
    })
}
