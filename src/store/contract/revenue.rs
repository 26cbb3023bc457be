//! Revenue, added up in the database: one statement, each amount once.

use std::collections::HashMap;

use chrono::NaiveDate;
use entity::client_link;
use entity::contract::{Column, Entity};
use entity::kind::ContractSource;
use sea_orm::sea_query::{Alias, CaseStatement, Expr, ExprTrait, Order, Query, SelectStatement, SimpleExpr};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, QueryResult, QueryTrait};
use uuid::Uuid;

use super::dated::{counts_toward_recurring, counts_toward_total, is_active};
use super::filter::{ContractFilter, filtered};
use super::links_its_customer;

/// What contracts of one currency come to, minor units. A sum may be larger than any amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revenue {
    /// Upper case.
    pub currency: String,
    /// How many contracts `total` and `net` are of.
    pub contracts: i64,
    /// What they come to, without tax.
    pub total: i128,
    /// The same less what was credited.
    pub net: i128,
    /// What was paid back without a credit note.
    pub refunded: i128,
    /// Recurring a month.
    pub mrr: i128,
    /// Recurring a year.
    pub arr: i128,
}

/// Amounts are added up in two parts, neither of which can leave 64 bits: SQLite's sums end at an overflow.
const PART: i64 = 1 << 32;
const AMOUNTS: [&str; 5] = ["total", "net", "refunded", "mrr", "arr"];

/// Adds up the contracts that `filter` lets through, a row a currency.
pub async fn sum(
    conn: &impl ConnectionTrait,
    filter: &ContractFilter,
    today: NaiveDate,
) -> Result<Vec<Revenue>, DbErr> {
    let mut counted = filtered(filter, today).into_query();
    counted.clear_selects();
    count(&mut counted, today);
    let rows = conn.query_all(&added_up(counted, None)).await?;
    rows.iter().map(revenue).collect()
}

/// The same of all contracts of each of `clients`.
pub async fn sum_by_clients(
    conn: &impl ConnectionTrait,
    clients: &[Uuid],
    today: NaiveDate,
) -> Result<HashMap<Uuid, Vec<Revenue>>, DbErr> {
    use client_link::{Column as Link, Entity as Links};
    let mut counted = filtered(&ContractFilter::default(), today).into_query();
    counted.clear_selects();
    counted
        .expr_as(Expr::col((Links, Link::ClientId)), Alias::new("client_id"))
        .inner_join(Links, links_its_customer())
        .and_where(Expr::col((Links, Link::ClientId)).is_in(clients.iter().copied()));
    count(&mut counted, today);
    let mut by_client: HashMap<Uuid, Vec<Revenue>> = HashMap::new();
    for row in conn.query_all(&added_up(counted, Some("client_id"))).await? {
        let client: Uuid = row.try_get("", "client_id")?;
        by_client.entry(client).or_default().push(revenue(&row)?);
    }
    Ok(by_client)
}

/// What the invoice contracts of an integration come to by the month they were booked in (`2026-11`) and currency: the net.
pub async fn sum_by_month(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
) -> Result<Vec<(String, String, i128)>, DbErr> {
    let month = || Expr::cust("substr(CAST(booking_date AS text), 1, 7)");
    let mut sums = Query::select();
    sums.from(Entity)
        .expr_as(month(), Alias::new("month"))
        .column(Column::Currency)
        .and_where(Column::IntegrationId.eq(integration_id))
        .and_where(Column::Source.eq(ContractSource::Invoice))
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

/// What counts of each contract.
fn count(contracts: &mut SelectStatement, today: NaiveDate) {
    let recurring = || is_active(today).and(counts_toward_recurring());
    let amount = |counts, column: Column| or_nothing(counts, column.into_expr());
    contracts
        .expr_as(Column::Currency.into_expr(), Alias::new("currency"))
        .expr_as(
            or_nothing(counts_toward_total(), Expr::val(1_i64)),
            Alias::new("counted"),
        )
        .expr_as(amount(counts_toward_total(), Column::Total), Alias::new("total"))
        .expr_as(amount(counts_toward_total(), Column::Net), Alias::new("net"))
        .expr_as(amount(counts_toward_total(), Column::Refunded), Alias::new("refunded"))
        .expr_as(amount(recurring(), Column::Mrr), Alias::new("mrr"))
        .expr_as(amount(recurring(), Column::Arr), Alias::new("arr"));
}

fn or_nothing(counts: SimpleExpr, amount: SimpleExpr) -> SimpleExpr {
    CaseStatement::new().case(counts, amount).finally(0_i64).into()
}

fn added_up(counted: SelectStatement, by: Option<&'static str>) -> SelectStatement {
    let mut sums = Query::select();
    sums.from_subquery(counted, Alias::new("contracts"))
        .column(Alias::new("currency"))
        .expr_as(whole(Expr::col(Alias::new("counted"))), Alias::new("counted"))
        .group_by_col(Alias::new("currency"))
        .order_by(Alias::new("currency"), Order::Asc);
    for name in AMOUNTS {
        add_in_parts(&mut sums, name);
    }
    if let Some(by) = by {
        sums.column(Alias::new(by)).group_by_col(Alias::new(by));
    }
    sums
}

fn whole(of: SimpleExpr) -> SimpleExpr {
    of.sum().cast_as("bigint")
}

fn add_in_parts(sums: &mut SelectStatement, name: &str) {
    let column = || Expr::col(Alias::new(name));
    sums.expr_as(whole(column().div(PART)), Alias::new(format!("{name}_high")))
        .expr_as(whole(column().modulo(PART)), Alias::new(format!("{name}_low")));
}

fn in_parts(row: &QueryResult, name: &str) -> Result<i128, DbErr> {
    let high: i64 = row.try_get("", &format!("{name}_high"))?;
    let low: i64 = row.try_get("", &format!("{name}_low"))?;
    Ok(i128::from(high) * i128::from(PART) + i128::from(low))
}

fn revenue(row: &QueryResult) -> Result<Revenue, DbErr> {
    let amount = |name: &str| in_parts(row, name);
    Ok(Revenue {
        currency: row.try_get("", "currency")?,
        contracts: row.try_get("", "counted")?,
        total: amount("total")?,
        net: amount("net")?,
        refunded: amount("refunded")?,
        mrr: amount("mrr")?,
        arr: amount("arr")?,
    })
}
