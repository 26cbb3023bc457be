//! Clients kept by hand or by another system: saved, linked, parted, deleted.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use entity::client::Model;
use entity::kind::Scope;

use super::client::{Client, ClientStatus};
use super::id::IdType;
use super::import::integration_of;
use super::problem::{UserError, settle};
use super::scalar::Date;
use super::stripe::StripeRef;
use super::token::{DeletedPayload, IdInput};
use super::{ContextExt, Fault};
use crate::account::Caller;
use crate::app::App;
use crate::clients::{self, ClientEdit, Erase, Pair, SaveClients, StripeCustomer};
use crate::error::{Error, Problem};

/// Absent = keep, null = empty. A new client (no id) needs a name.
#[derive(InputObject)]
struct ClientInput {
    id: Option<ID>,
    name: MaybeUndefined<String>,
    status: MaybeUndefined<ClientStatus>,
    email: MaybeUndefined<String>,
    phone: MaybeUndefined<String>,
    site_url: MaybeUndefined<String>,
    external_id: MaybeUndefined<String>,
    address: MaybeUndefined<AddressInput>,
    currency: MaybeUndefined<String>,
    inception_date: MaybeUndefined<Date>,
    custom_values: Option<Vec<CustomValueInput>>,
    /// A Stripe customer that it is. One that is another client already is moved by `linkClient` only.
    stripe: Option<StripeRef>,
}

impl ClientInput {
    fn custom_keys(&self) -> Vec<String> {
        let values = self.custom_values.iter().flatten();
        values.map(|value| value.key.clone()).collect()
    }
}

/// Absent = keep, null = empty.
#[derive(Default, InputObject)]
struct AddressInput {
    line1: MaybeUndefined<String>,
    line2: MaybeUndefined<String>,
    city: MaybeUndefined<String>,
    state: MaybeUndefined<String>,
    postal_code: MaybeUndefined<String>,
    country: MaybeUndefined<String>,
}

impl AddressInput {
    fn empty() -> Self {
        let null = || MaybeUndefined::Null;
        Self {
            line1: null(),
            line2: null(),
            city: null(),
            state: null(),
            postal_code: null(),
            country: null(),
        }
    }
}

/// The value of a custom field; null empties it.
#[derive(InputObject)]
struct CustomValueInput {
    key: String,
    value: Option<String>,
}

#[derive(InputObject)]
struct SaveClientsInput {
    clients: Vec<ClientInput>,
    /// The same key with the same clients within 30 days does nothing and gives what the first request gave.
    idempotency_key: Option<String>,
}

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

    /// Makes a Stripe customer this client, with all its contracts, whatever client it was before.
    async fn link_client(&self, ctx: &Context<'_>, input: LinkClientInput) -> Result<ClientPayload, Fault> {
        ctx.require(Scope::Configure)?;
        ClientPayload::of(link(ctx.app()?, input).await)
    }

    /// The pair stays apart until `linkClient` joins it again.
    async fn unlink_client(&self, ctx: &Context<'_>, input: LinkClientInput) -> Result<ClientPayload, Fault> {
        ctx.require(Scope::Configure)?;
        ClientPayload::of(unlink(ctx.app()?, input).await)
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

async fn save(app: &App, caller: &Caller, input: SaveClientsInput) -> Result<Vec<Model>, Error> {
    let keys: Vec<Vec<String>> = input.clients.iter().map(ClientInput::custom_keys).collect();
    let (mut edits, mut problems) = (Vec::with_capacity(input.clients.len()), Vec::new());
    for (place, client) in input.clients.into_iter().enumerate() {
        match edit(place, client) {
            Ok(edit) => edits.push(edit),
            Err(Error::Refused(found)) => problems.extend(found),
            Err(error) => return Err(error),
        }
    }
    if !problems.is_empty() {
        return Err(Error::Refused(problems));
    }
    let wish = SaveClients {
        edits,
        idempotency_key: input.idempotency_key,
        user_id: caller.user.id,
    };
    let saved = clients::save(app, wish).await;
    saved.map_err(|error| match error {
        Error::Refused(problems) => {
            Error::Refused(problems.into_iter().map(|one| in_custom_values(one, &keys)).collect())
        }
        other => other,
    })
}

/// A custom field is named by its key; the caller knows its value by the place in the list.
fn in_custom_values(mut problem: Problem, keys: &[Vec<String>]) -> Problem {
    let [clients, place, custom, key @ ..] = problem.path.as_slice() else {
        return problem;
    };
    if clients != "clients" || custom != "custom" {
        return problem;
    }
    let key = key.join(".");
    let keys = place.parse().ok().and_then(|place: usize| keys.get(place));
    if let Some(at) = keys.and_then(|keys| keys.iter().rposition(|given| *given == key)) {
        problem.path.truncate(2);
        problem.path.extend(["customValues".to_owned(), at.to_string()]);
    }
    problem
}

fn edit(place: usize, input: ClientInput) -> Result<ClientEdit, Error> {
    let place = place.to_string();
    let id = input
        .id
        .map(|id| client_of(&id, &["clients", &place, "id"]))
        .transpose()?;
    let stripe = input.stripe.map(|stripe| customer(stripe, &place)).transpose()?;
    let mut edit = ClientEdit {
        id,
        fields: Vec::new(),
        stripe,
        only_news: false,
    };
    let mut put = |path: &str, value: MaybeUndefined<String>| match value {
        MaybeUndefined::Undefined => {}
        MaybeUndefined::Null => edit.fields.push((path.to_owned(), None)),
        MaybeUndefined::Value(value) => edit.fields.push((path.to_owned(), Some(value))),
    };
    put("name", input.name);
    put("status", input.status.map_value(|status| word(status).to_owned()));
    put("email", input.email);
    put("phone", input.phone);
    put("siteUrl", input.site_url);
    put("externalId", input.external_id);
    let address = match input.address {
        MaybeUndefined::Undefined => AddressInput::default(),
        MaybeUndefined::Null => AddressInput::empty(),
        MaybeUndefined::Value(address) => address,
    };
    put("address.line1", address.line1);
    put("address.line2", address.line2);
    put("address.city", address.city);
    put("address.state", address.state);
    put("address.postalCode", address.postal_code);
    put("address.country", address.country);
    put("currency", input.currency);
    put("inceptionDate", input.inception_date.map_value(|day| day.0.to_string()));
    for CustomValueInput { key, value } in input.custom_values.unwrap_or_default() {
        edit.fields.push((format!("custom.{key}"), value));
    }
    Ok(edit)
}

fn word(status: ClientStatus) -> &'static str {
    match status {
        ClientStatus::Active => "ACTIVE",
        ClientStatus::Inactive => "INACTIVE",
        ClientStatus::Trial => "TRIAL",
        ClientStatus::Terminated => "TERMINATED",
    }
}

fn customer(stripe: StripeRef, place: &str) -> Result<StripeCustomer, Error> {
    let under = |problem: Problem| {
        let mut path = vec!["clients".to_owned(), place.to_owned(), "stripe".to_owned()];
        path.extend(problem.path);
        Problem { path, ..problem }
    };
    match stripe.parts() {
        Ok((integration_id, stripe_id)) => Ok(StripeCustomer {
            integration_id,
            stripe_id,
        }),
        Err(Error::NotFound) => Err(match Error::no_such_integration() {
            Error::Refused(problems) => Error::Refused(problems.into_iter().map(under).collect()),
            other => other,
        }),
        Err(Error::Refused(problems)) => Err(Error::Refused(problems.into_iter().map(under).collect())),
        Err(other) => Err(other),
    }
}

/// An id of another type names no client.
pub(super) fn client_of(id: &ID, path: &[&str]) -> Result<uuid::Uuid, Error> {
    match IdType::Client.decode(id, path) {
        Err(Error::NotFound) => {
            let message = "There is no such client.";
            Err(Error::refused(path, crate::error::Code::NotFound, message))
        }
        decoded => decoded,
    }
}

fn pair(input: LinkClientInput) -> Result<Pair, Error> {
    Ok(Pair {
        client_id: client_of(&input.client_id, &["clientId"])?,
        integration_id: integration_of(&input.integration_id)?,
        stripe_customer_id: input.stripe_customer_id,
    })
}

async fn link(app: &App, input: LinkClientInput) -> Result<Model, Error> {
    clients::link(app, pair(input)?).await
}

async fn unlink(app: &App, input: LinkClientInput) -> Result<Model, Error> {
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
