//! Clients kept by hand or by another system: saved, linked, parted, deleted.

mod edit;

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use entity::client::Model;
use entity::kind::Scope;

use super::client::Client;
use super::import::integration_of;
use super::problem::{UserError, settle};
use super::token::{DeletedPayload, IdInput};
use super::{ContextExt, Fault};
use crate::app::App;
use crate::clients::{self, Erase, Pair, Paired};
use crate::error::Error;
use edit::{SaveClientsInput, client_of, save};

#[derive(InputObject)]
#[expect(clippy::struct_field_names, reason = "the schema's names")]
struct LinkClientInput {
    client_id: ID,
    integration_id: ID,
    stripe_customer_id: String,
}

#[derive(InputObject)]
struct EraseClientInput {
    id: ID,
    /// The client's name, typed again to confirm.
    confirm_name: String,
}

/// What became of clients.
#[derive(Debug, SimpleObject)]
struct ClientsPayload {
    clients: Vec<Client>,
    user_errors: Vec<UserError>,
}

/// What became of a client.
#[derive(Debug, SimpleObject)]
pub(super) struct ClientPayload {
    client: Option<Client>,
    user_errors: Vec<UserError>,
}

impl ClientPayload {
    pub(super) fn of(result: Result<Model, Error>) -> Result<Self, Fault> {
        let (client, user_errors) = settle(result)?;
        Ok(Self {
            client: client.map(Client),
            user_errors,
        })
    }
}

/// What became of a client that was linked or parted.
#[derive(Debug, SimpleObject)]
struct LinkClientPayload {
    client: Option<Client>,
    /// The fields of the client that are different by it.
    changes: Vec<FieldChange>,
    user_errors: Vec<UserError>,
}

/// What became of a field.
#[derive(Debug, SimpleObject)]
struct FieldChange {
    /// A field as mappings name it.
    target: String,
    before: Option<String>,
    after: Option<String>,
}

impl LinkClientPayload {
    fn of(result: Result<Paired, Error>) -> Result<Self, Fault> {
        let (paired, user_errors) = settle(result)?;
        let (client, changes) = paired.map(|paired| (paired.client, paired.changes)).unzip();
        let change = |change: clients::FieldChange| FieldChange {
            target: change.target,
            before: change.before,
            after: change.after,
        };
        Ok(Self {
            client: client.map(Client),
            changes: changes.unwrap_or_default().into_iter().map(change).collect(),
            user_errors,
        })
    }
}

/// The mutations of clients.
#[derive(Default)]
pub(super) struct ClientMutation;

#[Object]
impl ClientMutation {
    /// Creates (no id) or edits clients kept by hand or by another system, all or none. At most 250.
    async fn save_clients(&self, ctx: &Context<'_>, input: SaveClientsInput) -> Result<ClientsPayload, Fault> {
        let caller = ctx.require(Scope::Configure)?;
        let (clients, user_errors) = settle(save(ctx.app()?, caller, input).await)?;
        Ok(ClientsPayload {
            clients: clients.unwrap_or_default().into_iter().map(Client).collect(),
            user_errors,
        })
    }

    /// Makes a Stripe customer this client, with all its contracts, whatever client it was before. `changes` tells what it wrote.
    async fn link_client(&self, ctx: &Context<'_>, input: LinkClientInput) -> Result<LinkClientPayload, Fault> {
        ctx.require(Scope::Configure)?;
        LinkClientPayload::of(link(ctx.app()?, input).await)
    }

    /// The pair stays apart until `linkClient` joins it again. What Stripe has written into a client kept by hand goes, and what was there
    /// before comes back.
    async fn unlink_client(&self, ctx: &Context<'_>, input: LinkClientInput) -> Result<LinkClientPayload, Fault> {
        ctx.require(Scope::Configure)?;
        LinkClientPayload::of(unlink(ctx.app()?, input).await)
    }

    /// Erases a person's data from client, source objects and inbox; a tombstone stays and blocks re-import. Needs ADMIN.
    async fn erase_client(&self, ctx: &Context<'_>, input: EraseClientInput) -> Result<ClientPayload, Fault> {
        ctx.require(Scope::Admin)?;
        ClientPayload::of(erase(ctx.app()?, input).await)
    }

    /// Only a client made by hand and without contracts.
    async fn delete_client(&self, ctx: &Context<'_>, input: IdInput) -> Result<DeletedPayload, Fault> {
        ctx.require(Scope::Configure)?;
        DeletedPayload::of(input.id.clone(), delete(ctx.app()?, &input.id).await)
    }
}

fn pair(input: LinkClientInput) -> Result<Pair, Error> {
    Ok(Pair {
        client_id: client_of(&input.client_id, &["clientId"])?,
        integration_id: integration_of(&input.integration_id)?,
        stripe_customer_id: input.stripe_customer_id,
    })
}

async fn link(app: &App, input: LinkClientInput) -> Result<Paired, Error> {
    clients::link(app, pair(input)?).await
}

async fn unlink(app: &App, input: LinkClientInput) -> Result<Paired, Error> {
    clients::unlink(app, pair(input)?).await
}

async fn erase(app: &App, input: EraseClientInput) -> Result<Model, Error> {
    let wish = Erase {
        client_id: client_of(&input.id, &["id"])?,
        confirm_name: input.confirm_name,
    };
    clients::erase(app, wish).await
}

async fn delete(app: &App, id: &ID) -> Result<(), Error> {
    clients::delete(app, client_of(id, &["id"])?).await
}
