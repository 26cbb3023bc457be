//! Clients with the customers that they are.

use std::collections::{HashMap, HashSet};

use entity::kind::{ClientOrigin, StripeKind};
use entity::{client, client_link};
use uuid::Uuid;

use crate::error::Error;
use crate::map::client::ClientDraft;
use crate::map::matching::Keys;
use crate::store::Transaction;
use crate::store::{self, matching, record, remap_queue};

/// Brings what clients show of their links up to date, and gives the customers that speak for them.
pub async fn refresh(tx: &Transaction, clients: &[Uuid], now_ms: i64) -> Result<Vec<client_link::Model>, Error> {
    let mut families = Families::find(tx, clients.to_vec()).await?;
    let mut changed = Vec::new();
    for family in families.0.values_mut() {
        if family.refresh() {
            changed.push(client::Model {
                updated_at: now_ms,
                ..family.row.clone()
            });
        }
    }
    record::upsert_clients(tx, changed, &[]).await?;
    Ok(families
        .0
        .values()
        .filter_map(|family| family.speaker().cloned())
        .collect())
}

/// Customers have left the clients. What Stripe has written over in those kept by hand comes back; a customer that is one still writes it
/// anew when it is mapped. Who waits for what a client is found by from now on is queued.
pub async fn give_back(tx: &Transaction, clients: &[Uuid], now_ms: i64) -> Result<(), Error> {
    let mut families = Families::find(tx, clients.to_vec()).await?;
    let (mut changed, mut keys) = (Vec::new(), Vec::new());
    for family in families.0.values_mut() {
        let mut draft = ClientDraft::of(&family.row);
        draft.give_back();
        if family.write(draft) {
            changed.push(client::Model {
                updated_at: now_ms,
                ..family.row.clone()
            });
        }
        keys.extend(family.changed_keys().into_iter().flatten());
    }
    record::upsert_clients(tx, changed, &[]).await?;
    for waiting in matching::list_waiting(tx, &keys.iter().collect::<Vec<_>>()).await? {
        let customer = vec![waiting.stripe_customer_id.as_str()];
        remap_queue::add_kept(tx, waiting.integration_id, StripeKind::Customer, customer).await?;
    }
    Ok(())
}

/// Clients by id, each with its links, the first one in front.
#[derive(Debug, Default)]
pub(super) struct Families(HashMap<Uuid, Family>);

#[derive(Debug)]
pub(super) struct Family {
    pub(super) row: client::Model,
    links: Vec<client_link::Model>,
    /// By which the rules found it before.
    found_by: Keys,
    /// By which lists sorted it before.
    sorted_by: String,
}

impl Families {
    /// The clients that are here, held until the transaction ends.
    pub(super) async fn find(tx: &Transaction, clients: Vec<Uuid>) -> Result<Self, Error> {
        if clients.is_empty() {
            return Ok(Self::default());
        }
        let rows = record::find_clients(tx, clients.clone()).await?;
        Ok(Self::new(rows, store::client::list_links(tx, &clients).await?))
    }

    fn new(rows: HashMap<Uuid, client::Model>, links: Vec<client_link::Model>) -> Self {
        let mut families: HashMap<Uuid, Family> = rows
            .into_iter()
            .map(|(id, row)| (id, Family::new(row, Vec::new())))
            .collect();
        for link in links {
            if let Some(family) = families.get_mut(&link.client_id) {
                family.links.push(link);
            }
        }
        Self(families)
    }

    pub(super) fn get(&self, client_id: Uuid) -> Option<&Family> {
        self.0.get(&client_id)
    }

    pub(super) fn get_mut(&mut self, client_id: Uuid) -> Option<&mut Family> {
        self.0.get_mut(&client_id)
    }

    /// The columns by which lists and rules find clients, as far as none of these differs in them from what is here.
    pub(super) fn same_keys(&self, clients: &HashSet<Uuid>) -> Vec<client::Column> {
        use client::Column;
        let all = |is_same: fn(&Family) -> bool| clients.iter().filter_map(|id| self.0.get(id)).all(is_same);
        let same = [
            (Column::NameKey, all(|family| family.row.name_key == family.sorted_by)),
            (
                Column::EmailKey,
                all(|family| family.row.email_key == family.found_by.email_key),
            ),
            (
                Column::ExternalId,
                all(|family| family.row.external_id == family.found_by.external_id),
            ),
        ];
        same.into_iter()
            .filter_map(|(column, is_same)| is_same.then_some(column))
            .collect()
    }

    pub(super) fn found(&mut self, row: client::Model) {
        self.0.insert(row.id, Family::new(row, Vec::new()));
    }
}

impl Family {
    /// `links` are all that the client has, the first one in front.
    pub(super) fn new(row: client::Model, links: Vec<client_link::Model>) -> Self {
        Self {
            found_by: Keys::of(&row),
            sorted_by: row.name_key.clone(),
            row,
            links,
        }
    }

    /// What the rules found the client by before, and what they find it by now, where that is something else. They look at no
    /// client that a customer has made.
    pub(super) fn changed_keys(&self) -> Option<[Keys; 2]> {
        let now = Keys::of(&self.row);
        let differs = self.row.origin == ClientOrigin::Manual && now != self.found_by;
        differs.then(|| [self.found_by.clone(), now])
    }

    /// The link whose customer is mapped: the first that Stripe still has.
    pub(super) fn speaker(&self) -> Option<&client_link::Model> {
        self.links.iter().find(|link| !link.deleted_in_stripe)
    }

    /// Takes a link in, or what has become of it.
    pub(super) fn put(&mut self, link: client_link::Model) {
        let same = |known: &&mut client_link::Model| {
            (known.integration_id, &known.stripe_customer_id) == (link.integration_id, &link.stripe_customer_id)
        };
        match self.links.iter_mut().find(same) {
            Some(known) => *known = link,
            None => self.links.push(link),
        }
        self.links.sort_by(|a, b| place(a).cmp(&place(b)));
    }

    /// Writes `draft` into the row; says whether anything is different.
    pub(super) fn write(&mut self, draft: ClientDraft) -> bool {
        let ids = self.links.iter().map(|link| link.stripe_customer_id.as_str());
        let row = client::Model {
            deleted_in_stripe: !self.links.is_empty() && self.speaker().is_none(),
            ..draft.into_row(&self.row, ids)
        };
        let differs = row != self.row;
        self.row = row;
        differs
    }

    /// Brings what the row shows of its links up to date; says whether anything is different.
    pub(super) fn refresh(&mut self) -> bool {
        self.write(ClientDraft::of(&self.row))
    }
}

/// As `store::client::list_links` sorts them.
fn place(link: &client_link::Model) -> (i64, &str, Uuid) {
    (link.created_at, &link.stripe_customer_id, link.integration_id)
}
