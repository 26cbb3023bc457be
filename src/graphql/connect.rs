//! Connecting and disconnecting a Stripe account.

use async_graphql::{Context, ID, InputObject, Object};
use async_graphql_value::Value;
use entity::kind::Scope;
use secrecy::SecretString;

use super::id::IdType;
use super::integration::IntegrationPayload;
use super::{ContextExt, Fault};
use crate::app::App;
use crate::error::{Code, Error};
use crate::setup::{self, Authenticate, Disconnect};

/// A key as a person gave it.
#[derive(InputObject)]
struct AuthenticateStripeInput {
    /// A secret (`sk_…`) or restricted (`rk_…`) key. Pass it as a variable: a literal in the document is refused.
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
        refuse_literal(ctx, "apiKey")?;
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

/// Documents end in logs and caches, variables do not.
pub(super) fn refuse_literal(ctx: &Context<'_>, name: &'static str) -> Result<(), Fault> {
    let literal = match ctx.item.node.get_argument("input").map(|input| &input.node) {
        Some(Value::Object(fields)) => matches!(fields.get(name), Some(Value::String(_))),
        _ => false,
    };
    if literal {
        let message = format!("Pass {name} as a variable: it must not stand in the document.");
        return Err(Error::refused(&[name], Code::Invalid, message).into());
    }
    Ok(())
}
