//! Acts on discounts: given to a customer or a subscription, moved to another
//! coupon and taken away. Only the discount's own event tells of them.

use super::{Extent, Kind, World, ids};
use crate::json::{Json, json};

/// Numbers from here on belong to discounts given since the start.
const FIRST_GIVEN: u64 = 1 << 38;

impl World {
    /// What a discount takes off: the coupon that it was given by, in full, though it is deleted and another has its id.
    pub fn terms_of(&self, discount: &serde_json::Value) -> Option<serde_json::Value> {
        let given = self.coupon_given(&discount.clone().into());
        given.map(|(_, coupon)| coupon.into())
    }

    /// The coupon that a discount was given by, with its number: the youngest of its id that was there.
    pub(crate) fn coupon_given(&self, discount: &Json) -> Option<(u64, Json)> {
        let named = &discount["source"]["coupon"];
        let id = named.as_str().or_else(|| named["id"].as_str())?;
        let start = discount["start"].as_i64().unwrap_or(i64::MAX);
        let all = (0..self.generated(Kind::Coupon)).chain(self.added(Kind::Coupon));
        let coupons = all.filter_map(|index| {
            let own = self.changes().objects.get(&(Kind::Coupon, index)).cloned();
            let coupon = own.or_else(|| self.generate(Kind::Coupon, index, Extent::Whole))?;
            let created = coupon["created"].as_i64().filter(|created| *created <= start)?;
            (coupon["id"] == id).then_some((created, index, coupon))
        });
        let (_, index, coupon) = coupons.max_by_key(|(created, index, _)| (*created, *index))?;
        Some((index, coupon))
    }

    /// Whether a discount's coupon is deleted, whatever has its id by now.
    pub(crate) fn has_lost_its_coupon(&self, discount: &Json) -> bool {
        let given = self.coupon_given(discount);
        given.is_none_or(|(index, _)| self.changes().gone.contains(&(Kind::Coupon, index)))
    }

    /// Gives a customer or a subscription a discount by this coupon, from now on
    /// and for ever; gives its id. A customer has one at a time, a subscription many.
    pub fn give_discount(&self, kind: Kind, holder_id: &str, coupon_id: &str) -> String {
        self.give_discount_until(kind, holder_id, coupon_id, None)
    }

    /// The same, up to a Unix second.
    pub fn give_discount_until(&self, kind: Kind, holder_id: &str, coupon_id: &str, end: Option<i64>) -> String {
        let Some(holder) = self.find(kind, holder_id) else {
            return String::new();
        };
        let (customer, subscription) = match kind {
            Kind::Subscription => (holder["customer"].clone(), Json::from(holder_id)),
            _ => (Json::from(holder_id), Json::Null),
        };
        let discount = json!({
            "object": "discount", "checkout_session": null, "customer": customer, "customer_account": null,
            "end": end, "invoice": null, "invoice_item": null, "promotion_code": null,
            "source": {"type": "coupon", "coupon": coupon_id}, "start": self.now(),
            "subscription": subscription, "subscription_item": null,
        });
        let discount = self.with_changes(|changes| changes.add_discount(discount));
        self.hang(&discount);
        let id = discount["id"].as_str().unwrap_or_default().to_owned();
        self.tell("customer.discount.created", discount, None);
        id
    }

    /// Moves the discount of a customer or a subscription to another coupon.
    pub fn switch_discount(&self, id: &str, coupon_id: &str) {
        let Some(mut discount) = self.discount(id) else { return };
        let previous = json!({"source": &discount["source"]});
        discount["source"] = json!({"type": "coupon", "coupon": coupon_id});
        discount["start"] = json!(self.now());
        self.with_changes(|changes| changes.discounts.insert(id.to_owned(), discount.clone()));
        self.hang(&discount);
        self.tell("customer.discount.updated", discount, Some(previous));
    }

    /// Takes the discount of a customer or a subscription away.
    pub fn end_discount(&self, id: &str) {
        let Some(discount) = self.discount(id) else { return };
        if let Some(subscription) = discount["subscription"].as_str() {
            let mut left = self.discounts_of(subscription);
            left.retain(|held| *held != id);
            self.amend(Kind::Subscription, subscription, json!({ "discounts": left }), &[]);
        } else {
            let customer = discount["customer"].as_str().unwrap_or_default();
            self.amend(Kind::Customer, customer, json!({ "discount": null }), &[]);
        }
        self.tell("customer.discount.deleted", discount, None);
    }

    /// Puts a discount on whoever holds it: a subscription names it, a customer carries it whole.
    fn hang(&self, discount: &Json) {
        let Some(subscription) = discount["subscription"].as_str() else {
            let customer = discount["customer"].as_str().unwrap_or_default();
            self.amend(Kind::Customer, customer, json!({ "discount": discount }), &[]);
            return;
        };
        let mut held = self.discounts_of(subscription);
        if !held.contains(&discount["id"]) {
            held.push(discount["id"].clone());
        }
        self.amend(Kind::Subscription, subscription, json!({ "discounts": held }), &[]);
    }

    fn discounts_of(&self, subscription_id: &str) -> Vec<Json> {
        match self.find(Kind::Subscription, subscription_id).unwrap_or_default()["discounts"].take() {
            Json::Array(discounts) => discounts,
            _ => Vec::new(),
        }
    }
}

impl super::overlay::Changes {
    /// Gives a new discount its id.
    fn add_discount(&mut self, mut discount: Json) -> Json {
        let given = u64::try_from(self.discounts.len()).unwrap_or_default();
        let id = ids::encode("di_", FIRST_GIVEN + given);
        discount["id"] = json!(id.as_str());
        self.discounts.insert(id, discount.clone());
        discount
    }
}
