//! Connecting and disconnecting a Stripe account.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object};
use entity::integration;
use entity::kind::Scope;
use secrecy::SecretString;

use super::id::IdType;
use super::integration::IntegrationPayload;
use super::{ContextExt, Fault};
use crate::app::App;
use crate::error::Error;
use crate::setup::{self, Account, Authenticate, Disconnect};

/// A key as a person gave it.
#[derive(InputObject)]
struct AuthenticateStripeInput {
    /// A secret (`sk_…`) or restricted (`rk_…`) key. Pass it as a variable: a literal in the document is refused, and so is a default value.
    api_key: String,
    /// Shown in lists; default: the Stripe account's name.
    name: Option<String>,
    /// The key is of an account that is not here yet. To be said only where it cannot be told (`KEY_ACCOUNT_UNKNOWN`).
    #[graphql(default = false)]
    new_account: bool,
}

/// Another key for the account of an integration.
#[derive(InputObject)]
struct RotateStripeKeyInput {
    integration_id: ID,
    /// A secret (`sk_…`) or restricted (`rk_…`) key. Pass it as a variable: a literal in the document is refused, and so is a default value.
    api_key: String,
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
    /// Connects a Stripe account: checks the key against Stripe, then stores it encrypted. Nothing is stored when the check fails. A key of
    /// an account that is here takes the place of the key before; where that cannot be told, it is refused with `KEY_ACCOUNT_UNKNOWN`.
    async fn authenticate_stripe(
        &self,
        ctx: &Context<'_>,
        input: AuthenticateStripeInput,
    ) -> Result<IntegrationPayload, Fault> {
        ctx.require(Scope::Admin)?;
        let input = Authenticate {
            api_key: SecretString::from(input.api_key),
            name: input.name,
            account: if input.new_account {
                Account::New
            } else {
                Account::FoundOut
            },
        };
        IntegrationPayload::of(setup::authenticate(ctx.app()?, input).await)
    }

    /// Swaps the key, unless the new one turns out to be of another account (`KEY_ACCOUNT_MISMATCH`). Connects again what was disconnected.
    async fn rotate_stripe_key(
        &self,
        ctx: &Context<'_>,
        input: RotateStripeKeyInput,
    ) -> Result<IntegrationPayload, Fault> {
        ctx.require(Scope::Admin)?;
        IntegrationPayload::of(rotate(ctx.app()?, input).await)
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

async fn rotate(app: &Arc<App>, input: RotateStripeKeyInput) -> Result<integration::Model, Error> {
    let integration_id = IdType::Integration.decode(&input.integration_id, &["integrationId"])?;
    let input = Authenticate {
        api_key: SecretString::from(input.api_key),
        name: None,
        account: Account::Of(integration_id),
    };
    setup::authenticate(app, input).await
}

async fn disconnect(app: &Arc<App>, input: DisconnectStripeInput) -> Result<integration::Model, Error> {
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
