//! The customers of one transaction: what is here of them, and what is to be written.

use std::collections::{HashMap, HashSet};

use entity::kind::{ClientMatchRule, ClientOrigin, StripeKind, SyncObject};
use entity::{client, client_link, unmatched_customer};
use sea_orm::ActiveEnum;
use uuid::Uuid;

use super::blank;
use crate::error::Error;
use crate::map::client::{self as map, ClientDraft};
use crate::map::matching::{Keys, Match};
use crate::pull::family::{Families, Family};
use crate::pull::outcome::Outcome;
use crate::pull::record::{Item, Written, is_of_mode, note};
use crate::pull::road::Road;
use crate::pull::stranger::introduce;
use crate::store::Transaction;
use crate::store::change::Changed;
use crate::store::source::ERASED;
use crate::store::{matching, record, remap_queue, source};

/// What is here, and what is to be written of it.
pub(super) struct Batch<'a> {
    road: Road<'a>,
    links: HashMap<String, client_link::Model>,
    families: Families,
    strangers: HashMap<String, (Keys, Match)>,
    changed_links: Vec<client_link::Model>,
    changed_rows: Vec<Uuid>,
    created: HashSet<Uuid>,
    linked: Vec<String>,
    waiting: Vec<unmatched_customer::Model>,
    next_speakers: Vec<(Uuid, String)>,
}

impl<'a> Batch<'a> {
    pub(super) async fn load(tx: &Transaction, road: Road<'a>, items: &[Item<'_>]) -> Result<Self, Error> {
        let ids = items.iter().map(|item| item.stripe_id).collect();
        let links = record::find_links(tx, road.rules.integration_id, ids).await?;
        let mut strange: Vec<(&str, Keys)> = Vec::new();
        for item in items.iter().filter(|item| !links.contains_key(item.stripe_id)) {
            // One that Stripe has deleted still has contracts: it is found by what it was last.
            let keys = match (item.value, item.kept) {
                (Some(value), _) => road.rules.matching.keys(value),
                (None, Some(kept)) if kept.text != b"{}" => road.rules.matching.keys(&source::parse(kept.text)?),
                (None, _) => continue,
            };
            strange.push((item.stripe_id, keys));
        }
        let strangers = introduce(tx, road.rules, strange).await?;
        let found = strangers.values().filter_map(|(_, found)| match found {
            Match::Found(client_id, _) => Some(*client_id),
            Match::None(_) => None,
        });
        let clients: HashSet<Uuid> = links.values().map(|link| link.client_id).chain(found).collect();
        let families = Families::find(tx, clients.into_iter().collect()).await?;
        Ok(Self {
            road,
            links,
            families,
            strangers,
            changed_links: Vec::new(),
            changed_rows: Vec::new(),
            created: HashSet::new(),
            linked: Vec::new(),
            waiting: Vec::new(),
            next_speakers: Vec::new(),
        })
    }

    pub(super) fn settle(&mut self, item: &Item<'_>) -> Written {
        let Some(value) = item.value else {
            let outcome = self.mark_deleted(item.stripe_id);
            let is_known = self.strangers.contains_key(item.stripe_id);
            if is_known && !self.links.contains_key(item.stripe_id) {
                self.wait(item.stripe_id);
            }
            return outcome.into();
        };
        if value.get("id").is_none() && value["object"] == "customer" {
            return Outcome::Skipped(ERASED).into();
        }
        if let Err(error) = is_of_mode(self.road, value) {
            return error.into();
        }
        let known = self.links.get(item.stripe_id).map(|link| link.client_id);
        let is_new_link = known.is_none() || self.take_back(item.stripe_id);
        let client_id = known.or_else(|| self.match_stranger(item.stripe_id, false));
        if !self.road.rules.customer.pulls {
            if client_id.is_none() {
                self.wait(item.stripe_id);
            }
            return Outcome::Skipped("DIRECTION_DISABLED").into();
        }
        let row = client_id.and_then(|id| self.families.get(id)).map(|family| &family.row);
        match map::map(&self.road.rules.customer.rules, value, row) {
            Ok(draft) => self.put(item.stripe_id, client_id, is_new_link, draft).into(),
            Err(error) => {
                // It makes no client of its own yet, and may be one that is saved meanwhile.
                if client_id.is_none() {
                    self.wait(item.stripe_id);
                }
                error.into()
            }
        }
    }

    /// A customer that was thought to be gone, and is not; says whether it was.
    fn take_back(&mut self, stripe_id: &str) -> bool {
        let Some(link) = self.links.get_mut(stripe_id).filter(|link| link.deleted_in_stripe) else {
            return false;
        };
        link.deleted_in_stripe = false;
        let link = link.clone();
        self.put_link(link);
        true
    }

    /// Links a customer that is not known yet to the client that the rules find.
    fn match_stranger(&mut self, stripe_id: &str, deleted_in_stripe: bool) -> Option<Uuid> {
        let Some((_, Match::Found(client_id, rule))) = self.strangers.get(stripe_id) else {
            return None;
        };
        let (client_id, rule) = (*client_id, *rule);
        self.families.get(client_id)?;
        self.link(stripe_id, client_id, rule, deleted_in_stripe);
        Some(client_id)
    }

    fn link(&mut self, stripe_id: &str, client_id: Uuid, rule: ClientMatchRule, deleted_in_stripe: bool) {
        let link = client_link::Model {
            integration_id: self.road.rules.integration_id,
            stripe_customer_id: stripe_id.to_owned(),
            client_id,
            linked_by: rule.to_value(),
            deleted_in_stripe,
            created_at: self.road.now_ms,
        };
        self.links.insert(stripe_id.to_owned(), link.clone());
        self.linked.push(stripe_id.to_owned());
        self.put_link(link);
    }

    /// Keeps a link, and has its client show it.
    fn put_link(&mut self, link: client_link::Model) {
        self.changed_links.push(link.clone());
        let client_id = link.client_id;
        if let Some(family) = self.families.get_mut(client_id) {
            family.put(link);
            if family.refresh() {
                self.changed_rows.push(client_id);
            }
        }
    }

    fn wait(&mut self, stripe_id: &str) {
        let keys = self
            .strangers
            .get(stripe_id)
            .map(|(keys, _)| keys.clone())
            .unwrap_or_default();
        self.waiting.push(unmatched_customer::Model {
            integration_id: self.road.rules.integration_id,
            stripe_customer_id: stripe_id.to_owned(),
            email_key: keys.email_key,
            external_id: keys.external_id,
        });
    }

    fn put(&mut self, stripe_id: &str, client_id: Option<Uuid>, is_new_link: bool, draft: ClientDraft) -> Outcome {
        let Some(client_id) = client_id else {
            self.create(stripe_id, draft);
            return Outcome::Created;
        };
        let own = (self.road.rules.integration_id, stripe_id);
        let Some(family) = self.families.get_mut(client_id) else {
            return Outcome::Unchanged;
        };
        let speaks = |link: &client_link::Model| (link.integration_id, link.stripe_customer_id.as_str()) == own;
        let differs = family.speaker().is_some_and(speaks) && family.write(draft);
        if differs {
            self.changed_rows.push(client_id);
        }
        if differs || is_new_link {
            Outcome::Updated
        } else {
            Outcome::Unchanged
        }
    }

    fn create(&mut self, stripe_id: &str, draft: ClientDraft) {
        let row = blank(Uuid::now_v7(), ClientOrigin::Stripe, self.road.now_ms);
        let id = row.id;
        self.families.found(row);
        self.created.insert(id);
        self.link(stripe_id, id, ClientMatchRule::StripeId, false);
        if let Some(family) = self.families.get_mut(id) {
            family.write(draft);
        }
        self.changed_rows.push(id);
    }

    /// The client stays. It is flagged once all customers that it is are gone; before, the next one speaks for it.
    fn mark_deleted(&mut self, stripe_id: &str) -> Outcome {
        if !self.links.contains_key(stripe_id) && self.match_stranger(stripe_id, true).is_some() {
            return Outcome::Updated;
        }
        let Some(link) = self.links.get_mut(stripe_id) else {
            return Outcome::Skipped("CUSTOMER_DELETED");
        };
        if link.deleted_in_stripe {
            return Outcome::Unchanged;
        }
        link.deleted_in_stripe = true;
        let link = link.clone();
        let client_id = link.client_id;
        self.put_link(link);
        if let Some(next) = self.families.get(client_id).and_then(Family::speaker) {
            self.next_speakers
                .push((next.integration_id, next.stripe_customer_id.clone()));
        }
        Outcome::Updated
    }

    pub(super) async fn save(self, tx: &Transaction) -> Result<(), Error> {
        let (road, integration_id) = (self.road, self.road.rules.integration_id);
        let mut seen = HashSet::new();
        let rows = self
            .changed_rows
            .iter()
            .filter(|id| seen.insert(**id))
            .filter_map(|id| {
                let row = self.families.get(*id)?.row.clone();
                Some(client::Model {
                    updated_at: road.now_ms,
                    ..row
                })
            });
        let rows = rows.collect();
        record::upsert_clients(tx, rows, &self.families.same_keys(&seen)).await?;
        let mut links: HashMap<String, client_link::Model> = HashMap::new();
        for link in self.changed_links {
            links.insert(link.stripe_customer_id.clone(), link);
        }
        record::upsert_links(tx, links.into_values().collect()).await?;
        matching::wait(tx, self.waiting).await?;
        let linked: Vec<&str> = self.linked.iter().map(String::as_str).collect();
        if !linked.is_empty() {
            matching::stop_waiting(tx, integration_id, linked.clone()).await?;
        }
        let keys: Vec<Keys> = seen
            .iter()
            .filter_map(|id| self.families.get(*id)?.changed_keys())
            .flatten()
            .collect();
        // A client of another address may be the one that a customer waits for.
        let waiting = matching::list_waiting(tx, &keys.iter().collect::<Vec<_>>()).await?;
        let waiting = waiting
            .into_iter()
            .map(|row| (row.integration_id, row.stripe_customer_id));
        for (integration_id, stripe_id) in waiting.chain(self.next_speakers) {
            remap_queue::add_kept(tx, integration_id, StripeKind::Customer, vec![&stripe_id]).await?;
        }
        let created = self.created;
        note(
            tx,
            road,
            SyncObject::Customer,
            Changed::of(self.changed_rows, |id| created.contains(id)),
        )
        .await?;
        if linked.is_empty() {
            return Ok(());
        }
        // Contracts that were here before their client show it from now on.
        let contracts = matching::list_contracts_of(tx, integration_id, linked).await?;
        note(tx, road, SyncObject::Contract, Changed::of(contracts, |_| false)).await
    }
}
