//! Subscription items: what is subscribed to, with price and legacy plan.

use crate::json::{Json, json};

use super::coupon::Holder;
use super::random::{below, pick};
use super::{DAY, Kind, World, ids, price};

const ITEMS_PER_SUBSCRIPTION: u64 = 32;

/// The id of the item at a place in a subscription.
pub(crate) fn id(subscription: u64, place: u64) -> String {
    ids::encode("si_", subscription * ITEMS_PER_SUBSCRIPTION + place)
}

/// The number of the subscription that the item with this id belongs to.
pub(crate) fn subscription_of(id: &str) -> Option<u64> {
    ids::decode("si_", id).map(|number| number / ITEMS_PER_SUBSCRIPTION)
}

/// Whether the item at a place holds a discount.
pub(crate) fn has_discount(index: u64, place: u64) -> bool {
    place == 0 && index % 8 == 2
}

/// An item's price and quantity.
pub(crate) struct Item {
    pub(crate) price: u64,
    pub(crate) quantity: i64,
}

impl World {
    pub(crate) fn item_count(index: u64) -> u64 {
        if index % 23 == 14 {
            13
        } else {
            1 + u64::from(index % 10 == 5) + u64::from(index % 4 == 3)
        }
    }

    /// The item at a place of a subscription.
    pub(crate) fn item(&self, index: u64, place: u64) -> Item {
        let chance = self.mix(21, index * ITEMS_PER_SUBSCRIPTION + place);
        let currency = self.customer_currency(self.subscriber(index));
        let product = self.product_in(currency, chance + place);
        let slot = match (place, index % 10) {
            (1, 5) => price::YEARLY,
            (0, 8) => price::INLINE,
            _ => *pick(&[0, 0, price::YEARLY, price::SPECIAL], chance >> 20),
        };
        Item {
            price: product * price::SLOTS + slot,
            quantity: 1 + below(chance >> 30, 24),
        }
    }

    pub(crate) fn item_json(&self, index: u64, place: u64) -> Json {
        let Item { price, quantity } = self.item(index, place);
        let created = self.created(Kind::Subscription, index);
        let period = price::period_seconds(price);
        let start = created + (self.anchor - created) / period * period;
        let metered = price::model(price) == price::Model::Metered;
        let subscription = Self::id(Kind::Subscription, index);
        let mut item = Self::blank_item(&subscription, &id(index, place), &self.price(price), start);
        item["created"] = json!(created);
        item["current_period_end"] = json!(start + period);
        if has_discount(index, place) {
            item["discounts"] = json!([Holder::Item(index, place).discount_id()]);
        }
        if !metered {
            item["quantity"] = json!(quantity);
        }
        item
    }

    /// An item of a price, which a month begins with; without a quantity.
    pub(crate) fn blank_item(subscription_id: &str, id: &str, price: &Json, start: i64) -> Json {
        json!({
            "id": id,
            "object": "subscription_item",
            "billed_until": null,
            "billing_thresholds": null,
            "created": start,
            "current_period_end": start + 30 * DAY,
            "current_period_start": start,
            "current_trial": null,
            "discounts": [],
            "metadata": {},
            "plan": plan(price),
            "price": price,
            "subscription": subscription_id,
            "tax_rates": [],
        })
    }
}

/// The legacy plan that repeats a recurring price.
fn plan(price: &Json) -> Json {
    let recurring = &price["recurring"];
    json!({
        "id": &price["id"], "object": "plan", "active": &price["active"],
        "amount": &price["unit_amount"], "amount_decimal": &price["unit_amount_decimal"],
        "billing_scheme": &price["billing_scheme"], "created": &price["created"],
        "currency": &price["currency"], "interval": &recurring["interval"],
        "interval_count": &recurring["interval_count"], "livemode": &price["livemode"],
        "metadata": &price["metadata"], "meter": &recurring["meter"], "nickname": &price["nickname"],
        "product": &price["product"], "tiers_mode": &price["tiers_mode"],
        "transform_usage": &price["transform_quantity"],
        "trial_period_days": &recurring["trial_period_days"], "usage_type": &recurring["usage_type"],
    })
}
