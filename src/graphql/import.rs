//! Asking for runs, and calling one off.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object};
use entity::kind::{RunKind, Scope};
use entity::run;
use uuid::Uuid;

use super::id::IdType;
use super::run::RunPayload;
use super::source::StripeKind;
use super::sync_object::SyncObject;
use super::token::IdInput;
use super::{ContextExt, Fault};
use crate::account::Caller;
use crate::app::App;
use crate::error::{Error, Problem};
use crate::jobs::queue::retry::{self, RetryErrors};
use crate::jobs::queue::{self, StartRun};

#[derive(InputObject)]
struct StartImportInput {
    integration_id: ID,
    #[graphql(default_with = "vec![SyncObject::Customer, SyncObject::Product, SyncObject::Contract]")]
    objects: Vec<SyncObject>,
    idempotency_key: Option<String>,
}

#[derive(InputObject)]
struct StartRunInput {
    integration_id: ID,
    #[graphql(default_with = "vec![SyncObject::Customer, SyncObject::Product, SyncObject::Contract]")]
    objects: Vec<SyncObject>,
    idempotency_key: Option<String>,
}

impl From<StartImportInput> for StartRunInput {
    fn from(input: StartImportInput) -> Self {
        let StartImportInput {
            integration_id,
            objects,
            idempotency_key,
        } = input;
        Self {
            integration_id,
            objects,
            idempotency_key,
        }
    }
}

#[derive(InputObject)]
struct RetryErrorsInput {
    integration_id: ID,
    error_ids: Option<Vec<ID>>,
    code: Option<String>,
}

#[derive(InputObject)]
struct ResyncInput {
    integration_id: ID,
    kind: StripeKind,
    stripe_id: String,
}

/// The mutations of runs.
#[derive(Default)]
pub(super) struct ImportMutation;

#[Object]
impl ImportMutation {
    /// Queues customers, then products, then contracts (those asked for and not disabled) and returns at once.
    async fn start_import(&self, ctx: &Context<'_>, input: StartImportInput) -> Result<RunPayload, Fault> {
        let caller = ctx.require(Scope::RunSync)?;
        RunPayload::of(start(ctx.app()?, caller, RunKind::Import, input.into()).await)
    }

    /// After the lookback was widened: pulls just the gap.
    async fn start_backfill(&self, ctx: &Context<'_>, input: StartRunInput) -> Result<RunPayload, Fault> {
        let caller = ctx.require(Scope::RunSync)?;
        RunPayload::of(start(ctx.app()?, caller, RunKind::Backfill, input).await)
    }

    /// Compares everything in scope with Stripe, mends what differs, and reports the drift.
    async fn start_reconcile(&self, ctx: &Context<'_>, input: StartRunInput) -> Result<RunPayload, Fault> {
        let caller = ctx.require(Scope::RunSync)?;
        RunPayload::of(start(ctx.app()?, caller, RunKind::Reconcile, input).await)
    }

    /// Applies the saved mapping to what is already here. Sends Stripe nothing.
    async fn start_remap(&self, ctx: &Context<'_>, input: StartRunInput) -> Result<RunPayload, Fault> {
        let caller = ctx.require(Scope::RunSync)?;
        RunPayload::of(start(ctx.app()?, caller, RunKind::Remap, input).await)
    }

    /// Stops at the next page edge; what was imported stays. Calling it twice is harmless.
    async fn cancel_run(&self, ctx: &Context<'_>, input: IdInput) -> Result<RunPayload, Fault> {
        ctx.require(Scope::RunSync)?;
        RunPayload::of(cancel(ctx.app()?, &input.id).await)
    }

    /// Reads objects again that could not be imported: those of `errorIds` (250 at most), those of `code`, or all.
    async fn retry_errors(&self, ctx: &Context<'_>, input: RetryErrorsInput) -> Result<RunPayload, Fault> {
        let caller = ctx.require(Scope::RunSync)?;
        RunPayload::of(retry_errors(ctx.app()?, caller, input).await)
    }

    /// Fetches one object again now.
    async fn resync(&self, ctx: &Context<'_>, input: ResyncInput) -> Result<RunPayload, Fault> {
        let caller = ctx.require(Scope::RunSync)?;
        RunPayload::of(resync(ctx.app()?, caller, input).await)
    }
}

async fn start(app: &Arc<App>, caller: &Caller, kind: RunKind, input: StartRunInput) -> Result<run::Model, Error> {
    let wish = StartRun {
        kind,
        integration_id: integration_of(&input.integration_id)?,
        objects: input.objects.into_iter().map(Into::into).collect(),
        idempotency_key: input.idempotency_key,
        user_id: caller.user.id,
    };
    queue::start(app, wish).await
}

async fn retry_errors(app: &Arc<App>, caller: &Caller, input: RetryErrorsInput) -> Result<run::Model, Error> {
    let wish = RetryErrors {
        integration_id: integration_of(&input.integration_id)?,
        error_ids: input.error_ids.map(|ids| errors_of(&ids)).transpose()?,
        code: input.code,
        user_id: caller.user.id,
    };
    retry::retry_errors(app, wish).await
}

async fn resync(app: &Arc<App>, caller: &Caller, input: ResyncInput) -> Result<run::Model, Error> {
    let integration_id = integration_of(&input.integration_id)?;
    let key = (input.kind.into(), input.stripe_id);
    retry::resync(app, integration_id, key, caller.user.id).await
}

/// An id of another type names no integration.
pub(super) fn integration_of(id: &ID) -> Result<Uuid, Error> {
    match IdType::Integration.decode(id, &["integrationId"]) {
        Err(Error::NotFound) => Err(Error::no_such_integration()),
        decoded => decoded,
    }
}

/// The rows of ids of errors; an id of another type has none. What is no id at all is refused, all of it at once.
fn errors_of(ids: &[ID]) -> Result<Vec<Option<Uuid>>, Error> {
    let (mut rows, mut problems): (Vec<Option<Uuid>>, Vec<Problem>) = (Vec::with_capacity(ids.len()), Vec::new());
    for (place, id) in ids.iter().enumerate() {
        match IdType::SyncError.decode(id, &["errorIds", &place.to_string()]) {
            Ok(row) => rows.push(Some(row)),
            Err(Error::Refused(found)) => problems.extend(found),
            Err(_) => rows.push(None),
        }
    }
    if problems.is_empty() {
        Ok(rows)
    } else {
        Err(Error::Refused(problems))
    }
}

async fn cancel(app: &Arc<App>, id: &ID) -> Result<run::Model, Error> {
    queue::cancel(app, IdType::Run.decode(id, &["id"])?).await
}
