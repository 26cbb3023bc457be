//! What records made from one Stripe object have in common.

use async_graphql::{Context, ID, InputObject, Interface};
use entity::integration;
use entity::kind::StripeKind;
use uuid::Uuid;

use super::context::ContextExt;
use super::contract::Contract;
use super::id::IdType;
use super::integration::Integration;
use super::loader::{IntegrationKey, SeenAt};
use super::product::Product;
use super::scalar::DateTime;
use super::{Fault, connection};
use crate::error::{Code, Error};

/// A record made from one Stripe object.
#[expect(clippy::duplicated_attributes, reason = "two fields have one type")]
#[expect(clippy::large_enum_variant, reason = "it stands in the schema; no field gives one")]
#[derive(Interface)]
#[graphql(
    field(name = "stripe_id", ty = "Option<String>"),
    field(name = "integration", ty = "Option<Integration>"),
    field(
        name = "stripe_url",
        ty = "Option<String>",
        desc = "The object's page in Stripe's dashboard."
    ),
    field(
        name = "deleted_in_stripe",
        ty = "bool",
        desc = "Stripe no longer has it. The record and its history stay."
    ),
    field(name = "last_synced_at", ty = "Option<DateTime>"),
    field(
        name = "warnings",
        ty = "Vec<String>",
        desc = "What could not be done as it should, in words; empty when all is well."
    )
)]
pub(super) enum StripeRecord {
    /// From a product.
    Product(Product),
    /// From an invoice or a subscription.
    Contract(Contract),
}

/// A Stripe id; `integrationId` is needed only where several integrations have the id.
#[derive(Debug, InputObject)]
pub(super) struct StripeRef {
    integration_id: Option<ID>,
    stripe_id: String,
}

impl StripeRef {
    /// The integration, where one is named, and Stripe's id.
    pub(super) fn parts(self) -> Result<(Option<Uuid>, String), Error> {
        Ok((
            connection::row_of(IdType::Integration, self.integration_id, "integrationId")?,
            self.stripe_id,
        ))
    }
}

/// The one record that a Stripe id means; several integrations may have it.
pub(super) fn only<T>(mut found: Vec<T>) -> Result<Option<T>, Error> {
    if found.len() > 1 {
        let message = "Several integrations have this Stripe id: say which one is meant.";
        return Err(Error::refused(&["integrationId"], Code::Required, message));
    }
    Ok(found.pop())
}

/// The integration of a record.
pub(super) async fn integration_of(ctx: &Context<'_>, id: Uuid) -> Result<Option<integration::Model>, Fault> {
    Ok(ctx.rows()?.load_one(IntegrationKey(id)).await?)
}

/// The object's page in Stripe's dashboard.
pub(super) async fn dashboard_url(
    ctx: &Context<'_>,
    integration_id: Uuid,
    kind: StripeKind,
    stripe_id: &str,
) -> Result<Option<String>, Fault> {
    let Some(integration) = integration_of(ctx, integration_id).await? else {
        return Ok(None);
    };
    let mode = if integration.livemode { "" } else { "test/" };
    let list = match kind {
        StripeKind::Customer => "customers",
        StripeKind::Product => "products",
        StripeKind::Price => "prices",
        StripeKind::Invoice => "invoices",
        StripeKind::Subscription => "subscriptions",
        StripeKind::Coupon => "coupons",
        StripeKind::CreditNote => "credit_notes",
        StripeKind::Refund => "refunds",
    };
    Ok(Some(format!("https://dashboard.stripe.com/{mode}{list}/{stripe_id}")))
}

/// When the object was last seen at Stripe.
pub(super) async fn seen_at(
    ctx: &Context<'_>,
    integration_id: Uuid,
    kind: StripeKind,
    stripe_id: &str,
) -> Result<Option<DateTime>, Fault> {
    let seen = ctx
        .rows()?
        .load_one(SeenAt(integration_id, kind, stripe_id.to_owned()))
        .await?;
    Ok(seen.map(DateTime::from_ms))
}
