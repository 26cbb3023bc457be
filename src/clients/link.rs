//! Which Stripe customer is which client, said by a person: what people say stands before every rule.

use entity::kind::{ClientOrigin, StripeKind};
use entity::{client, client_link, client_unlink, integration};
use sea_orm::{ConnectionTrait, EntityTrait};
use uuid::Uuid;

use super::{editable, note_contracts, settle, take_turns};
use crate::app::App;
use crate::error::{Code, Error};
use crate::map::client::ClientDraft;
use crate::map::rule::Target;
use crate::pull::family;
use crate::store::Transaction;
use crate::store::{self, matching, record, source};

/// How a link by a person is marked.
const PERSON: &str = "PERSON";

/// A client and a Stripe customer.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The client.
    pub client_id: Uuid,
    /// The connected account of the customer.
    pub integration_id: Uuid,
    /// Stripe's id of the customer.
    pub stripe_customer_id: String,
}

/// The client after it was linked or parted.
#[derive(Debug, Clone)]
pub struct Paired {
    /// The client.
    pub client: client::Model,
    /// The fields in which it differs from what it was.
    pub changes: Vec<FieldChange>,
}

/// What became of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldChange {
    /// Its path, as mappings name it.
    pub target: String,
    /// What was in it.
    pub before: Option<String>,
    /// What is in it.
    pub after: Option<String>,
}

/// Makes a customer this client, whatever client it was before. Twice is harmless.
pub async fn link(app: &App, pair: Pair) -> Result<Paired, Error> {
    let now_ms = app.clock.now_ms();
    let tx = app.db.begin().await?;
    let integrations = take_turns(&tx).await?;
    let client = find(&tx, &integrations, &pair).await?;
    let before = matching::find_link(&tx, pair.integration_id, &pair.stripe_customer_id).await?;
    if before.as_ref().is_some_and(|link| link.client_id == client.id) {
        return Ok(Paired::unchanged(client));
    }
    let standing =
        source::find_standing(&tx, pair.integration_id, StripeKind::Customer, &pair.stripe_customer_id).await?;
    let contracts = contracts_of(&tx, &pair).await?;
    if before.is_none() && standing.is_none() && contracts.is_empty() {
        let message = "No customer of this id is known here.";
        return Err(Error::refused(&["stripeCustomerId"], Code::NotFound, message));
    }
    let row = client_link::Model {
        integration_id: pair.integration_id,
        stripe_customer_id: pair.stripe_customer_id.clone(),
        client_id: client.id,
        linked_by: PERSON.to_owned(),
        deleted_in_stripe: standing.is_some_and(|standing| standing.deleted),
        created_at: now_ms,
    };
    matching::delete_link(&tx, pair.integration_id, &pair.stripe_customer_id).await?;
    record::upsert_links(&tx, vec![row]).await?;
    matching::unpart(&tx, pair.integration_id, &pair.stripe_customer_id, client.id).await?;
    matching::stop_waiting(&tx, pair.integration_id, vec![&pair.stripe_customer_id]).await?;
    let mut concerned = vec![client.id];
    if let Some(left) = before {
        family::give_back(&tx, &[left.client_id], now_ms).await?;
        concerned.push(left.client_id);
    }
    settle_clients(&tx, app, &integrations, &concerned, &pair).await?;
    if let Some(left) = concerned.get(1) {
        drop_shell(&tx, *left).await?;
    }
    finish(app, tx, (pair, client), contracts).await
}

/// Parts a client and a customer: no rule joins them again. What Stripe has written over in a client kept by hand comes back. Twice is
/// harmless.
pub async fn unlink(app: &App, pair: Pair) -> Result<Paired, Error> {
    let tx = app.db.begin().await?;
    let integrations = take_turns(&tx).await?;
    let client = find(&tx, &integrations, &pair).await?;
    let parted = client_unlink::Model {
        integration_id: pair.integration_id,
        stripe_customer_id: pair.stripe_customer_id.clone(),
        client_id: client.id,
        created_at: app.clock.now_ms(),
    };
    let known = matching::find_link(&tx, pair.integration_id, &pair.stripe_customer_id).await?;
    if known.is_none_or(|link| link.client_id != client.id) {
        let already = matching::find_parted(&tx, pair.integration_id, vec![&pair.stripe_customer_id]).await?;
        if already.contains(&(pair.stripe_customer_id.clone(), client.id)) {
            return Ok(Paired::unchanged(client));
        }
        let message = "This customer is not this client.";
        return Err(Error::refused(&["stripeCustomerId"], Code::NotFound, message));
    }
    let contracts = contracts_of(&tx, &pair).await?;
    matching::delete_link(&tx, pair.integration_id, &pair.stripe_customer_id).await?;
    matching::part(&tx, parted).await?;
    family::give_back(&tx, &[client.id], app.clock.now_ms()).await?;
    settle_clients(&tx, app, &integrations, &[client.id], &pair).await?;
    finish(app, tx, (pair, client), contracts).await
}

async fn find(
    conn: &impl ConnectionTrait,
    integrations: &[integration::Model],
    pair: &Pair,
) -> Result<client::Model, Error> {
    if !integrations
        .iter()
        .any(|integration| integration.id == pair.integration_id)
    {
        return Err(Error::no_such_integration());
    }
    let found = client::Entity::find_by_id(pair.client_id).one(conn).await?;
    found.ok_or_else(|| Error::refused(&["clientId"], Code::NotFound, "There is no such client."))
}

/// The clients show their links as they are now, and those who speak for them, and the customer itself, are mapped.
async fn settle_clients(
    tx: &Transaction,
    app: &App,
    integrations: &[integration::Model],
    clients: &[Uuid],
    pair: &Pair,
) -> Result<(), Error> {
    let speakers = family::refresh(tx, clients, app.clock.now_ms()).await?;
    let speakers = speakers
        .into_iter()
        .map(|link| (link.integration_id, link.stripe_customer_id));
    let own = (pair.integration_id, pair.stripe_customer_id.clone());
    settle(tx, app, integrations, speakers.chain([own])).await
}

/// A client that a customer had made, that nobody has edited, and that is no customer any more, has nothing to it.
async fn drop_shell(tx: &Transaction, client_id: Uuid) -> Result<(), Error> {
    let Some(row) = client::Entity::find_by_id(client_id).one(tx).await? else {
        return Ok(());
    };
    let is_shell = row.origin == ClientOrigin::Stripe
        && row.edited.0.is_empty()
        && store::client::list_links(tx, &[client_id]).await?.is_empty();
    if is_shell {
        record::delete_client(tx, client_id).await?;
    }
    Ok(())
}

async fn contracts_of(conn: &impl ConnectionTrait, pair: &Pair) -> Result<Vec<Uuid>, Error> {
    let customer = vec![pair.stripe_customer_id.as_str()];
    Ok(matching::list_contracts_of(conn, pair.integration_id, customer).await?)
}

async fn finish(
    app: &App,
    tx: Transaction,
    (pair, before): (Pair, client::Model),
    contracts: Vec<Uuid>,
) -> Result<Paired, Error> {
    note_contracts(&tx, pair.integration_id, contracts, app.clock.now_ms()).await?;
    let client = client::Entity::find_by_id(pair.client_id)
        .one(&tx)
        .await?
        .ok_or(Error::NotFound)?;
    let targets = editable(&store::custom_field::list(&tx).await?);
    tx.commit().await?;
    app.changed.send_replace(());
    // Others may wait for what the client is found by now.
    app.wake.notify_one();
    Ok(Paired {
        changes: changes(&before, &client, &targets),
        client,
    })
}

fn changes(before: &client::Model, after: &client::Model, targets: &[Target]) -> Vec<FieldChange> {
    let (before, after) = (ClientDraft::of(before), ClientDraft::of(after));
    let changes = targets.iter().map(|target| FieldChange {
        target: target.path.to_string(),
        before: before.shown(target),
        after: after.shown(target),
    });
    changes.filter(|change| change.before != change.after).collect()
}

impl Paired {
    fn unchanged(client: client::Model) -> Self {
        Self {
            client,
            changes: Vec::new(),
        }
    }
}
