//! What of a contract depends on the day that it is asked for. The one place that says so; SQLite and PostgreSQL read the same.

use chrono::NaiveDate;
use entity::contract::{Column, Entity, Model};
use entity::integration;
use entity::kind::{ContractSource, ContractStatus};
use sea_orm::sea_query::{Alias, CaseStatement, DynIden, Expr, ExprTrait, IntoIden, Query, SimpleExpr};
use sea_orm::{DbErr, FromQueryResult, QueryResult, QuerySelect, Select, SelectModel, Selector};

/// A contract on one day.
#[derive(Debug, Clone)]
pub struct Dated {
    /// The contract.
    pub row: Model,
    /// Where it is in its life on that day.
    pub status: ContractStatus,
    /// Its recurring revenue is not that of another contract, and its source is on.
    pub counts_toward_recurring: bool,
}

const STATUS: &str = "status_on_day";
const COUNTS: &str = "counts_toward_recurring";

impl FromQueryResult for Dated {
    fn from_query_result(found: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        Ok(Self {
            row: Model::from_query_result(found, prefix)?,
            status: found.try_get(prefix, STATUS)?,
            counts_toward_recurring: found.try_get(prefix, COUNTS)?,
        })
    }
}

/// `rows` with what they are on a day.
pub(super) fn on(rows: Select<Entity>, today: NaiveDate) -> Selector<SelectModel<Dated>> {
    rows.expr_as(status(today), STATUS)
        .expr_as(counts_toward_recurring(), COUNTS)
        .into_model()
}

/// The status. Where no day decides it, it is stored; else the term does: before it, in it, and after it by what came next.
pub(super) fn status(today: NaiveDate) -> SimpleExpr {
    CaseStatement::new()
        .case(own(Column::FixedStatus).is_not_null(), own(Column::FixedStatus))
        .case(own(Column::TermStart).gt(today), ContractStatus::Booked)
        .case(is_in_term(today), ContractStatus::Active)
        .case(own(Column::Recurs).eq(false), ContractStatus::Ended)
        .case(is_renewed(), ContractStatus::Ended)
        .case(own(Column::TerminatedDate).lte(today), ContractStatus::Churned)
        .finally(ContractStatus::Overdue)
        .into()
}

/// The status is ACTIVE: the same as above, without asking what came next.
pub(super) fn is_active(today: NaiveDate) -> SimpleExpr {
    own(Column::FixedStatus)
        .eq(ContractStatus::Active)
        .or(own(Column::FixedStatus)
            .is_null()
            .and(own(Column::TermStart).lte(today))
            .and(is_in_term(today)))
}

/// The term has not ended. One that ends on the day it starts is that day.
fn is_in_term(today: NaiveDate) -> SimpleExpr {
    own(Column::TermEnd).gt(today).or(own(Column::TermStart).eq(today))
}

fn is_renewed() -> SimpleExpr {
    let renewal = Alias::new("renewal").into_iden();
    let mut query = Query::select();
    query
        .expr(Expr::val(1))
        .from_as(Entity, renewal.clone())
        .cond_where(renews(&Entity.into_iden(), &renewal));
    Expr::exists(query)
}

/// The contract `new` could renew the contract `old`; of several, the first does.
pub(super) fn renews(old: &DynIden, new: &DynIden) -> SimpleExpr {
    let (old, new) = (
        |column| Expr::col((old.clone(), column)),
        |column| Expr::col((new.clone(), column)),
    );
    new(Column::IntegrationId)
        .eq(old(Column::IntegrationId))
        .and(new(Column::StripeSubscriptionId).eq(old(Column::StripeSubscriptionId)))
        .and(new(Column::RecursFrom).gte(old(Column::RenewalFrom)))
        // Two of one day must not renew each other.
        .and(new(Column::RecursFrom).gt(old(Column::RecursFrom)))
        .and(new(Column::Source).eq(ContractSource::Invoice))
        .and(new(Column::Recurs).eq(true))
}

/// Its source is on, and it is not the invoice of a subscription whose contract counts.
pub(super) fn counts_toward_recurring() -> SimpleExpr {
    let is = |source: ContractSource| own(Column::Source).eq(source).and(has_source(source));
    is(ContractSource::Subscription).or(is(ContractSource::Invoice).and(
        has_source(ContractSource::Subscription)
            .and(has_subscription_contract())
            .not(),
    ))
}

/// Its amounts are added to totals: those of invoices, and of subscriptions only where invoices are no source.
pub(super) fn counts_toward_total() -> SimpleExpr {
    let is = |source: ContractSource| own(Column::Source).eq(source).and(has_source(source));
    is(ContractSource::Invoice).or(is(ContractSource::Subscription).and(has_source(ContractSource::Invoice).not()))
}

/// The settings of its integration let `source` make contracts now.
fn has_source(source: ContractSource) -> SimpleExpr {
    use integration::{Column as Integration, Entity as Integrations};
    let word = sea_orm::ActiveEnum::to_value(&source);
    let mut query = Query::select();
    query.column(Integration::Id).from(Integrations).and_where(
        Expr::col((Integrations, Integration::ContractSources))
            .cast_as("text")
            .like(format!("%\"{word}\"%")),
    );
    own(Column::IntegrationId).in_subquery(query)
}

fn has_subscription_contract() -> SimpleExpr {
    let subscription = Alias::new("subscription").into_iden();
    let its = |column| Expr::col((subscription.clone(), column));
    let mut query = Query::select();
    query
        .expr(Expr::val(1))
        .from_as(Entity, subscription.clone())
        .and_where(its(Column::IntegrationId).eq(own(Column::IntegrationId)))
        .and_where(its(Column::Source).eq(ContractSource::Subscription))
        .and_where(its(Column::StripeId).eq(own(Column::StripeSubscriptionId)));
    Expr::exists(query)
}

fn own(column: Column) -> SimpleExpr {
    Expr::col((Entity, column))
}
