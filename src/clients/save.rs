//! Saving clients, all or none.

mod desk;

use entity::list::RecordIds;
use entity::{client, integration, saved_clients};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::edit::ClientEdit;
use super::{by_integration, note_contracts, settle, take_turns};
use crate::app::App;
use crate::error::{Code, Error, Problem};
use crate::pull::family;
use crate::store::Transaction;
use crate::store::{self, matching, record};
use desk::Desk;

/// Clients of one request.
const MOST: usize = 250;
const KEY_LENGTH: usize = 200;

/// A request to save clients.
#[derive(Debug)]
pub struct SaveClients {
    /// What is to become of each.
    pub edits: Vec<ClientEdit>,
    /// The caller's key against doing it twice.
    pub idempotency_key: Option<String>,
    /// Who asks.
    pub user_id: Uuid,
}

/// Saves at most 250 clients. The same idempotency key with the same request gives the same clients and does nothing.
pub async fn save(app: &App, wish: SaveClients) -> Result<Vec<client::Model>, Error> {
    if !(1..=MOST).contains(&wish.edits.len()) {
        let message = format!("Give between 1 and {MOST} clients.");
        return Err(Error::refused(&["clients"], Code::OutOfRange, message));
    }
    check_key(wish.idempotency_key.as_deref())?;
    let digest = Sha256::digest(format!("{:?}", wish.edits)).to_vec();
    let tx = app.db.begin().await?;
    let integrations = take_turns(&tx).await?;
    let ids = if let Some(ids) = before(&tx, &wish, &digest).await? {
        ids
    } else {
        let (saved, problems) = save_all(app, &tx, &integrations, &wish.edits).await?;
        if !problems.is_empty() {
            return Err(Error::Refused(problems));
        }
        let ids: Vec<Uuid> = saved.iter().map(|saved| saved.id).collect();
        remember(app, &tx, wish, digest, ids.clone()).await?;
        ids
    };
    let mut rows = record::find_clients(&tx, ids.clone()).await?;
    tx.commit().await?;
    app.changed.send_replace(());
    Ok(ids.iter().filter_map(|id| rows.remove(id)).collect())
}

fn check_key(key: Option<&str>) -> Result<(), Error> {
    match key.map(|key| key.chars().count()) {
        None | Some(1..=KEY_LENGTH) => Ok(()),
        Some(_) => {
            let message = format!("An idempotency key has 1 to {KEY_LENGTH} characters.");
            Err(Error::refused(&["idempotencyKey"], Code::Invalid, message))
        }
    }
}

async fn before(tx: &Transaction, wish: &SaveClients, digest: &[u8]) -> Result<Option<Vec<Uuid>>, Error> {
    let Some(key) = &wish.idempotency_key else {
        return Ok(None);
    };
    let known = saved_clients::Entity::find_by_id((wish.user_id, key.clone()))
        .one(tx)
        .await?;
    match known {
        None => Ok(None),
        Some(known) if known.digest == digest => Ok(Some(known.clients.0)),
        Some(_) => {
            let message = "This idempotency key was used for another request.";
            Err(Error::refused(&["idempotencyKey"], Code::IdempotencyMismatch, message))
        }
    }
}

async fn remember(
    app: &App,
    tx: &Transaction,
    wish: SaveClients,
    digest: Vec<u8>,
    ids: Vec<Uuid>,
) -> Result<(), Error> {
    let Some(idempotency_key) = wish.idempotency_key else {
        return Ok(());
    };
    let row = saved_clients::Model {
        user_id: wish.user_id,
        idempotency_key,
        digest,
        clients: RecordIds(ids),
        created_at: app.clock.now_ms(),
    };
    row.into_active_model().reset_all().insert(tx).await?;
    Ok(())
}

/// What became of one edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Saved {
    /// The edit's place.
    pub index: usize,
    /// The client.
    pub id: Uuid,
    /// What it did.
    pub effect: Effect,
    /// It names a Stripe customer that has never been seen here.
    pub is_unseen: bool,
}

/// What an edit did to the client, or to which Stripe customers it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The client is new.
    Created,
    /// Something is different.
    Changed,
    /// All was so before.
    Unchanged,
}

/// Saves what is well of `edits` in the caller's transaction, and gives what is not. The caller holds all turns, and decides whether
/// the rest is wanted.
pub async fn save_all(
    app: &App,
    tx: &Transaction,
    integrations: &[integration::Model],
    edits: &[ClientEdit],
) -> Result<(Vec<Saved>, Vec<Problem>), Error> {
    let now_ms = app.clock.now_ms();
    let ids: Vec<Uuid> = edits.iter().filter_map(|edit| edit.id).collect();
    let here = record::find_clients(tx, ids.clone()).await?;
    let links = store::client::list_links(tx, &ids).await?;
    let fields = store::custom_field::list(tx).await?;
    let mut desk = Desk::new(integrations, &fields, here, links, now_ms);
    let mut problems = Vec::new();
    for (index, edit) in edits.iter().enumerate() {
        if let Err(found) = desk.take(index, edit) {
            problems.extend(found.into_iter().map(|problem| under(index, problem)));
        }
    }
    let taken = desk.refuse_known_customers(tx).await?;
    problems.extend(taken.into_iter().map(|(index, problem)| under(index, problem)));
    let done = desk.done();
    record::upsert_clients(tx, done.rows, &[]).await?;
    let with_links: Vec<Uuid> = done.links.iter().map(|link| link.client_id).collect();
    record::upsert_links(tx, done.links.clone()).await?;
    let mut attached = Vec::new();
    for (integration_id, customers) in by_integration(&done.links) {
        matching::stop_waiting(tx, integration_id, customers.clone()).await?;
        let contracts = matching::list_contracts_of(tx, integration_id, customers).await?;
        attached.push((integration_id, contracts));
    }
    family::refresh(tx, &with_links, now_ms).await?;
    let waiting = matching::list_waiting(tx, &done.keys.iter().collect::<Vec<_>>()).await?;
    let waiting = waiting
        .into_iter()
        .map(|row| (row.integration_id, row.stripe_customer_id));
    let linked = done
        .links
        .into_iter()
        .map(|link| (link.integration_id, link.stripe_customer_id));
    settle(tx, app, integrations, waiting.chain(linked)).await?;
    for (integration_id, contracts) in attached {
        note_contracts(tx, integration_id, contracts, now_ms).await?;
    }
    Ok((done.saved, problems))
}

fn under(index: usize, problem: Problem) -> Problem {
    let index = index.to_string();
    let mut path: Vec<String> = vec!["clients".to_owned(), index];
    path.extend(problem.path);
    Problem { path, ..problem }
}
