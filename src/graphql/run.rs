//! Runs.

use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};
use entity::kind::Scope;
use entity::list;
use entity::run::Model;

use super::connection::{connection, page_args, row_of};
use super::id::IdType;
use super::integration::Integration;
use super::loader::UserKey;
use super::money::{DateTimeRange, Money};
use super::problem::{UserError, settle};
use super::scalar::{Date, DateTime};
use super::stripe::integration_of;
use super::sync_error::SyncErrorConnection;
use super::sync_object::SyncObject;
use super::{ContextExt, Fault, User};
use crate::error::Error;
use crate::store;
use crate::store::page::{Listing, Sorted};

/// One piece of pulling work.
#[derive(Debug, Clone)]
pub(super) struct Run(pub Model);

/// What a run does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::kind::RunKind")]
pub(super) enum RunKind {
    Import,
    Backfill,
    CatchUp,
    Reconcile,
    Remap,
    Retry,
}

/// What made a run start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::kind::RunTrigger")]
pub(super) enum RunTrigger {
    Manual,
    Schedule,
    Event,
    Startup,
}

/// Where a run, or one phase of it, is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::kind::RunState")]
pub(super) enum RunState {
    Queued,
    Running,
    Canceling,
    Succeeded,
    Partial,
    Failed,
    Canceled,
}

#[Object]
impl Run {
    pub(super) async fn id(&self) -> ID {
        IdType::Run.encode(self.0.id)
    }

    async fn integration(&self, ctx: &Context<'_>) -> Result<Integration, Fault> {
        Ok(integration_of(ctx, self.0.integration_id)
            .await?
            .map(Integration)
            .ok_or(Error::NotFound)?)
    }

    async fn kind(&self) -> RunKind {
        self.0.kind.into()
    }

    async fn trigger(&self) -> RunTrigger {
        self.0.trigger.into()
    }

    async fn state(&self) -> RunState {
        self.0.state.into()
    }

    async fn started_by(&self, ctx: &Context<'_>) -> Result<Option<User>, Fault> {
        let Some(id) = self.0.started_by else { return Ok(None) };
        Ok(ctx.rows()?.load_one(UserKey(id)).await?.map(User))
    }

    async fn queued_at(&self) -> DateTime {
        DateTime::from_ms(self.0.queued_at)
    }

    async fn started_at(&self) -> Option<DateTime> {
        self.0.started_at.map(DateTime::from_ms)
    }

    async fn finished_at(&self) -> Option<DateTime> {
        self.0.finished_at.map(DateTime::from_ms)
    }

    async fn phases(&self, ctx: &Context<'_>) -> Result<Vec<RunPhase>, Fault> {
        // What has ended takes no longer.
        let now_ms = self.0.finished_at.is_none().then_some(ctx.app()?.clock.now_ms());
        let compares = self.0.kind == entity::kind::RunKind::Reconcile;
        Ok(self
            .0
            .phases
            .0
            .iter()
            .map(|phase| RunPhase::of(phase, compares, now_ms))
            .collect())
    }

    /// Requests sent to Stripe by this run.
    async fn stripe_requests(&self) -> i32 {
        i32::try_from(self.0.stripe_requests).unwrap_or(i32::MAX)
    }

    /// Records that differed from Stripe; RECONCILE only.
    async fn drift(&self) -> Option<i32> {
        self.0.drift.map(|drift| i32::try_from(drift).unwrap_or(i32::MAX))
    }

    /// What invoice contracts come to by the month they were booked in and currency, beside what Stripe's own invoices and credit notes come
    /// to, worked out apart from the contracts. RECONCILE only; null until it has ended, and where it did not compare them.
    async fn monthly_sums(&self) -> Option<Vec<MonthlySum>> {
        let sums = self.0.monthly_sums.as_ref()?;
        Some(sums.0.iter().map(MonthlySum::of).collect())
    }

    async fn failure_code(&self) -> Option<&str> {
        self.0.failure_code.as_deref()
    }

    async fn failure_message(&self) -> Option<&str> {
        self.0.failure_message.as_deref()
    }

    async fn errors(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<SyncErrorConnection, Fault> {
        let filter = store::sync_error::SyncErrorFilter {
            run_id: Some(self.0.id),
            ..Default::default()
        };
        SyncErrorConnection::read(ctx, page_args(first, after, last, before), filter).await
    }
}

/// What the invoice contracts of one month and currency come to.
#[derive(Debug, SimpleObject)]
struct MonthlySum {
    /// The first day of the month.
    month: Date,
    /// ISO 4217 code, upper case.
    currency: String,
    /// Here: the sum of the contracts' net.
    net: Money,
    /// By Stripe's paid invoices without tax, less the credit notes that are not void.
    stripe_net: Money,
    /// stripeNet less net: 0 when they agree.
    difference: Money,
}

impl MonthlySum {
    fn of(sum: &list::MonthlySum) -> Self {
        let money = |minor| Money::new(minor, &sum.currency);
        Self {
            month: Date(sum.month),
            currency: sum.currency.clone(),
            net: money(sum.net),
            stripe_net: money(sum.stripe_net),
            difference: money(sum.difference),
        }
    }
}

/// seen = created + updated + unchanged + skipped + failed once the phase has ended. `fraction` 0..1 is by time span covered.
#[derive(Debug, SimpleObject)]
struct RunPhase {
    object: SyncObject,
    state: RunState,
    fraction: f64,
    seen: i32,
    created: i32,
    updated: i32,
    unchanged: i32,
    skipped: i32,
    failed: i32,
    /// Records that differed from Stripe; RECONCILE only.
    drift: Option<i32>,
    eta_seconds: Option<i32>,
}

impl RunPhase {
    fn of(phase: &list::RunPhase, compares: bool, now_ms: Option<i64>) -> Self {
        let count = |count: u64| i32::try_from(count).unwrap_or(i32::MAX);
        Self {
            object: phase.object.into(),
            state: phase.state.into(),
            fraction: f64::from(phase.done_permille) / 1000.0,
            seen: count(phase.seen),
            created: count(phase.created),
            updated: count(phase.updated),
            unchanged: count(phase.unchanged),
            skipped: count(phase.skipped),
            failed: count(phase.failed),
            drift: compares.then(|| count(phase.created + phase.updated + phase.remapped)),
            eta_seconds: now_ms.and_then(|now_ms| eta_seconds(phase, now_ms)),
        }
    }
}

/// What is left takes as long as what is done took, by the time span covered.
fn eta_seconds(phase: &list::RunPhase, now_ms: i64) -> Option<i32> {
    let done = i64::from(phase.done_permille);
    if phase.state != entity::kind::RunState::Running || done == 0 {
        return None;
    }
    let took_ms = (now_ms - phase.started_at?).max(0);
    i32::try_from(took_ms.saturating_mul(1000 - done) / done / 1000).ok()
}

/// Filters combine with AND; a list inside one filter is OR.
#[derive(InputObject)]
struct RunFilter {
    integration_id: Option<ID>,
    kind: Option<Vec<RunKind>>,
    state: Option<Vec<RunState>>,
    trigger: Option<Vec<RunTrigger>>,
    queued_at: Option<DateTimeRange>,
}

impl RunFilter {
    fn rows(self) -> Result<store::run::RunFilter, Error> {
        Ok(store::run::RunFilter {
            integration_id: row_of(IdType::Integration, self.integration_id, "integrationId")?,
            kind: self.kind.map(|kinds| kinds.into_iter().map(Into::into).collect()),
            state: self.state.map(|states| states.into_iter().map(Into::into).collect()),
            trigger: self
                .trigger
                .map(|triggers| triggers.into_iter().map(Into::into).collect()),
            queued_at: self.queued_at.map(Into::into),
        })
    }
}

connection!(RunConnection, RunEdge, Run, Model, store::run::RunFilter, count);

async fn count(ctx: &Context<'_>, filter: &store::run::RunFilter) -> Result<u64, Fault> {
    Ok(store::run::count(ctx.app()?.db.read(), filter).await?)
}

/// What became of a wish for a run.
#[derive(Debug, SimpleObject)]
pub(super) struct RunPayload {
    run: Option<Run>,
    user_errors: Vec<UserError>,
}

impl RunPayload {
    pub(super) fn of(result: Result<Model, Error>) -> Result<Self, Fault> {
        let (run, user_errors) = settle(result)?;
        Ok(Self {
            run: run.map(Run),
            user_errors,
        })
    }
}

/// The queries of this noun.
#[derive(Default)]
pub(super) struct RunQuery;

#[Object]
impl RunQuery {
    async fn runs(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<RunFilter>,
    ) -> Result<RunConnection, Fault> {
        ctx.require(Scope::Read)?;
        let filter = filter.map(RunFilter::rows).transpose()?.unwrap_or_default();
        let window = page_args(first, after, last, before).check(Listing::new(
            "runs",
            "QUEUED_AT",
            Sorted::Number,
            false,
            &filter,
        ))?;
        let page = store::run::list(ctx.app()?.db.read(), &filter, &window).await?;
        Ok(RunConnection::of(page, &window, filter, store::run::place))
    }
}
