//! Integrations: connected Stripe accounts.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, SimpleObject};
use entity::integration::Model;
use entity::kind::Scope;
use entity::list;

use super::fixed_mapping::FixedMapping;
use super::id::IdType;
use super::loader::{Facts, FactsOf};
use super::mapping::Mapping;
use super::problem::{UserError, settle};
use super::run::Run;
use super::scalar::DateTime;
use super::settings::Settings;
use super::{ContextExt, Fault};
use crate::error::Error;
use crate::pull::pace::read_allowance;
use crate::settings::checklist::{self, Step};
use crate::settings::lag;
use crate::store;
use crate::stripe::event::WEBHOOK_TYPES;

/// One Stripe account in one mode.
#[derive(Debug, Clone)]
pub(super) struct Integration(pub Model);

/// What the key may read of one kind of object.
#[derive(Debug, SimpleObject)]
struct KeyPermission {
    object: String,
    granted: bool,
    required: bool,
    hint: Option<String>,
}

impl From<list::KeyPermission> for KeyPermission {
    fn from(permission: list::KeyPermission) -> Self {
        let list::KeyPermission {
            object,
            granted,
            required,
            hint,
        } = permission;
        Self {
            object,
            granted,
            required,
            hint,
        }
    }
}

/// Only required steps hold back turning sync on; the others are advice.
#[derive(Debug, SimpleObject)]
struct SetupStep {
    code: String,
    done: bool,
    required: bool,
    message: String,
}

impl From<Step> for SetupStep {
    fn from(step: Step) -> Self {
        Self {
            code: step.code.to_owned(),
            done: step.done,
            required: step.required,
            message: step.message,
        }
    }
}

#[Object]
impl Integration {
    pub(super) async fn id(&self) -> ID {
        IdType::Integration.encode(self.0.id)
    }

    /// Null when a restricted key may not read it.
    async fn stripe_account_id(&self) -> Option<&str> {
        self.0.stripe_account_id.as_deref()
    }

    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The Stripe account's own time zone, when readable. Dates here are UTC.
    async fn timezone(&self) -> Option<&str> {
        self.0.timezone.as_deref()
    }

    async fn livemode(&self) -> bool {
        self.0.livemode
    }

    async fn connected(&self) -> bool {
        self.0.key_sealed.is_some()
    }

    /// E.g. `sk_live_…abcd`. The key has no readable field anywhere.
    async fn key_display(&self) -> Option<&str> {
        self.0.key_display.as_deref()
    }

    async fn key_rotated_at(&self) -> Option<DateTime> {
        self.0.key_rotated_at.map(DateTime::from_ms)
    }

    async fn permissions(&self) -> Vec<KeyPermission> {
        self.0.permissions.0.iter().cloned().map(KeyPermission::from).collect()
    }

    /// What is left to do before sync can be turned on, in order.
    async fn setup_checklist(&self, ctx: &Context<'_>) -> Result<Vec<SetupStep>, Fault> {
        let steps = checklist::checklist(&self.0, &self.facts(ctx).await?.mappings);
        Ok(steps.into_iter().map(SetupStep::from).collect())
    }

    /// The address to enter in Stripe for webhooks, and the event types to select there.
    async fn webhook_url(&self, ctx: &Context<'_>) -> Result<String, Fault> {
        let app = ctx.app()?;
        let origin = app.origin.get_or_init(|| app.config.public_url(app.config.listen));
        let id = IdType::Integration.encode(self.0.id);
        Ok(format!("{origin}/webhooks/stripe/{}", id.as_str()))
    }

    async fn webhook_event_types(&self) -> [&'static str; WEBHOOK_TYPES.len()] {
        WEBHOOK_TYPES
    }

    async fn webhook_secret_display(&self) -> Option<&str> {
        self.0.webhook_secret_display.as_deref()
    }

    async fn sync_enabled(&self) -> bool {
        self.0.sync_enabled
    }

    async fn settings(&self) -> Settings {
        Settings::of(&self.0)
    }

    async fn customer_mapping(&self, ctx: &Context<'_>) -> Result<Mapping, Fault> {
        Mapping::get(ctx, self.0.id, entity::kind::SyncObject::Customer).await
    }

    async fn product_mapping(&self, ctx: &Context<'_>) -> Result<Mapping, Fault> {
        Mapping::get(ctx, self.0.id, entity::kind::SyncObject::Product).await
    }

    /// Fixed, shown read-only.
    async fn contract_mapping(&self) -> Vec<FixedMapping> {
        FixedMapping::list()
    }

    async fn active_runs(&self, ctx: &Context<'_>) -> Result<Vec<Run>, Fault> {
        Ok(self.facts(ctx).await?.open_runs.iter().cloned().map(Run).collect())
    }

    /// When something is done next by itself: a look at the events, a reconcile, or another try of what failed.
    async fn next_run_at(&self, ctx: &Context<'_>) -> Result<Option<DateTime>, Fault> {
        let retry_at = self.facts(ctx).await?.next_retry_at;
        Ok(lag::next_run_at(&self.0, retry_at).map(DateTime::from_ms))
    }

    async fn last_success_at(&self) -> Option<DateTime> {
        self.0.last_success_at.map(DateTime::from_ms)
    }

    /// Age of the oldest change in Stripe that is known and not here yet; 0 when nothing is waiting. While nobody looks at the events, or
    /// looks come to nothing, it counts from the last look that did not.
    async fn sync_lag_seconds(&self, ctx: &Context<'_>) -> Result<Option<i32>, Fault> {
        let oldest = self.facts(ctx).await?.oldest_waiting;
        let seconds = lag::lag_seconds(&self.0, oldest, ctx.app()?.clock.now_ms());
        Ok(seconds.map(|seconds| i32::try_from(seconds).unwrap_or(i32::MAX)))
    }

    /// How many Stripe objects wait to be mapped again: after an upgrade, or when settings or something that they name have changed. Until it is 0,
    /// some contracts and sums are those of before.
    async fn waiting_to_be_mapped(&self, ctx: &Context<'_>) -> Result<i32, Fault> {
        Ok(i32::try_from(self.facts(ctx).await?.waiting).unwrap_or(i32::MAX))
    }

    async fn open_error_count(&self, ctx: &Context<'_>) -> Result<i32, Fault> {
        Ok(i32::try_from(self.facts(ctx).await?.open_errors).unwrap_or(i32::MAX))
    }

    /// Requests sent to Stripe over the last 30 days, and what Stripe's read allocation is estimated to allow.
    async fn reads_last30_days(&self, ctx: &Context<'_>) -> Result<i32, Fault> {
        Ok(i32::try_from(self.facts(ctx).await?.reads).unwrap_or(i32::MAX))
    }

    async fn read_allowance_estimate30_days(&self, ctx: &Context<'_>) -> Result<i32, Fault> {
        let paid = i64::try_from(self.facts(ctx).await?.paid_invoices).unwrap_or(i64::MAX);
        Ok(i32::try_from(read_allowance(paid)).unwrap_or(i32::MAX))
    }
}

impl Integration {
    async fn facts(&self, ctx: &Context<'_>) -> Result<Arc<Facts>, Fault> {
        Ok(ctx.rows()?.load_one(FactsOf(self.0.id)).await?.ok_or(Error::NotFound)?)
    }
}

/// What became of a change to an integration.
#[derive(Debug, SimpleObject)]
pub(super) struct IntegrationPayload {
    integration: Option<Integration>,
    user_errors: Vec<UserError>,
}

impl IntegrationPayload {
    pub(super) fn of(result: Result<Model, Error>) -> Result<Self, Fault> {
        let (integration, user_errors) = settle(result)?;
        Ok(Self {
            integration: integration.map(Integration),
            user_errors,
        })
    }
}

/// The queries of this noun.
#[derive(Default)]
pub(super) struct IntegrationQuery;

#[Object]
impl IntegrationQuery {
    async fn integration(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Integration>, Fault> {
        ctx.require(Scope::Read)?;
        match IdType::Integration.decode(&id, &["id"]) {
            Ok(id) => Ok(store::integration::find(ctx.app()?.db.read(), id)
                .await?
                .map(Integration)),
            Err(Error::NotFound) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The connected Stripe accounts, a handful at most.
    async fn integrations(&self, ctx: &Context<'_>) -> Result<Vec<Integration>, Fault> {
        ctx.require(Scope::Read)?;
        Ok(store::integration::list(ctx.app()?.db.read())
            .await?
            .into_iter()
            .map(Integration)
            .collect())
    }
}
