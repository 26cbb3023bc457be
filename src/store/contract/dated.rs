//! What of a contract depends on the day that it is asked for. The one place that says so; SQLite and PostgreSQL read the same.

use chrono::NaiveDate;
use entity::contract::{Column, Entity, Model};
use entity::integration;
use entity::kind::{ContractSource, ContractStatus, TerminationReason};
use entity::subscription_state::{Column as State, Entity as States};
use sea_orm::sea_query::{Alias, CaseStatement, Expr, ExprTrait, Func, IntoIden, Query, SelectStatement, SimpleExpr};
use sea_orm::{Condition, DbErr, FromQueryResult, QueryResult, QuerySelect, Select, SelectModel, Selector};
use uuid::Uuid;

use super::as_of::{Accounts, AsOf};

/// A contract on one day.
#[derive(Debug, Clone)]
pub struct Dated {
    /// The contract.
    pub row: Model,
    /// Where it is in its life on that day.
    pub status: ContractStatus,
    /// Its recurring revenue is not that of another contract, and its source is on.
    pub counts_toward_recurring: bool,
    /// The day, where somebody asked for one; `None` = today.
    pub as_of: Option<NaiveDate>,
}

const DAY_SECONDS: i64 = 86_400;
const AS_OF: &str = "as_of";
const STATUS: &str = "status_on_day";
const COUNTS: &str = "counts_toward_recurring";

impl FromQueryResult for Dated {
    fn from_query_result(found: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        Ok(Self {
            row: Model::from_query_result(found, prefix)?,
            status: found.try_get(prefix, STATUS)?,
            counts_toward_recurring: found.try_get(prefix, COUNTS)?,
            as_of: found
                .try_get::<Option<String>>(prefix, AS_OF)?
                .and_then(|day| day.parse().ok()),
        })
    }
}

/// `rows` with what they are on a day.
pub(super) fn on(rows: Select<Entity>, as_of: &AsOf) -> Selector<SelectModel<Dated>> {
    rows.expr_as(status(as_of), STATUS)
        .expr_as(counts_toward_recurring(), COUNTS)
        .expr_as(Expr::val(as_of.asked.map(|day| day.to_string())), AS_OF)
        .into_model()
}

/// The status. Where no day decides it, it is stored; else the term does: before it, in it, and after it by what came next. What is
/// past its term with nothing behind it is what its subscription says.
pub(super) fn status(as_of: &AsOf) -> SimpleExpr {
    let day = || as_of.day(&own(Column::IntegrationId));
    let has_ended = || {
        own(Column::TerminatedDate)
            .is_null()
            .or(own(Column::TerminatedDate).lte(day()))
    };
    let is_fixed = own(Column::FixedStatus).is_not_null().and(has_ended());
    CaseStatement::new()
        .case(
            own(Column::Source).eq(ContractSource::Subscription),
            of_subscription(as_of),
        )
        .case(is_fixed, own(Column::FixedStatus))
        .case(own(Column::TermStart).gt(day()), ContractStatus::Booked)
        .case(own(Column::LeftOn).lte(day()), own(Column::LeftAs))
        .case(is_in_term(&day()), ContractStatus::Active)
        .case(own(Column::Recurs).eq(false), ContractStatus::Ended)
        .case(own(Column::RenewedBy).is_not_null(), ContractStatus::Ended)
        .finally(past_its_term(as_of))
        .into()
}

/// The term has not ended. One that ends on the day it starts is that day.
fn is_in_term(day: &SimpleExpr) -> SimpleExpr {
    own(Column::TermEnd)
        .gt(day.clone())
        .or(own(Column::TermStart).eq(day.clone()))
}

/// Today a subscription's status is stored; on days before it is what it was then, and before it was seen here it is told by its dates.
fn of_subscription(as_of: &AsOf) -> SimpleExpr {
    if as_of.asked.is_none() {
        return own(Column::FixedStatus);
    }
    let day = || as_of.day(&own(Column::IntegrationId));
    let by_dates = CaseStatement::new()
        .case(own(Column::TerminatedDate).lte(day()), ContractStatus::Churned)
        .case(own(Column::BookingDate).gt(day()), ContractStatus::Booked)
        .finally(ContractStatus::Active);
    let mut then = state(as_of, Column::StripeId);
    then.column((States, State::Status));
    Func::coalesce([SimpleExpr::SubQuery(None, Box::new(then.into())), by_dates.into()]).into()
}

/// A subscription whose period runs has renewed its invoice, or is about to: within a day after the period Stripe tells what became of it.
fn past_its_term(as_of: &AsOf) -> SimpleExpr {
    let end = as_of.end(&own(Column::IntegrationId));
    let state_of = |column| Expr::col((States, column));
    let runs = state_of(State::PeriodUntil)
        .is_null()
        .or(state_of(State::PeriodUntil).add(DAY_SECONDS).gte(end))
        .or(state_of(State::InvoiceStatus).ne(ContractStatus::Ended));
    let said = CaseStatement::new()
        .case(runs, state_of(State::InvoiceStatus))
        .finally(ContractStatus::Overdue);
    let mut asked = state(as_of, Column::StripeSubscriptionId);
    let said: SimpleExpr = said.into();
    asked.expr(said);
    let day = as_of.day(&own(Column::IntegrationId));
    let unknown = CaseStatement::new()
        .case(own(Column::TerminatedDate).lte(day), ContractStatus::Churned)
        .finally(ContractStatus::Overdue);
    Func::coalesce([SimpleExpr::SubQuery(None, Box::new(asked.into())), unknown.into()]).into()
}

/// Where the subscription stood at the end of the day whose Stripe id is in `column`.
fn state(as_of: &AsOf, column: Column) -> SelectStatement {
    let end = || as_of.end(&own(Column::IntegrationId));
    let state_of = |column| Expr::col((States, column));
    let mut query = Query::select();
    query
        .from(States)
        .and_where(state_of(State::IntegrationId).eq(own(Column::IntegrationId)))
        .and_where(state_of(State::StripeId).eq(own(column)))
        .and_where(state_of(State::FromAt).lt(end()))
        .and_where(state_of(State::UntilAt).gte(end()));
    query
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

/// Its amounts are added to totals: those of invoices, and of subscriptions only where invoices are no source. Not what was reversed, nor
/// subscriptions that have not begun or never did; on a day that somebody asked for, what was booked by then.
pub(super) fn counts_toward_total(as_of: &AsOf, accounts: &Accounts) -> Condition {
    let day = || as_of.day(&own(Column::IntegrationId));
    let of = |source: ContractSource, accounts: Vec<Uuid>| {
        Condition::all()
            .add(own(Column::Source).eq(source))
            .add(own(Column::IntegrationId).is_in(accounts))
    };
    let is_kept = own(Column::FixedReason)
        .is_null()
        .or(own(Column::FixedReason).ne(TerminationReason::Reversed))
        .or(own(Column::TerminatedDate).gt(day()));
    let mut counts = Condition::any().add(of(ContractSource::Invoice, accounts.with_invoices()).add(is_kept));
    let by_subscriptions = accounts.with_subscriptions_alone();
    if !by_subscriptions.is_empty() {
        let has_begun = of_subscription(as_of).is_not_in([ContractStatus::Forecasted, ContractStatus::Lost]);
        counts = counts.add(of(ContractSource::Subscription, by_subscriptions).add(has_begun));
    }
    let booked = as_of.asked.map(|_day| own(Column::BookingDate).lte(day()));
    Condition::all().add(counts).add_option(booked)
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
