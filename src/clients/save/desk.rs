//! Edits on their way into rows: each against the client that it is about, and all against each other.

use std::collections::{HashMap, HashSet};

use entity::kind::{ClientMatchRule, ClientOrigin, StripeKind};
use entity::{client, client_link, custom_field, integration};
use sea_orm::ActiveEnum;
use uuid::Uuid;

use super::{Effect, Saved};
use crate::clients::by_integration;
use crate::clients::edit::{ClientEdit, StripeCustomer, editable};
use crate::error::{Code, Error, Problem};
use crate::map::matching::Keys;
use crate::map::rule::Target;
use crate::pull::blank_client;
use crate::store::Transaction;
use crate::store::{matching, record, source};
use crate::stripe::object::is_id;

/// What ids of customers begin with; others are only taken for customers that are here.
const CUSTOMER: &str = "cus_";
const NO_CUSTOMER: &str = "This is not the id of a Stripe customer: those begin with cus_.";

/// Edits on their way into rows.
pub(super) struct Desk<'a> {
    integrations: &'a [integration::Model],
    targets: Vec<Target>,
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

/// What is to be written.
pub(super) struct Done {
    pub(super) saved: Vec<Saved>,
    pub(super) rows: Vec<client::Model>,
    pub(super) links: Vec<client_link::Model>,
    /// By which the clients were found before, and are from now on.
    pub(super) keys: Vec<Keys>,
}

impl<'a> Desk<'a> {
    pub(super) fn new(
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

    pub(super) fn take(&mut self, index: usize, edit: &ClientEdit) -> Result<(), Vec<Problem>> {
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
        let effect = match edit.id {
            None => Effect::Created,
            Some(_) if row != existing => Effect::Changed,
            Some(_) => Effect::Unchanged,
        };
        if effect != Effect::Unchanged {
            self.rows.push(client::Model {
                updated_at: self.now_ms,
                ..row
            });
        }
        self.saved.push(Saved {
            index,
            id: existing.id,
            effect,
            is_unseen: false,
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
        if !is_id(&customer.stripe_id) {
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

    /// A customer that is another client already stays that one, and a parted pair apart: `linkClient` says otherwise.
    pub(super) async fn refuse_known_customers(&mut self, tx: &Transaction) -> Result<Vec<(usize, Problem)>, Error> {
        let mut problems = Vec::new();
        let links = std::mem::take(&mut self.links);
        let mut taken = who_they_are(tx, &links).await?;
        let parted = who_they_are_not(tx, &links).await?;
        let seen = who_was_seen(tx, &links).await?;
        for (index, link) in links {
            let customer = (link.integration_id, link.stripe_customer_id.clone());
            let is_unseen = !seen.contains(&customer);
            if let Some(saved) = self.saved.iter_mut().find(|saved| saved.index == index) {
                saved.is_unseen = is_unseen;
            }
            let mut refuse = |message: &str| {
                let code = if message == NO_CUSTOMER {
                    Code::Invalid
                } else {
                    Code::Conflict
                };
                let problem = Problem::new(&["stripe", "stripeId"], code, message);
                problems.push((index, problem));
                self.saved.retain(|saved| saved.index != index);
                self.rows.retain(|row| row.id != link.client_id);
            };
            match taken.get(&customer).copied() {
                Some(client) if client != link.client_id => {
                    refuse("This customer is another client already. linkClient moves it.");
                }
                Some(_) => {}
                None if parted.contains(&(customer.clone(), link.client_id)) => {
                    refuse("This customer and this client were parted. linkClient joins them again.");
                }
                None if is_unseen && !customer.1.starts_with(CUSTOMER) => refuse(NO_CUSTOMER),
                None => {
                    taken.insert(customer, link.client_id);
                    self.has_changed(index);
                    self.links.push((index, link));
                }
            }
        }
        Ok(problems)
    }

    pub(super) fn done(self) -> Done {
        Done {
            saved: self.saved,
            rows: self.rows,
            links: self.links.into_iter().map(|(_, link)| link).collect(),
            keys: self.keys,
        }
    }

    fn has_changed(&mut self, index: usize) {
        let unchanged = |saved: &&mut Saved| saved.index == index && saved.effect == Effect::Unchanged;
        if let Some(saved) = self.saved.iter_mut().find(unchanged) {
            saved.effect = Effect::Changed;
        }
    }
}

/// The clients that these customers are already.
async fn who_they_are(
    tx: &Transaction,
    links: &[(usize, client_link::Model)],
) -> Result<HashMap<(Uuid, String), Uuid>, Error> {
    let mut known = HashMap::new();
    for (integration_id, customers) in by_integration(links.iter().map(|(_, link)| link)) {
        for (customer, link) in record::find_links(tx, integration_id, customers).await? {
            known.insert((integration_id, customer), link.client_id);
        }
    }
    Ok(known)
}

/// The customers that Stripe has told of.
async fn who_was_seen(
    tx: &Transaction,
    links: &[(usize, client_link::Model)],
) -> Result<HashSet<(Uuid, String)>, Error> {
    let mut seen = HashSet::new();
    for (integration_id, customers) in by_integration(links.iter().map(|(_, link)| link)) {
        let here = source::find_ids(tx, integration_id, StripeKind::Customer, customers).await?;
        seen.extend(here.into_iter().map(|customer| (integration_id, customer)));
    }
    Ok(seen)
}

/// The clients that a person has parted from these customers.
async fn who_they_are_not(
    tx: &Transaction,
    links: &[(usize, client_link::Model)],
) -> Result<HashSet<((Uuid, String), Uuid)>, Error> {
    let mut parted = HashSet::new();
    for (integration_id, customers) in by_integration(links.iter().map(|(_, link)| link)) {
        for (customer, client_id) in matching::find_parted(tx, integration_id, customers).await? {
            parted.insert(((integration_id, customer), client_id));
        }
    }
    Ok(parted)
}
