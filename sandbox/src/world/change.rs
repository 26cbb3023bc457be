//! What was changed, created and deleted since the start, and the events that
//! tell of it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::RangeBounds;
use std::sync::PoisonError;

use serde_json::{Value, json};

use super::event::{Happening, embed};
use super::selection::Place;
use super::{Kind, World, credit_note, ids};
use crate::webhook::Delivery;

/// All that differs from the generated world.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    pub(crate) objects: HashMap<(Kind, u64), Value>,
    pub(crate) gone: HashSet<(Kind, u64)>,
    pub(crate) poisons: HashMap<(Kind, u64), Value>,
    /// Ids of the merchant's choice.
    pub(crate) own_ids: HashMap<(Kind, String), u64>,
    added: BTreeMap<Kind, BTreeSet<Place>>,
}

impl World {
    /// Creates a customer with these fields; gives its id.
    pub fn create_customer(&self, patch: Value) -> String {
        let customer = json!({
            "object": "customer", "address": null, "balance": 0, "business_name": null,
            "currency": null, "customer_account": null, "default_source": null,
            "delinquent": false, "description": null, "discount": null, "email": null,
            "individual_name": null, "invoice_prefix": "SBNEW",
            "invoice_settings": {
                "custom_fields": null, "default_payment_method": null, "footer": null,
                "rendering_options": null,
            },
            "metadata": {}, "name": null, "next_invoice_sequence": 1, "phone": null,
            "preferred_locales": [], "shipping": null, "tax_exempt": "none", "test_clock": null,
        });
        self.create(Kind::Customer, customer, patch, &["customer.created"])
    }

    /// Creates a product with these fields, `id` among them if wished; gives its id.
    pub fn create_product(&self, patch: Value) -> String {
        let product = json!({
            "object": "product", "active": true, "default_price": null, "description": null,
            "images": [], "marketing_features": [], "metadata": {}, "name": "New product",
            "package_dimensions": null, "shippable": null, "statement_descriptor": null,
            "tax_code": null, "tax_details": null, "type": "service", "unit_label": null,
            "updated": self.now(), "url": null,
        });
        self.create(Kind::Product, product, patch, &["product.created"])
    }

    /// Changes fields of an object; a nested object is merged, an array taken
    /// whole. Nothing happens when there is no such object.
    pub fn update(&self, kind: Kind, id: &str, patch: Value) {
        let event = match kind {
            Kind::Subscription => "customer.subscription.updated".to_owned(),
            _ => format!("{}.updated", kind.object()),
        };
        self.amend(kind, id, patch, &[&event]);
    }

    /// Deletes a customer and cancels their subscriptions.
    pub fn delete_customer(&self, id: &str) {
        let Some(index) = self.resolve(Kind::Customer, id) else {
            return;
        };
        let Some(before) = self.current(Kind::Customer, index) else {
            return;
        };
        let subscriptions: Vec<u64> = (0..self.generated(Kind::Subscription))
            .filter(|index| {
                self.field(Kind::Subscription, *index, "customer")
                    .as_deref()
                    == Some(id)
            })
            .filter(|index| {
                self.field(Kind::Subscription, *index, "status").as_deref() != Some("canceled")
            })
            .collect();
        for subscription in subscriptions {
            self.cancel_subscription(&Self::id(Kind::Subscription, subscription));
        }
        self.keep(Kind::Customer, index, Self::stub(id));
        self.tell("customer.deleted", before, None);
    }

    /// Deletes a product; it is then found nowhere.
    pub fn delete_product(&self, id: &str) {
        let Some(index) = self.resolve(Kind::Product, id) else {
            return;
        };
        let Some(before) = self.current(Kind::Product, index) else {
            return;
        };
        self.with_changes(|changes| changes.gone.insert((Kind::Product, index)));
        self.tell("product.deleted", before, None);
    }

    /// Creates an invoice made at one time and paid at another (Unix seconds),
    /// for one line of 50.00; gives its id.
    pub fn create_paid_invoice(&self, customer_id: &str, created: i64, paid_at: i64) -> String {
        let customer = self.get(Kind::Customer, customer_id).unwrap_or_default();
        let currency = customer["currency"].as_str().unwrap_or("usd");
        let mut invoice = self.blank_invoice(self.next_index(Kind::Invoice), 5_000);
        merge(
            &mut invoice,
            json!({
                "created": created, "currency": currency, "customer": customer_id,
                "customer_name": customer["name"], "customer_email": customer["email"],
                "amount_paid": 5_000, "amount_remaining": 0, "attempt_count": 1, "attempted": true,
                "auto_advance": false, "due_date": null, "effective_at": created,
                "ending_balance": 0, "period_start": created, "period_end": created,
                "status": "paid", "status_transitions": {"finalized_at": created, "paid_at": paid_at},
            }),
        );
        merge(
            &mut invoice["lines"]["data"][0],
            json!({
                "currency": currency, "period": {"start": created, "end": created},
            }),
        );
        self.create(Kind::Invoice, invoice, json!({}), &["invoice.paid"])
    }

    /// Pays an invoice now.
    pub fn pay_invoice(&self, id: &str) {
        let Some(invoice) = self.get(Kind::Invoice, id) else {
            return;
        };
        let patch = json!({
            "status": "paid", "amount_paid": invoice["amount_due"], "amount_remaining": 0,
            "attempted": true, "status_transitions": {"paid_at": self.now()},
        });
        self.amend(
            Kind::Invoice,
            id,
            patch,
            &["invoice.updated", "invoice.paid"],
        );
    }

    /// Ends a subscription now.
    pub fn cancel_subscription(&self, id: &str) {
        let patch = json!({
            "status": "canceled", "canceled_at": self.now(), "ended_at": self.now(),
            "cancellation_details": {"reason": "cancellation_requested"},
        });
        self.amend(
            Kind::Subscription,
            id,
            patch,
            &["customer.subscription.deleted"],
        );
    }

    /// Credits a quarter of an invoice's total after payment; gives the note's
    /// id, or an empty one when there is no such invoice.
    pub fn create_credit_note(&self, invoice_id: &str) -> String {
        let Some(invoice) = self.get(Kind::Invoice, invoice_id) else {
            return String::new();
        };
        let step = match invoice["currency"].as_str() {
            Some("isk") => 100,
            Some("kwd") => 10,
            _ => 1,
        };
        let amount = invoice["total"].as_i64().unwrap_or_default() / 4 / step * step;
        let note = credit_note::render(&credit_note::Note {
            id: &self.next_id(Kind::CreditNote),
            invoice: invoice_id,
            customer: invoice["customer"].as_str(),
            currency: invoice["currency"].as_str().unwrap_or("usd"),
            amount,
            created: self.now(),
            voided_at: None,
            livemode: self.livemode(),
        });
        let id = self.create(Kind::CreditNote, note, json!({}), &["credit_note.created"]);
        let credited = invoice["post_payment_credit_notes_amount"]
            .as_i64()
            .unwrap_or_default();
        let patch = json!({ "post_payment_credit_notes_amount": credited + amount });
        self.amend(Kind::Invoice, invoice_id, patch, &["invoice.updated"]);
        id
    }

    /// Serves this in the object's place, without an event and without touching
    /// the truth.
    pub fn poison(&self, kind: Kind, id: &str, value: Value) {
        if let Some(index) = self.resolve(kind, id) {
            self.with_changes(|changes| changes.poisons.insert((kind, index), value));
        }
    }

    /// When an object came to be, created ones included.
    pub(crate) fn created_of(&self, kind: Kind, index: u64) -> i64 {
        if index < self.generated(kind) {
            return self.created(kind, index);
        }
        let places = &self.changes().added;
        let place = places
            .get(&kind)
            .and_then(|all| all.iter().find(|place| place.1 == index));
        place.map_or(0, |place| place.0)
    }

    /// The numbers of the objects created since the start.
    pub(crate) fn added(&self, kind: Kind) -> Vec<u64> {
        self.added_places(kind, ..)
            .into_iter()
            .map(|place| place.1)
            .collect()
    }

    pub(crate) fn added_places(&self, kind: Kind, range: impl RangeBounds<Place>) -> Vec<Place> {
        let changes = self.changes();
        changes
            .added
            .get(&kind)
            .map_or_else(Vec::new, |all| all.range(range).copied().collect())
    }

    fn with_changes<T>(&self, change: impl FnOnce(&mut Changes) -> T) -> T {
        change(&mut self.changes.write().unwrap_or_else(PoisonError::into_inner))
    }

    fn next_index(&self, kind: Kind) -> u64 {
        let added = self.changes().added.get(&kind).map_or(0, BTreeSet::len);
        self.generated(kind) + u64::try_from(added).unwrap_or_default()
    }

    fn next_id(&self, kind: Kind) -> String {
        ids::encode(kind.prefix(), self.next_index(kind))
    }

    fn keep(&self, kind: Kind, index: u64, object: Value) {
        self.with_changes(|changes| changes.objects.insert((kind, index), object));
    }

    fn create(&self, kind: Kind, mut object: Value, patch: Value, events: &[&str]) -> String {
        let index = self.next_index(kind);
        let given =
            json!({"id": self.next_id(kind), "created": self.now(), "livemode": self.livemode()});
        let mut base = given;
        merge(&mut base, object.take());
        merge(&mut base, patch);
        let id = base["id"].as_str().unwrap_or_default().to_owned();
        let created = base["created"].as_i64().unwrap_or_default();
        self.with_changes(|changes| {
            changes.objects.insert((kind, index), base.clone());
            changes
                .added
                .entry(kind)
                .or_default()
                .insert((created, index));
            changes.own_ids.insert((kind, id.clone()), index);
        });
        for event in events {
            self.tell(event, base.clone(), None);
        }
        id
    }

    fn amend(&self, kind: Kind, id: &str, patch: Value, events: &[&str]) {
        let Some(index) = self.resolve(kind, id) else {
            return;
        };
        let Some(mut object) = self.current(kind, index) else {
            return;
        };
        let previous = earlier(&object, &patch);
        merge(&mut object, patch);
        if kind == Kind::Product {
            object["updated"] = json!(self.now());
        }
        self.keep(kind, index, object.clone());
        for event in events {
            let previous = event.ends_with(".updated").then(|| previous.clone());
            self.tell(event, object.clone(), previous);
        }
    }

    /// Records an event and hands it to the webhooks.
    fn tell(&self, kind: &str, object: Value, previous: Option<Value>) {
        let index = self.next_index(Kind::Event);
        let created = self.now();
        let event = self.event(
            index,
            created,
            Happening {
                kind,
                object: embed(object),
                previous,
            },
        );
        self.with_changes(|changes| {
            changes.objects.insert((Kind::Event, index), event.clone());
            changes
                .added
                .entry(Kind::Event)
                .or_default()
                .insert((created, index));
        });
        let hooks = self.webhooks.lock().unwrap_or_else(PoisonError::into_inner);
        for (url, secret) in hooks.iter() {
            let delivery = Delivery::new(url, secret, created, &event);
            // Nobody delivers once the sandbox has stopped.
            drop(self.deliveries.send(delivery));
        }
    }
}

/// The former values of the fields a patch touches.
fn earlier(object: &Value, patch: &Value) -> Value {
    match (object, patch) {
        (Value::Object(fields), Value::Object(patch)) => patch
            .iter()
            .map(|(name, value)| {
                let former = fields.get(name).unwrap_or(&Value::Null);
                (name.clone(), earlier(former, value))
            })
            .collect(),
        _ => object.clone(),
    }
}

/// Lays a patch over a value: objects are merged, all else is replaced.
pub(crate) fn merge(object: &mut Value, patch: Value) {
    match (object, patch) {
        (Value::Object(fields), Value::Object(patch)) => {
            for (name, value) in patch {
                merge(fields.entry(name).or_insert(Value::Null), value);
            }
        }
        (object, patch) => *object = patch,
    }
}
