//! Reading contract lines.

use std::collections::HashMap;

use entity::contract_line::{Column, Entity, Model};
use entity::kind::LineKind;
use entity::product;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Query, SelectStatement, WindowStatement};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, PaginatorTrait, QueryFilter,
    QuerySelect, QueryTrait, Select,
};
use uuid::Uuid;

use super::page::{Key, Page, Place, Window};
use super::range::among;

/// Filters combine with AND; a list inside one is OR.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields are those of the API's filter")]
pub struct LineFilter {
    pub contract_id: Option<Uuid>,
    pub product_id: Option<Uuid>,
    pub kind: Option<Vec<LineKind>>,
}

/// Lines of one contract stand in Stripe's order; lines of several by their ids, which follow the order of import.
pub fn place(line: &Model, of_one_contract: bool) -> Place {
    let key = if of_one_contract {
        Key::Number(line.line_number.into())
    } else {
        Key::Number(0)
    };
    Place { key, id: line.id }
}

fn filtered(filter: &LineFilter) -> Select<Entity> {
    let conditions = Condition::all()
        .add_option(filter.contract_id.map(|id| Column::ContractId.eq(id)))
        .add_option(filter.product_id.map(|id| Expr::exists(of_product(id))))
        .add_option(among(Column::Kind, filter.kind.as_ref()));
    Entity::find().filter(conditions)
}

fn of_product(id: Uuid) -> SelectStatement {
    use product::{Column as Product, Entity as Products};
    let mut query = Query::select();
    query
        .expr(Expr::val(1))
        .from(Products)
        .and_where(Expr::col((Products, Product::Id)).eq(id))
        .and_where(Expr::col((Products, Product::IntegrationId)).equals((Entity, Column::IntegrationId)))
        .and_where(Expr::col((Products, Product::StripeId)).equals((Entity, Column::StripeProductId)));
    query
}

/// A page of lines.
pub async fn list(conn: &impl ConnectionTrait, filter: &LineFilter, window: &Window) -> Result<Page<Model>, DbErr> {
    let key = if filter.contract_id.is_some() {
        Column::LineNumber.into_expr()
    } else {
        Expr::val(0)
    };
    window.read(conn, filtered(filter), key, Column::Id.into_expr()).await
}

/// How many there are.
pub async fn count(conn: &impl ConnectionTrait, filter: &LineFilter) -> Result<u64, DbErr> {
    filtered(filter).count(conn).await
}

#[derive(Debug, FromQueryResult)]
struct Found {
    id: Uuid,
}

/// The same page of the lines of each of several contracts, in two statements however many there are.
pub async fn list_by_contracts(
    conn: &impl ConnectionTrait,
    contracts: &[Uuid],
    window: &Window,
) -> Result<HashMap<Uuid, Page<Model>>, DbErr> {
    let (number, id) = (Column::LineNumber.into_expr(), Column::Id.into_expr());
    let mut numbered = Entity::find()
        .filter(Column::ContractId.is_in(contracts.iter().copied()))
        .into_query();
    numbered.clear_selects();
    let mut of_contract = WindowStatement::partition_by((Entity, Column::ContractId));
    of_contract
        .order_by_expr(number.clone(), window.direction())
        .order_by_expr(id.clone(), window.direction());
    numbered.expr_as(id.clone(), Alias::new("id")).expr_window_as(
        Expr::cust("ROW_NUMBER()"),
        of_contract,
        Alias::new("place"),
    );
    if let Some(behind) = window.behind(&number, &id) {
        numbered.and_where(behind);
    }
    let found: Vec<Found> = super::first_of_each(conn, numbered, &["id"], window.limit()).await?;
    let mut by_id: HashMap<Uuid, Model> = HashMap::new();
    for found in found.chunks(super::CHUNK) {
        let rows = Entity::find().filter(Column::Id.is_in(found.iter().map(|row| row.id)));
        by_id.extend(rows.all(conn).await?.into_iter().map(|row| (row.id, row)));
    }
    let mut pages: HashMap<Uuid, Vec<Model>> = HashMap::new();
    for row in found.iter().filter_map(|row| by_id.remove(&row.id)) {
        pages.entry(row.contract_id).or_default().push(row);
    }
    Ok(pages
        .into_iter()
        .map(|(contract, rows)| (contract, window.page(rows)))
        .collect())
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

/// How many lines each of `contracts` has.
pub async fn count_by_contracts(conn: &impl ConnectionTrait, contracts: &[Uuid]) -> Result<HashMap<Uuid, u64>, DbErr> {
    let counts: Vec<(Uuid, i64)> = Entity::find()
        .select_only()
        .column(Column::ContractId)
        .column_as(Column::Id.count(), "lines")
        .filter(Column::ContractId.is_in(contracts.iter().copied()))
        .group_by(Column::ContractId)
        .into_tuple()
        .all(conn)
        .await?;
    Ok(counts
        .into_iter()
        .map(|(contract, count)| (contract, u64::try_from(count).unwrap_or(0)))
        .collect())
}
