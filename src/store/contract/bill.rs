//! The invoices of a subscription as far as it takes to say what they say together.

use std::collections::HashMap;

use chrono::NaiveDate;
use entity::contract::{Column, Entity, Model};
use entity::contract_line;
use entity::kind::{ContractSource, ContractStatus, LineKind, SpanKind};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, DerivePartialModel, EntityTrait, QueryFilter, QueryOrder,
};
use uuid::Uuid;

use crate::store::CHUNK;

/// An invoice contract.
#[derive(Debug, Clone, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
#[expect(missing_docs, reason = "the fields are those of the table")]
pub struct BillRow {
    pub id: Uuid,
    pub stripe_id: String,
    pub stripe_subscription_id: Option<String>,
    pub stripe_customer_id: Option<String>,
    pub currency: String,
    pub issued_at: i64,
    pub booking_date: NaiveDate,
    pub term_end: Option<NaiveDate>,
    pub fixed_status: Option<ContractStatus>,
    pub recurs: bool,
    pub renewal_from: Option<NaiveDate>,
    pub recurs_from: Option<NaiveDate>,
    pub left_on: Option<NaiveDate>,
    pub left_as: Option<ContractStatus>,
    pub removed_on: Option<NaiveDate>,
    pub renewed_by: Option<String>,
}

/// A line that says something about recurring revenue.
#[derive(Debug, Clone, DerivePartialModel)]
#[sea_orm(entity = "contract_line::Entity")]
#[expect(missing_docs, reason = "the fields are those of the table")]
pub struct BillLine {
    pub contract_id: Uuid,
    pub stripe_id: String,
    pub stripe_price_id: Option<String>,
    pub item_id: String,
    pub span: Option<SpanKind>,
    pub kind: LineKind,
    pub period_start: Option<i64>,
    pub period_end: Option<i64>,
    pub monthly_numerator: i64,
    pub monthly_denominator: i64,
    pub stripe_product_id: Option<String>,
}

/// What of an invoice contract follows from the other invoices of its subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of the table")]
pub struct Followed {
    pub left_on: Option<NaiveDate>,
    pub left_as: Option<ContractStatus>,
    pub removed_on: Option<NaiveDate>,
    pub renewed_by: Option<String>,
}

impl From<&Model> for BillRow {
    fn from(row: &Model) -> Self {
        Self {
            id: row.id,
            stripe_id: row.stripe_id.clone(),
            stripe_subscription_id: row.stripe_subscription_id.clone(),
            stripe_customer_id: row.stripe_customer_id.clone(),
            currency: row.currency.clone(),
            issued_at: row.issued_at,
            booking_date: row.booking_date,
            term_end: row.term_end,
            fixed_status: row.fixed_status,
            recurs: row.recurs,
            renewal_from: row.renewal_from,
            recurs_from: row.recurs_from,
            left_on: row.left_on,
            left_as: row.left_as,
            removed_on: row.removed_on,
            renewed_by: row.renewed_by.clone(),
        }
    }
}

impl From<&contract_line::Model> for BillLine {
    fn from(line: &contract_line::Model) -> Self {
        Self {
            contract_id: line.contract_id,
            stripe_id: line.stripe_id.clone(),
            stripe_price_id: line.stripe_price_id.clone(),
            item_id: line.item_id.clone(),
            span: line.span,
            kind: line.kind,
            period_start: line.period_start,
            period_end: line.period_end,
            monthly_numerator: line.monthly_numerator,
            monthly_denominator: line.monthly_denominator,
            stripe_product_id: line.stripe_product_id.clone(),
        }
    }
}

impl BillLine {
    /// Whether Stripe names the subscription item that it charges for.
    pub fn names_item(&self) -> bool {
        self.item_id != self.stripe_id && Some(&self.item_id) != self.stripe_price_id.as_ref()
    }
}

impl BillRow {
    /// The subscription that it bills; of one that bills none its own id.
    pub fn source_id(&self) -> &str {
        self.stripe_subscription_id.as_deref().unwrap_or(&self.stripe_id)
    }

    /// What follows for it from the others, as it is kept.
    pub fn followed(&self) -> Followed {
        Followed {
            left_on: self.left_on,
            left_as: self.left_as,
            removed_on: self.removed_on,
            renewed_by: self.renewed_by.clone(),
        }
    }
}

/// The invoice contracts of some subscriptions but for `known` ones.
pub async fn list_bills(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    subscriptions: Vec<&str>,
    known: &[Uuid],
) -> Result<Vec<BillRow>, DbErr> {
    let mut bills = Vec::new();
    for subscriptions in subscriptions.chunks(CHUNK) {
        let rows = Entity::find()
            .filter(Column::IntegrationId.eq(integration_id))
            .filter(Column::Source.eq(ContractSource::Invoice))
            .filter(Column::StripeSubscriptionId.is_in(subscriptions.iter().copied()));
        bills.extend(rows.into_partial_model::<BillRow>().all(conn).await?);
    }
    let known: std::collections::HashSet<&Uuid> = known.iter().collect();
    bills.retain(|bill| !known.contains(&bill.id));
    Ok(bills)
}

/// The lines of some contracts that say something about recurring revenue, in their order.
pub async fn list_bill_lines(
    conn: &impl ConnectionTrait,
    contracts: Vec<Uuid>,
) -> Result<HashMap<Uuid, Vec<BillLine>>, DbErr> {
    use contract_line::Column as Line;
    let mut lines: HashMap<Uuid, Vec<BillLine>> = HashMap::new();
    for contracts in contracts.chunks(CHUNK) {
        let telling = Condition::all()
            .add(Line::ContractId.is_in(contracts.iter().copied()))
            .add(Line::Span.is_not_null());
        let rows = contract_line::Entity::find()
            .filter(telling)
            .order_by_asc(Line::LineNumber);
        for line in rows.into_partial_model::<BillLine>().all(conn).await? {
            lines.entry(line.contract_id).or_default().push(line);
        }
    }
    Ok(lines)
}

/// Writes what follows for a contract from others.
pub async fn update_followed(conn: &impl ConnectionTrait, id: Uuid, followed: &Followed) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::LeftOn, Expr::value(followed.left_on))
        .col_expr(Column::LeftAs, Expr::value(followed.left_as))
        .col_expr(Column::RemovedOn, Expr::value(followed.removed_on))
        .col_expr(Column::RenewedBy, Expr::value(followed.renewed_by.clone()))
        .filter(Column::Id.eq(id))
        .exec(conn)
        .await?;
    Ok(())
}
