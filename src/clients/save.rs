//! Saving clients, all or none.

use std::collections::{HashMap, HashSet};

use entity::kind::{ClientMatchRule, ClientOrigin};
use entity::list::RecordIds;
use entity::{client, client_link, custom_field, integration, saved_clients};
use sea_orm::{ActiveEnum, ActiveModelTrait, DatabaseTransaction, EntityTrait, IntoActiveModel};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::edit::{ClientEdit, StripeCustomer, editable};
use super::{note_contracts, settle, take_turns};
use crate::app::App;
use crate::error::{Code, Error, Problem};
use crate::map::matching::Keys;
use crate::pull::{blank_client, family};
use crate::store::{self, matching, record};
use crate::stripe::list::can_be_asked;

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
    let ids = match before(&tx, &wish, &digest).await? {
        Some(ids) => ids,
        None => {
            let (saved, problems) = save_all(app, &tx, &integrations, &wish.edits).await?;
            if !problems.is_empty() {
                return Err(Error::Refused(problems));
            }
            let ids: Vec<Uuid> = saved.iter().map(|saved| saved.id).collect();
            remember(app, &tx, wish, digest, ids.clone()).await?;
            ids
        }
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

async fn before(tx: &DatabaseTransaction, wish: &SaveClients, digest: &[u8]) -> Result<Option<Vec<Uuid>>, Error> {
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
    tx: &DatabaseTransaction,
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
    /// It was made by it.
    pub is_new: bool,
}

/// Saves what is well of `edits` in the caller's transaction, and gives what is not. The caller holds all turns, and decides whether
/// the rest is wanted.
pub async fn save_all(
    app: &App,
    tx: &DatabaseTransaction,
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
    problems.extend(desk.refuse_customers(tx).await?);
    let Desk {
        saved,
        rows,
        links,
        keys,
        ..
    } = desk;
    record::upsert_clients(tx, rows).await?;
    let linked: Vec<(Uuid, String)> = links
        .iter()
        .map(|(_, link)| (link.integration_id, link.stripe_customer_id.clone()))
        .collect();
    let with_links: Vec<Uuid> = links.iter().map(|(_, link)| link.client_id).collect();
    record::upsert_links(tx, links.into_iter().map(|(_, link)| link).collect()).await?;
    let mut attached = Vec::with_capacity(linked.len());
    for (integration_id, customer) in &linked {
        matching::stop_waiting(tx, *integration_id, vec![customer]).await?;
        attached.push((
            *integration_id,
            matching::list_contracts_of(tx, *integration_id, vec![customer]).await?,
        ));
    }
    family::refresh(tx, &with_links, now_ms).await?;
    let waiting = matching::list_waiting(tx, &keys.iter().collect::<Vec<_>>()).await?;
    let waiting = waiting
        .into_iter()
        .map(|row| (row.integration_id, row.stripe_customer_id));
    settle(tx, app, integrations, waiting.chain(linked)).await?;
    for (integration_id, contracts) in attached {
        note_contracts(tx, integration_id, contracts, now_ms).await?;
    }
    Ok((saved, problems))
}

fn under(index: usize, problem: Problem) -> Problem {
    let index = index.to_string();
    let mut path: Vec<String> = vec!["clients".to_owned(), index];
    path.extend(problem.path);
    Problem { path, ..problem }
}

/// Edits on their way into rows.
struct Desk<'a> {
    integrations: &'a [integration::Model],
    targets: Vec<crate::map::rule::Target>,
    here: HashMap<Uuid, client::Model>,
    stripe_ids: HashMap<Uuid, Vec<String>>,
    now_ms: i64,
    met: HashSet<Uuid>,
    saved: Vec<Saved>,
    rows: Vec<client::Model>,
    links: Vec<(usize, client_link::Model)>,
    /// By which the clients were found before, and are from now on.
    keys: Vec<Keys>,
}

impl<'a> Desk<'a> {
    fn new(
        integrations: &'a [integration::Model],
        fields: &[custom_field::Model],
        here: HashMap<Uuid, client::Model>,
        links: Vec<client_link::Model>,
        now_ms: i64,
    ) -> Self {
        let mut stripe_ids: HashMap<Uuid, Vec<String>> = HashMap::new();
        for link in links {
            stripe_ids
                .entry(link.client_id)
                .or_default()
                .push(link.stripe_customer_id);
        }
        Self {
            integrations,
            targets: editable(fields),
            here,
            stripe_ids,
            now_ms,
            met: HashSet::new(),
            saved: Vec::new(),
            rows: Vec::new(),
            links: Vec::new(),
            keys: Vec::new(),
        }
    }

    fn take(&mut self, index: usize, edit: &ClientEdit) -> Result<(), Vec<Problem>> {
        let one = |path: &[&str], code, message: &str| vec![Problem::new(path, code, message)];
        let existing = match edit.id {
            None => blank_client(Uuid::now_v7(), ClientOrigin::Manual, self.now_ms),
            Some(id) if !self.met.insert(id) => {
                return Err(one(&["id"], Code::Conflict, "This client is in the request twice."));
            }
            Some(id) => match self.here.get(&id) {
                Some(row) => row.clone(),
                None => return Err(one(&["id"], Code::NotFound, "There is no such client.")),
            },
        };
        let draft = edit.apply(&existing, &self.targets)?;
        if let Some(customer) = &edit.stripe {
            let link = self.link(&existing, customer).map_err(|problem| vec![problem])?;
            self.links.push((index, link));
        }
        let ids = self
            .stripe_ids
            .get(&existing.id)
            .into_iter()
            .flatten()
            .map(String::as_str);
        let row = draft.into_row(&existing, ids);
        self.keys.extend([Keys::of(&existing), Keys::of(&row)]);
        if row != existing {
            self.rows.push(client::Model {
                updated_at: self.now_ms,
                ..row
            });
        }
        self.saved.push(Saved {
            index,
            id: existing.id,
            is_new: edit.id.is_none(),
        });
        Ok(())
    }

    fn link(&self, client: &client::Model, customer: &StripeCustomer) -> Result<client_link::Model, Problem> {
        let refuse = |field: &str, code, message: &str| Problem::new(&["stripe", field], code, message);
        let integration = match (customer.integration_id, self.integrations) {
            (Some(id), all) => all.iter().find(|integration| integration.id == id),
            (None, [only]) => Some(only),
            (None, _) => {
                let message = "Say which connected account the customer is of.";
                return Err(refuse("integrationId", Code::Required, message));
            }
        };
        let integration =
            integration.ok_or_else(|| refuse("integrationId", Code::NotFound, "There is no such integration."))?;
        if !can_be_asked(&customer.stripe_id) {
            let message = "A Stripe id has 1 to 255 characters and no control characters.";
            return Err(refuse("stripeId", Code::Invalid, message));
        }
        Ok(client_link::Model {
            integration_id: integration.id,
            stripe_customer_id: customer.stripe_id.clone(),
            client_id: client.id,
            linked_by: ClientMatchRule::StripeId.to_value(),
            deleted_in_stripe: false,
            created_at: self.now_ms,
        })
    }

    /// A customer that is another client already stays that one, and a pair that was parted stays so: `linkClient` says otherwise.
    async fn refuse_customers(&mut self, tx: &DatabaseTransaction) -> Result<Vec<Problem>, Error> {
        let mut problems = Vec::new();
        let mut met: HashMap<(Uuid, String), Uuid> = HashMap::new();
        for (index, link) in std::mem::take(&mut self.links) {
            let customer = (link.integration_id, link.stripe_customer_id.clone());
            let known = matching::find_link(tx, customer.0, &customer.1)
                .await?
                .map(|known| known.client_id);
            let taken = known.or_else(|| met.get(&customer).copied());
            let refusal = match taken {
                Some(client) if client == link.client_id => continue,
                Some(_) => Some("This customer is another client already. linkClient moves it."),
                None if is_parted(tx, &link).await? => Some("This pair was parted. linkClient joins it again."),
                None => None,
            };
            match refusal {
                Some(message) => {
                    let problem = Problem::new(&["stripe", "stripeId"], Code::Conflict, message);
                    problems.push(under(index, problem));
                    self.saved.retain(|saved| saved.index != index);
                    self.rows.retain(|row| row.id != link.client_id);
                }
                None => {
                    met.insert(customer, link.client_id);
                    self.links.push((index, link));
                }
            }
        }
        Ok(problems)
    }
}

async fn is_parted(tx: &DatabaseTransaction, link: &client_link::Model) -> Result<bool, Error> {
    let customer = link.stripe_customer_id.as_str();
    let parted = matching::find_parted(tx, link.integration_id, vec![customer]).await?;
    Ok(parted.contains(&(customer.to_owned(), link.client_id)))
}
