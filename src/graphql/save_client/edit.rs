//! What was given of clients, as edits.

use async_graphql::{ID, InputObject, MaybeUndefined};
use entity::client::Model;

use crate::account::Caller;
use crate::app::App;
use crate::clients::{self, ClientEdit, SaveClients, StripeCustomer};
use crate::error::{Code, Error, Problem};
use crate::graphql::client::ClientStatus;
use crate::graphql::id::IdType;
use crate::graphql::scalar::Date;
use crate::graphql::stripe::StripeRef;

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
pub(super) struct SaveClientsInput {
    clients: Vec<ClientInput>,
    /// The same key with the same clients within 30 days does nothing and gives what the first request gave.
    idempotency_key: Option<String>,
}

pub(super) async fn save(app: &App, caller: &Caller, input: SaveClientsInput) -> Result<Vec<Model>, Error> {
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
pub(in crate::graphql) fn client_of(id: &ID, path: &[&str]) -> Result<uuid::Uuid, Error> {
    match IdType::Client.decode(id, path) {
        Err(Error::NotFound) => {
            let message = "There is no such client.";
            Err(Error::refused(path, Code::NotFound, message))
        }
        decoded => decoded,
    }
}
