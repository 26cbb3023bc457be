//! Connecting and disconnecting a Stripe account.

use async_graphql::{Context, ID, InputObject, Object};
use entity::kind::Scope;
use secrecy::SecretString;

use super::id::IdType;
use super::integration::IntegrationPayload;
use super::{ContextExt, Fault};
use crate::app::App;
use crate::error::Error;
use crate::setup::{self, Authenticate, Disconnect};

/// A key as a person gave it.
#[derive(InputObject)]
struct AuthenticateStripeInput {
    /// A secret (`sk_…`) or restricted (`rk_…`) key. Pass it as a variable: a literal in the document is refused, and so is a default value.
    api_key: String,
    /// Shown in lists; default: the Stripe account's name.
    name: Option<String>,
}

#[derive(InputObject)]
struct DisconnectStripeInput {
    integration_id: ID,
    /// The integration's name, typed again to confirm.
    confirm_name: String,
    /// Everything that came by it is removed, clients included that nothing else speaks for. It cannot be undone.
    #[graphql(default = false)]
    purge: bool,
}

/// The mutations of the connection.
#[derive(Default)]
pub(super) struct ConnectMutation;

#[Object]
impl ConnectMutation {
    /// Connects a Stripe account: checks the key against Stripe, then stores it encrypted. Nothing is stored when the check fails.
    async fn authenticate_stripe(
        &self,
        ctx: &Context<'_>,
        input: AuthenticateStripeInput,
    ) -> Result<IntegrationPayload, Fault> {
        ctx.require(Scope::Admin)?;
        let input = Authenticate {
            api_key: SecretString::from(input.api_key),
            name: input.name,
        };
        IntegrationPayload::of(setup::authenticate(ctx.app()?, input).await)
    }

    /// Destroys the key and stops the sync at once. Imported records stay, unless purged: then the integration itself is gone soon after.
    async fn disconnect_stripe(
        &self,
        ctx: &Context<'_>,
        input: DisconnectStripeInput,
    ) -> Result<IntegrationPayload, Fault> {
        ctx.require(Scope::Admin)?;
        IntegrationPayload::of(disconnect(ctx.app()?, input).await)
    }
}

async fn disconnect(
    app: &std::sync::Arc<App>,
    input: DisconnectStripeInput,
) -> Result<entity::integration::Model, Error> {
    let integration_id = IdType::Integration.decode(&input.integration_id, &["integrationId"])?;
    setup::disconnect(
        app,
        Disconnect {
            integration_id,
            confirm_name: input.confirm_name,
            purge: input.purge,
        },
    )
    .await
}
