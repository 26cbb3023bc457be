//! Finding objects by id and reading single fields of them without rendering
//! the whole.

use std::borrow::Cow;

use serde_json::Value;

use super::{Kind, World, coupon, customer, ids, price, product, subscription};

impl World {
    /// Every object of a kind as it stands, in full: all lines and items, tiers
    /// and inline prices, deleted customers as stubs; oldest first.
    pub fn truth(&self, kind: Kind) -> Vec<Value> {
        (0..self.generated(kind))
            .chain(self.added(kind))
            .filter_map(|index| self.current(kind, index))
            .collect()
    }

    /// The object with this id as it stands, in full.
    pub fn get(&self, kind: Kind, id: &str) -> Option<Value> {
        self.current(kind, self.resolve(kind, id)?)
    }

    /// What is served in an object's place, where something is.
    pub(crate) fn poisoned(&self, kind: Kind, index: u64) -> Option<Value> {
        self.changes().poisons.get(&(kind, index)).cloned()
    }

    pub(crate) fn current(&self, kind: Kind, index: u64) -> Option<Value> {
        let changes = self.changes();
        if changes.gone.contains(&(kind, index)) {
            return None;
        }
        if let Some(object) = changes.objects.get(&(kind, index)) {
            return Some(object.clone());
        }
        drop(changes);
        self.generate(kind, index)
    }

    /// The number behind an id, whether or not the object still exists.
    pub(crate) fn resolve(&self, kind: Kind, id: &str) -> Option<u64> {
        if let Some(index) = self.changes().own_ids.get(&(kind, id.to_owned())) {
            return Some(*index);
        }
        let index = match kind {
            Kind::Product => product::index(id).or_else(|| ids::decode("prod_", id)),
            Kind::Price => price::index(id).or_else(|| ids::decode("price_", id)),
            Kind::Coupon => coupon::index(id),
            _ => ids::decode(kind.prefix(), id),
        }?;
        let known = index < self.generated(kind) || self.changes().objects.contains_key(&(kind, index));
        known.then_some(index)
    }

    /// The object any id belongs to, of whatever kind; discounts included.
    pub(crate) fn find_any(&self, id: &str) -> Option<Value> {
        if id.starts_with("di_") {
            return self.discount(id);
        }
        Kind::ALL.into_iter().find_map(|kind| self.get(kind, id))
    }

    /// Whether lists may show the object at all.
    pub(crate) fn is_listed(&self, kind: Kind, index: u64) -> bool {
        let changes = self.changes();
        if changes.gone.contains(&(kind, index)) {
            return false;
        }
        let deleted = changes
            .objects
            .get(&(kind, index))
            .map(|object| object["deleted"] == true);
        match (kind, deleted) {
            (Kind::Customer, Some(deleted)) => !deleted,
            (Kind::Customer, None) => !Self::customer_was_deleted(index),
            (Kind::Price, _) if index < self.generated(kind) => price::is_listed(index),
            (Kind::CreditNote, None) => self.credited_invoice(index).is_some(),
            _ => true,
        }
    }

    /// A filterable field of an object as it stands, as text.
    pub(crate) fn field(&self, kind: Kind, index: u64, name: &str) -> Option<Cow<'static, str>> {
        if let Some(object) = self.changes().objects.get(&(kind, index)) {
            return field_of(kind, object, name).map(Cow::Owned);
        }
        let (text, id) = (Cow::Borrowed, |kind, index| Cow::Owned(Self::id(kind, index)));
        let truth = |holds: bool| text(if holds { "true" } else { "false" });
        match (kind, name) {
            (Kind::Customer, "email") => self.customer_snapshot(index).1.map(Cow::Owned),
            (Kind::Product, "active") => Some(truth(product::is_active(index))),
            (Kind::Price, "active") => Some(truth(price::is_active(index))),
            (Kind::Price, "currency") => Some(text(price::currency(index).code())),
            (Kind::Price, "product") => Some(id(Kind::Product, price::product_of(index))),
            (Kind::Price, "type") if price::is_one_time(index) => Some(text("one_time")),
            (Kind::Price, "type") => Some(text("recurring")),
            (Kind::Invoice, "status") => Some(text(self.invoice_status(index))),
            (Kind::Invoice, "collection_method") => Some(text(self.invoice_collection(index))),
            (Kind::Invoice, "customer") => self.invoice_customer(index).map(|found| id(Kind::Customer, found)),
            (Kind::Invoice, "subscription") => self
                .invoice_subscription(index)
                .map(|found| id(Kind::Subscription, found)),
            (Kind::Subscription, "status") => Some(text(subscription::status(index))),
            (Kind::Subscription, "collection_method") => Some(text(subscription::collection_method(index))),
            (Kind::Subscription, "customer") => Some(id(Kind::Customer, self.subscriber(index))),
            (Kind::CreditNote, "invoice") => self.credited_invoice(index).map(|found| id(Kind::Invoice, found)),
            (Kind::Event, "type") => Some(text("invoice.paid")),
            _ => {
                let object = self.generate(kind, index)?;
                field_of(kind, &object, name).map(Cow::Owned)
            }
        }
    }

    /// The stub of a deleted customer.
    pub(crate) fn stub(id: &str) -> Value {
        customer::deleted(id)
    }
}

/// A filterable field of a rendered object, as text.
fn field_of(kind: Kind, object: &Value, name: &str) -> Option<String> {
    let value = match (kind, name) {
        (Kind::Invoice, "subscription") => object.pointer("/parent/subscription_details/subscription")?,
        _ => object.get(name)?,
    };
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}
