//! Finding objects by id and reading single fields of them without rendering
//! the whole.

use std::borrow::Cow;

use serde_json::Value;

use super::{Extent, Kind, World, coupon, customer, ids, item, price, product, subscription};
use crate::json::{Json, json};

impl World {
    /// Every object of a kind as it stands, in full: all lines and items, tiers
    /// and inline prices; deleted ones as stubs; oldest first within those
    /// generated, then those created since the start.
    pub fn truth(&self, kind: Kind) -> Vec<Value> {
        let mut objects = Vec::new();
        self.each(kind, |object| objects.push(object.clone()));
        objects
    }

    /// Shows every object of [`World::truth`] in turn, one in memory at a time.
    pub fn each(&self, kind: Kind, mut show: impl FnMut(&Value)) {
        for index in (0..self.generated(kind)).chain(self.added(kind)) {
            if let Some(object) = self.current(kind, index) {
                show(&object.into());
            } else if self.changes().gone.contains(&(kind, index)) {
                let id = self.id_of_gone(kind, index);
                // A coupon may have been made anew.
                if self.resolve(kind, &id).is_none_or(|standing| standing == index) {
                    show(&json!({"id": id, "object": kind.object(), "deleted": true}).into());
                }
            }
        }
    }

    fn id_of_gone(&self, kind: Kind, index: u64) -> String {
        let own = self
            .changes()
            .objects
            .get(&(kind, index))
            .map(|object| object["id"].clone());
        let own = own.and_then(|id| id.as_str().map(str::to_owned));
        own.unwrap_or_else(|| Self::id(kind, index))
    }

    /// The object with this id as it stands, in full.
    pub fn get(&self, kind: Kind, id: &str) -> Option<Value> {
        self.find(kind, id).map(Value::from)
    }

    pub(crate) fn is_in_other_mode(kind: Kind, id: &str) -> bool {
        ids::decode(kind.prefix(), id).is_some_and(|number| number >= ids::OTHER_MODE)
    }

    pub(crate) fn find(&self, kind: Kind, id: &str) -> Option<Json> {
        self.current(kind, self.resolve(kind, id)?)
    }

    /// What is served in an object's place, where something is.
    pub(crate) fn poisoned(&self, kind: Kind, index: u64) -> Option<Json> {
        self.changes().poisons.get(&(kind, index)).cloned()
    }

    /// The object as it stands, in full.
    pub(crate) fn current(&self, kind: Kind, index: u64) -> Option<Json> {
        self.standing_at(kind, index, Extent::Whole)
    }

    /// The object as it stands; how much of its lists is there if it was never
    /// changed is left to the extent.
    pub(crate) fn standing_at(&self, kind: Kind, index: u64, extent: Extent) -> Option<Json> {
        let changes = self.changes();
        if changes.gone.contains(&(kind, index)) {
            return None;
        }
        if let Some(object) = changes.objects.get(&(kind, index)) {
            return Some(object.clone());
        }
        drop(changes);
        self.generate(kind, index, extent)
    }

    /// The number behind an id, whether or not the object still exists.
    pub(crate) fn resolve(&self, kind: Kind, id: &str) -> Option<u64> {
        let changes = self.changes();
        if !changes.own_ids.is_empty()
            && let Some(index) = changes.own_ids.get(&(kind, id.to_owned()))
        {
            return Some(*index);
        }
        drop(changes);
        let index = match kind {
            Kind::Product => product::index(id),
            Kind::Price => price::index(id),
            Kind::Coupon => coupon::index(id),
            _ => ids::decode(kind.prefix(), id),
        }?;
        (index < self.generated(kind)).then_some(index)
    }

    /// The object any id belongs to, of whatever kind; discounts included. A
    /// deleted one is a stub.
    pub(crate) fn find_any(&self, id: &str) -> Option<Json> {
        if id.starts_with("di_") {
            return self.discount(id);
        }
        let prefixed = Kind::ALL.into_iter().find(|kind| id.starts_with(kind.prefix()));
        let kinds = prefixed.map_or(vec![Kind::Coupon, Kind::Product, Kind::Price], |kind| vec![kind]);
        kinds.into_iter().find_map(|kind| {
            let index = self.resolve(kind, id)?;
            let stub = || json!({"id": id, "object": kind.object(), "deleted": true});
            Some(self.current(kind, index).unwrap_or_else(stub))
        })
    }

    /// The subscription item with this id, if its subscription still has it.
    pub(crate) fn find_item(&self, id: &str) -> Option<Json> {
        let subscription = item::subscription_of(id)?;
        let mut subscription = self.current(Kind::Subscription, subscription)?;
        let items = subscription["items"]["data"].as_array_mut()?;
        let place = items.iter().position(|item| item["id"] == id)?;
        Some(items.swap_remove(place))
    }

    /// Whether lists may show the object at all.
    pub(crate) fn is_listed(&self, kind: Kind, index: u64) -> bool {
        if kind == Kind::Event {
            return self.has_reached_the_list(index);
        }
        let changes = self.changes();
        if changes.gone.contains(&(kind, index)) {
            return false;
        }
        let own = changes.objects.get(&(kind, index));
        // What is on a test clock is in no list, unless that clock is asked for.
        if own.is_some_and(|object| object["test_clock"].as_str().is_some()) {
            return false;
        }
        let deleted = own.map(|object| object["deleted"] == true);
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
        if name == "delivery_success" {
            return Some(Cow::Borrowed("true"));
        }
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
            (Kind::Event, "type") => Some(text(self.happened(index).1.event_type())),
            _ => {
                let object = self.generate(kind, index, Extent::Whole)?;
                field_of(kind, &object, name).map(Cow::Owned)
            }
        }
    }

    /// The stub of a deleted customer.
    pub(crate) fn stub(id: &str) -> Json {
        customer::deleted(id)
    }
}

/// A filterable field of a rendered object, as text.
fn field_of(kind: Kind, object: &Json, name: &str) -> Option<String> {
    let value = match (kind, name) {
        (Kind::Invoice, "subscription") => object.at(&["parent", "subscription_details", "subscription"]),
        _ => object.get(name)?,
    };
    match value {
        Json::Text(text) => Some(text.clone().into_owned()),
        Json::Bool(value) => Some(value.to_string()),
        Json::Int(value) => Some(value.to_string()),
        _ => None,
    }
}
