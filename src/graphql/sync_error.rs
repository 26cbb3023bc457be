//! Objects that could not be imported.

use async_graphql::{Context, ID, InputObject, Object};
use entity::kind::Scope;
use entity::sync_error::Model;

use super::connection::{connection, page_args, row_of};
use super::id::IdType;
use super::loader::RunKey;
use super::run::Run;
use super::scalar::DateTime;
use super::source::StripeKind;
use super::{ContextExt, Fault};
use crate::error::Error;
use crate::store;
use crate::store::page::{Listing, PageArgs, Sorted};

/// An object that could not be imported.
#[derive(Debug, Clone)]
pub(super) struct SyncError(pub Model);

#[Object]
impl SyncError {
    pub(super) async fn id(&self) -> ID {
        IdType::SyncError.encode(self.0.id)
    }

    async fn run(&self, ctx: &Context<'_>) -> Result<Option<Run>, Fault> {
        let Some(id) = self.0.run_id else { return Ok(None) };
        Ok(ctx.rows()?.load_one(RunKey(id)).await?.map(Run))
    }

    async fn kind(&self) -> StripeKind {
        self.0.kind.into()
    }

    async fn stripe_id(&self) -> &str {
        &self.0.stripe_id
    }

    async fn code(&self) -> &str {
        &self.0.code
    }

    async fn message(&self) -> &str {
        &self.0.message
    }

    async fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    async fn attempts(&self) -> i32 {
        self.0.attempts
    }

    async fn first_at(&self) -> DateTime {
        DateTime::from_ms(self.0.first_at)
    }

    async fn last_at(&self) -> DateTime {
        DateTime::from_ms(self.0.last_at)
    }

    async fn next_retry_at(&self) -> Option<DateTime> {
        self.0.next_retry_at.map(DateTime::from_ms)
    }

    async fn resolved_at(&self) -> Option<DateTime> {
        self.0.resolved_at.map(DateTime::from_ms)
    }
}

/// Filters combine with AND; a list inside one filter is OR.
#[derive(InputObject)]
struct SyncErrorFilter {
    integration_id: Option<ID>,
    run_id: Option<ID>,
    kind: Option<Vec<StripeKind>>,
    code: Option<Vec<String>>,
    resolved: Option<bool>,
}

impl SyncErrorFilter {
    fn rows(self) -> Result<store::sync_error::SyncErrorFilter, Error> {
        Ok(store::sync_error::SyncErrorFilter {
            integration_id: row_of(IdType::Integration, self.integration_id, "integrationId")?,
            run_id: row_of(IdType::Run, self.run_id, "runId")?,
            kind: self.kind.map(|kinds| kinds.into_iter().map(Into::into).collect()),
            code: self.code,
            resolved: self.resolved,
        })
    }
}

connection!(
    SyncErrorConnection,
    SyncErrorEdge,
    SyncError,
    Model,
    store::sync_error::SyncErrorFilter,
    count
);

async fn count(ctx: &Context<'_>, filter: &store::sync_error::SyncErrorFilter) -> Result<u64, Fault> {
    Ok(store::sync_error::count(ctx.app()?.db.read(), filter).await?)
}

impl SyncErrorConnection {
    /// The page of `args`, the latest first.
    pub(super) async fn read(
        ctx: &Context<'_>,
        args: PageArgs,
        filter: store::sync_error::SyncErrorFilter,
    ) -> Result<Self, Fault> {
        let window = args.check(Listing::new("sync errors", "LAST_AT", Sorted::Number, false, &filter))?;
        ctx.rows()?.allow(&window)?;
        let page = store::sync_error::list(ctx.app()?.db.read(), &filter, &window).await?;
        Ok(Self::of(page, &window, filter, store::sync_error::place))
    }
}

/// The queries of this noun.
#[derive(Default)]
pub(super) struct SyncErrorQuery;

#[Object]
impl SyncErrorQuery {
    async fn sync_errors(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<SyncErrorFilter>,
    ) -> Result<SyncErrorConnection, Fault> {
        ctx.require(Scope::Read)?;
        let filter = filter.map(SyncErrorFilter::rows).transpose()?.unwrap_or_default();
        SyncErrorConnection::read(ctx, page_args(first, after, last, before), filter).await
    }
}
