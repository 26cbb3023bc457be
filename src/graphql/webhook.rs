//! Webhooks: the signing secret.

use async_graphql::{Context, ID, InputObject, Object};
use entity::kind::Scope;
use secrecy::SecretString;

use super::id::IdType;
use super::integration::IntegrationPayload;
use super::{ContextExt, Fault};
use crate::app::App;
use crate::error::Error;
use crate::settings;

#[derive(InputObject)]
struct SetWebhookSecretInput {
    integration_id: ID,
    secret: Option<String>,
}

/// The mutations of webhooks.
#[derive(Default)]
pub(super) struct WebhookMutation;

#[Object]
impl WebhookMutation {
    /// Signing secret (`whsec_…`) of an endpoint the admin made in Stripe; kept like the key. The one before stays valid for 24 h. Null
    /// turns webhooks off. Pass it as a variable: a literal in the document is refused, and so is a default value.
    async fn set_webhook_secret(
        &self,
        ctx: &Context<'_>,
        input: SetWebhookSecretInput,
    ) -> Result<IntegrationPayload, Fault> {
        ctx.require(Scope::Configure)?;
        IntegrationPayload::of(set(ctx.app()?, input).await)
    }
}

async fn set(app: &App, input: SetWebhookSecretInput) -> Result<entity::integration::Model, Error> {
    let id = IdType::Integration.decode(&input.integration_id, &["integrationId"])?;
    settings::set_webhook_secret(app, id, input.secret.map(SecretString::from)).await
}
