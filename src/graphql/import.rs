//! Asking for an import, and calling a run off.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object};
use entity::kind::Scope;
use entity::run;

use super::id::IdType;
use super::run::RunPayload;
use super::sync_object::SyncObject;
use super::token::IdInput;
use super::{ContextExt, Fault};
use crate::account::Caller;
use crate::app::App;
use crate::error::Error;
use crate::jobs::queue::{self, StartImport};

#[derive(InputObject)]
struct StartImportInput {
    integration_id: ID,
    #[graphql(default_with = "vec![SyncObject::Customer, SyncObject::Product, SyncObject::Contract]")]
    objects: Vec<SyncObject>,
    idempotency_key: Option<String>,
}

/// The mutations of runs.
#[derive(Default)]
pub(super) struct ImportMutation;

#[Object]
impl ImportMutation {
    /// Queues customers, then products, then contracts (those asked for and not disabled) and returns at once.
    async fn start_import(&self, ctx: &Context<'_>, input: StartImportInput) -> Result<RunPayload, Fault> {
        let caller = ctx.require(Scope::RunSync)?;
        RunPayload::of(start(ctx.app()?, caller, input).await)
    }

    /// Stops at the next page edge; what was imported stays. Calling it twice is harmless.
    async fn cancel_run(&self, ctx: &Context<'_>, input: IdInput) -> Result<RunPayload, Fault> {
        ctx.require(Scope::RunSync)?;
        RunPayload::of(cancel(ctx.app()?, &input.id).await)
    }
}

async fn start(app: &Arc<App>, caller: &Caller, input: StartImportInput) -> Result<run::Model, Error> {
    let wish = StartImport {
        integration_id: IdType::Integration.decode(&input.integration_id, &["integrationId"])?,
        objects: input.objects.into_iter().map(Into::into).collect(),
        idempotency_key: input.idempotency_key,
        user_id: caller.user.id,
    };
    queue::start_import(app, wish).await
}

async fn cancel(app: &Arc<App>, id: &ID) -> Result<run::Model, Error> {
    queue::cancel(app, IdType::Run.decode(id, &["id"])?).await
}
