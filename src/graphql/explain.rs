//! Why a Stripe object is here, or is not.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object};
use entity::kind::{ContractSource, Scope, StripeKind as Kind};

use super::client::Client;
use super::contract::Contract;
use super::fault::or_null;
use super::import::integration_of;
use super::loader::{ClientOf, MARGIN_MS, ProductOf, RunKey};
use super::node::Node;
use super::product::Product;
use super::run::Run;
use super::scalar::{DateTime, Json};
use super::source::StripeKind;
use super::{ContextExt, Fault};
use crate::{explain, store};

/// What became of a Stripe object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::kind::RecordState")]
pub(super) enum RecordState {
    Imported,
    Skipped,
    Failed,
    Pending,
}

/// Why a Stripe object was imported, skipped or failed.
#[derive(Debug)]
pub(super) struct Explanation(explain::Explanation);

#[Object]
impl Explanation {
    async fn kind(&self) -> StripeKind {
        self.0.kind.into()
    }

    async fn stripe_id(&self) -> &str {
        &self.0.stripe_id
    }

    async fn state(&self) -> RecordState {
        self.0.state.into()
    }

    async fn reason(&self) -> &str {
        &self.0.reason
    }

    async fn record(&self, ctx: &Context<'_>) -> Result<Option<Node>, Fault> {
        let (integration_id, stripe_id) = (self.0.integration_id, self.0.stripe_id.clone());
        match self.0.kind {
            Kind::Customer => {
                let found = ctx.rows()?.load_one(ClientOf(integration_id, stripe_id)).await?;
                Ok(found.map(|row| Node::Client(Client(row))))
            }
            Kind::Product => {
                let found = ctx.rows()?.load_one(ProductOf(integration_id, stripe_id)).await?;
                Ok(found.map(|row| Node::Product(Product(row))))
            }
            Kind::Invoice => self.contract(ctx, ContractSource::Invoice).await,
            Kind::Subscription => self.contract(ctx, ContractSource::Subscription).await,
            Kind::Price | Kind::Coupon | Kind::CreditNote | Kind::Refund => Ok(None),
        }
    }

    async fn last_run(&self, ctx: &Context<'_>) -> Result<Option<Run>, Fault> {
        let Some(id) = self.0.run_id else { return Ok(None) };
        Ok(ctx.rows()?.load_one(RunKey(id)).await?.map(Run))
    }

    async fn as_of(&self) -> Option<DateTime> {
        self.0.seen_max.map(|at| DateTime::from_ms(at - MARGIN_MS))
    }

    /// Needs CONFIGURE.
    async fn source(&self, ctx: &Context<'_>) -> Option<Json> {
        or_null(ctx, source(ctx, &self.0).await)
    }
}

async fn source(ctx: &Context<'_>, of: &explain::Explanation) -> Result<Option<Json>, Fault> {
    ctx.require(Scope::Configure)?;
    Ok(explain::source(ctx.app()?, of).await?.map(Json))
}

impl Explanation {
    async fn contract(&self, ctx: &Context<'_>, source: ContractSource) -> Result<Option<Node>, Fault> {
        let here = Some(self.0.integration_id);
        let (db, as_of) = (ctx.app()?.db.read(), ctx.rows()?.as_of(None).await?);
        let found = store::contract::list_by_stripe_id(db, here, &self.0.stripe_id, &as_of).await?;
        let contract = found.into_iter().find(|dated| dated.row.source == source);
        Ok(contract.map(|dated| Node::Contract(Contract(Arc::new(dated)))))
    }
}

/// The query of this noun.
#[derive(Default)]
pub(super) struct ExplainQuery;

#[Object]
impl ExplainQuery {
    /// Why a Stripe id was imported, skipped or failed, or that Stripe does not have it.
    async fn explain(
        &self,
        ctx: &Context<'_>,
        integration_id: ID,
        kind: StripeKind,
        stripe_id: String,
    ) -> Option<Explanation> {
        or_null(ctx, find(ctx, &integration_id, kind, &stripe_id).await)
    }
}

async fn find(
    ctx: &Context<'_>,
    integration_id: &ID,
    kind: StripeKind,
    stripe_id: &str,
) -> Result<Option<Explanation>, Fault> {
    ctx.require(Scope::Read)?;
    let integration_id = integration_of(integration_id)?;
    let found = explain::explain(ctx.app()?, integration_id, kind.into(), stripe_id).await?;
    Ok(Some(Explanation(found)))
}
