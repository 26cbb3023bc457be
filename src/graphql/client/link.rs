//! The Stripe customers that are a client.

use async_graphql::{Context, Object};
use entity::client_link;
use entity::kind::StripeKind;

use crate::error::Error;
use crate::graphql::Fault;
use crate::graphql::integration::Integration;
use crate::graphql::scalar::DateTime;
use crate::graphql::stripe::{dashboard_url, integration_of, seen_at};

/// A Stripe customer that is a client.
#[derive(Debug)]
pub(super) struct StripeCustomerLink(pub client_link::Model);

#[Object]
impl StripeCustomerLink {
    async fn integration(&self, ctx: &Context<'_>) -> Result<Integration, Fault> {
        let found = integration_of(ctx, self.0.integration_id).await?;
        Ok(found.map(Integration).ok_or(Error::NotFound)?)
    }

    async fn stripe_id(&self) -> &str {
        &self.0.stripe_customer_id
    }

    async fn stripe_url(&self, ctx: &Context<'_>) -> Result<String, Fault> {
        let url = dashboard_url(
            ctx,
            self.0.integration_id,
            StripeKind::Customer,
            &self.0.stripe_customer_id,
        )
        .await?;
        Ok(url.ok_or(Error::NotFound)?)
    }

    async fn deleted_in_stripe(&self) -> bool {
        self.0.deleted_in_stripe
    }

    async fn last_synced_at(&self, ctx: &Context<'_>) -> Result<DateTime, Fault> {
        let seen = seen_at(
            ctx,
            self.0.integration_id,
            StripeKind::Customer,
            &self.0.stripe_customer_id,
        )
        .await?;
        Ok(seen.unwrap_or_else(|| DateTime::from_ms(self.0.created_at)))
    }

    /// Which rule, or person, made the link.
    async fn linked_by(&self) -> &str {
        &self.0.linked_by
    }
}
