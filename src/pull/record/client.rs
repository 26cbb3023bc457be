//! Customers become clients.

use std::collections::{HashMap, HashSet};

use entity::kind::{ClientOrigin, SyncObject};
use entity::list::Warnings;
use entity::{client, client_link};
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::{Item, Written, is_of_mode, note};
use crate::error::Error;
use crate::map::client::ClientDraft;
use crate::map::key::{name_key, search_key};
use crate::pull::outcome::Outcome;
use crate::pull::road::Road;
use crate::store::change::Changed;
use crate::store::record;

/// What is here of the customers of a batch, and what is to be written of it.
struct Clients {
    links: HashMap<String, client_link::Model>,
    rows: HashMap<Uuid, client::Model>,
    changed_links: Vec<client_link::Model>,
    changed_rows: Vec<Uuid>,
    created: HashSet<Uuid>,
}

pub(super) async fn write(tx: &DatabaseTransaction, road: Road<'_>, items: &[Item<'_>]) -> Result<Vec<Written>, Error> {
    let ids = items.iter().map(|item| item.stripe_id).collect();
    let links = record::find_links(tx, road.rules.integration_id, ids).await?;
    let rows = record::find_clients(tx, links.values().map(|link| link.client_id).collect()).await?;
    let mut clients = Clients {
        links,
        rows,
        changed_links: Vec::new(),
        changed_rows: Vec::new(),
        created: HashSet::new(),
    };
    let mut written = Vec::with_capacity(items.len());
    for item in items {
        written.push(clients.settle(tx, road, item).await?);
    }
    let changed = clients
        .changed_rows
        .iter()
        .filter_map(|id| clients.rows.get(id).cloned())
        .collect();
    record::upsert_clients(tx, changed).await?;
    record::upsert_links(tx, clients.changed_links).await?;
    let changed = Changed::of(clients.changed_rows, |id| clients.created.contains(id));
    note(tx, road, SyncObject::Customer, changed).await?;
    Ok(written)
}

impl Clients {
    async fn settle(&mut self, tx: &DatabaseTransaction, road: Road<'_>, item: &Item<'_>) -> Result<Written, Error> {
        let Some(value) = item.value else {
            return Ok(self.mark_deleted(tx, road, item.stripe_id).await?.into());
        };
        if let Err(error) = is_of_mode(road, value) {
            return Ok(error.into());
        }
        if !road.rules.customer.pulls {
            return Ok(Outcome::Skipped("DIRECTION_DISABLED").into());
        }
        let existing = self
            .links
            .get(item.stripe_id)
            .and_then(|link| self.rows.get(&link.client_id));
        match crate::map::client::map(&road.rules.customer.rules, value, existing) {
            Ok(draft) => Ok(self.put(road, item.stripe_id, draft).into()),
            Err(error) => Ok(error.into()),
        }
    }

    fn put(&mut self, road: Road<'_>, stripe_id: &str, draft: ClientDraft) -> Outcome {
        let Some(existing) = self
            .links
            .get(stripe_id)
            .and_then(|link| self.rows.get(&link.client_id))
        else {
            self.create(road, stripe_id, draft);
            return Outcome::Created;
        };
        let row = row_of(draft, stripe_id, existing);
        if row == *existing {
            return Outcome::Unchanged;
        }
        let id = row.id;
        self.rows.insert(
            id,
            client::Model {
                updated_at: road.now_ms,
                ..row
            },
        );
        self.changed_rows.push(id);
        Outcome::Updated
    }

    fn create(&mut self, road: Road<'_>, stripe_id: &str, draft: ClientDraft) {
        let blank = blank(Uuid::now_v7(), road.now_ms);
        let row = row_of(draft, stripe_id, &blank);
        self.changed_links.push(client_link::Model {
            integration_id: road.rules.integration_id,
            stripe_customer_id: stripe_id.to_owned(),
            client_id: row.id,
            linked_by: "STRIPE_ID".to_owned(),
            deleted_in_stripe: false,
            created_at: road.now_ms,
        });
        self.changed_rows.push(row.id);
        self.created.insert(row.id);
        self.rows.insert(row.id, row);
    }

    /// The client stays. It is flagged once all customers that it is are gone.
    async fn mark_deleted(
        &mut self,
        tx: &DatabaseTransaction,
        road: Road<'_>,
        stripe_id: &str,
    ) -> Result<Outcome, Error> {
        let Some(link) = self.links.get_mut(stripe_id) else {
            return Ok(Outcome::Skipped("CUSTOMER_DELETED"));
        };
        if link.deleted_in_stripe {
            return Ok(Outcome::Unchanged);
        }
        link.deleted_in_stripe = true;
        self.changed_links.push(link.clone());
        let client_id = link.client_id;
        let all_links = record::find_links_of_client(tx, client_id).await?;
        let gone = |other: &client_link::Model| {
            other.deleted_in_stripe
                || self
                    .changed_links
                    .iter()
                    .any(|changed| changed.deleted_in_stripe && is_same(changed, other))
        };
        if all_links.iter().all(gone)
            && let Some(row) = self.rows.get_mut(&client_id)
        {
            row.deleted_in_stripe = true;
            row.updated_at = road.now_ms;
            self.changed_rows.push(client_id);
        }
        Ok(Outcome::Updated)
    }
}

fn is_same(one: &client_link::Model, other: &client_link::Model) -> bool {
    (one.integration_id, &one.stripe_customer_id) == (other.integration_id, &other.stripe_customer_id)
}

fn blank(id: Uuid, now_ms: i64) -> client::Model {
    client::Model {
        id,
        origin: ClientOrigin::Stripe,
        name: String::new(),
        name_key: String::new(),
        search_key: String::new(),
        status: entity::kind::ClientStatus::Active,
        email: None,
        phone: None,
        site_url: None,
        external_id: None,
        address_line1: None,
        address_line2: None,
        address_city: None,
        address_state: None,
        address_postal_code: None,
        address_country: None,
        currency: None,
        inception_date: None,
        deleted_in_stripe: false,
        warnings: Warnings::default(),
        created_at: now_ms,
        updated_at: now_ms,
    }
}

fn row_of(draft: ClientDraft, stripe_id: &str, existing: &client::Model) -> client::Model {
    let parts = [
        Some(draft.name.as_str()),
        draft.email.as_deref(),
        draft.external_id.as_deref(),
        Some(stripe_id),
    ];
    client::Model {
        name_key: name_key(&draft.name),
        search_key: search_key(parts.into_iter().flatten()),
        name: draft.name,
        status: draft.status.0,
        email: draft.email,
        phone: draft.phone,
        site_url: draft.site_url,
        external_id: draft.external_id,
        address_line1: draft.address_line1,
        address_line2: draft.address_line2,
        address_city: draft.address_city,
        address_state: draft.address_state,
        address_postal_code: draft.address_postal_code,
        address_country: draft.address_country,
        currency: draft.currency,
        inception_date: draft.inception_date,
        warnings: Warnings(draft.warnings),
        ..existing.clone()
    }
}
