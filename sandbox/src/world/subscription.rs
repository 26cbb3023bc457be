//! Subscriptions and their items: every status, both billing modes, scheduled
//! ends, pauses and mixed intervals.

use serde_json::{Value, json};

use super::coupon::Holder;
use super::random::{below, pick};
use super::{DAY, Kind, World, ids, price};

const ITEMS_PER_SUBSCRIPTION: u64 = 32;

/// The id of the item at a place in a subscription.
pub(crate) fn item_id(subscription: u64, place: u64) -> String {
    ids::encode("si_", subscription * ITEMS_PER_SUBSCRIPTION + place)
}

/// The status of a generated subscription, by its index alone.
pub(crate) fn status(index: u64) -> &'static str {
    match (index % 44, index % 20) {
        (11, _) => "canceled",
        (7, _) => "incomplete_expired",
        (_, 3) => "trialing",
        (_, 6) => "past_due",
        (_, 9) => "unpaid",
        (_, 13) => "incomplete",
        (_, 17) => "paused",
        _ => "active",
    }
}

pub(crate) fn collection_method(index: u64) -> &'static str {
    if index % 6 == 1 {
        "send_invoice"
    } else {
        "charge_automatically"
    }
}

/// Whether the subscription itself holds a discount.
pub(crate) fn has_discount(index: u64) -> bool {
    index % 9 == 5
}

/// Whether the item at a place holds a discount.
pub(crate) fn item_has_discount(index: u64, place: u64) -> bool {
    place == 0 && index % 8 == 2
}

/// An item's price and quantity.
pub(crate) struct Item {
    pub(crate) price: u64,
    pub(crate) quantity: i64,
}

impl World {
    /// The customer of a subscription. Deleting a customer cancels, so only a
    /// canceled subscription may have a deleted one.
    pub(crate) fn subscriber(&self, index: u64) -> u64 {
        let customer = self.customer_before(self.mix(20, index), index, self.counts.subscriptions);
        let gone = Self::customer_was_deleted(customer);
        if gone && status(index) != "canceled" {
            customer - 1
        } else {
            customer
        }
    }

    /// A customer who existed at this part of the history.
    pub(crate) fn customer_before(&self, number: u64, index: u64, count: u64) -> u64 {
        number % (self.counts.customers * index / count.max(1)).max(1)
    }

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

    fn item_json(&self, index: u64, place: u64) -> Value {
        let Item { price, quantity } = self.item(index, place);
        let created = self.created(Kind::Subscription, index);
        let recurring = Self::recurring(price);
        let period = if recurring["interval"] == "year" {
            365 * DAY
        } else {
            30 * DAY
        };
        let start = created + (self.anchor - created) / period * period;
        let mut discounts = Vec::new();
        if item_has_discount(index, place) {
            discounts.push(Holder::Item(index, place).discount_id());
        }
        let price = self.price(price);
        let mut item = json!({
            "id": item_id(index, place),
            "object": "subscription_item",
            "billing_thresholds": null,
            "created": created,
            "current_period_end": start + period,
            "current_period_start": start,
            "current_trial": null,
            "discounts": discounts,
            "metadata": {},
            "plan": plan(&price),
            "price": price,
            "subscription": self.id(Kind::Subscription, index),
            "tax_rates": [],
        });
        if recurring["usage_type"] != "metered" {
            item["quantity"] = json!(quantity);
        }
        item
    }

    /// A subscription with all its items.
    pub(crate) fn subscription(&self, index: u64) -> Value {
        let id = self.id(Kind::Subscription, index);
        let created = self.created(Kind::Subscription, index);
        let customer = self.subscriber(index);
        let status = status(index);
        let items: Vec<Value> = (0..Self::item_count(index))
            .map(|place| self.item_json(index, place))
            .collect();
        let discounts: Vec<String> = has_discount(index)
            .then(|| Holder::Subscription(index).discount_id())
            .into_iter()
            .collect();
        let flexible = index % 3 == 1;
        let mut subscription = json!({
            "id": id,
            "object": "subscription",
            "application": null,
            "application_fee_percent": null,
            "automatic_tax": {"disabled_reason": null, "enabled": false, "liability": null},
            "billing_cycle_anchor": created,
            "billing_cycle_anchor_config": null,
            "billing_mode": {"type": "classic", "flexible": null},
            "billing_schedules": [],
            "billing_thresholds": null,
            "cancel_at": null,
            "cancel_at_period_end": false,
            "canceled_at": null,
            "cancellation_details": {"comment": null, "feedback": null, "feedback_option": null, "reason": null},
            "collection_method": collection_method(index),
            "created": created,
            "currency": self.customer_currency(customer).code(),
            "customer": self.id(Kind::Customer, customer),
            "customer_account": null,
            "days_until_due": (collection_method(index) == "send_invoice").then_some(30),
            "default_payment_method": null,
            "default_source": null,
            "default_tax_rates": [],
            "description": (index % 7 == 2).then(|| format!("Contract {index}")),
            "discounts": discounts,
            "ended_at": null,
            "invoice_settings": {
                "account_tax_ids": null, "custom_fields": null, "description": null,
                "footer": null, "issuer": {"type": "self"},
            },
            "latest_invoice": self.latest_invoice(index).map(|invoice| self.id(Kind::Invoice, invoice)),
            "livemode": self.livemode,
            "managed_payments": null,
            "metadata": if index % 4 == 0 { json!({"team": format!("t{index}")}) } else { json!({}) },
            "next_pending_invoice_item_invoice": null,
            "on_behalf_of": null,
            "pause_collection": null,
            "payment_settings": {
                "payment_method_options": null, "payment_method_types": null,
                "save_default_payment_method": "off",
            },
            "pending_invoice_item_interval": null,
            "pending_setup_intent": null,
            "pending_update": null,
            "schedule": null,
            "start_date": created - if index % 15 == 4 { 20 * DAY } else { 0 },
            "status": status,
            "test_clock": null,
            "transfer_data": null,
            "trial_end": (status == "trialing").then_some(self.anchor + 10 * DAY),
            "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
            "trial_start": (status == "trialing").then_some(created),
        });
        if flexible {
            subscription["billing_mode"] = json!({
                "type": "flexible", "flexible": {"proration_discounts": "included"}, "updated_at": created,
            });
        }
        self.add_end(&mut subscription, index);
        let end = items
            .first()
            .map_or(Value::Null, |item| item["current_period_end"].clone());
        if status == "active" && index % 11 == 4 {
            subscription["cancel_at"] = end;
            subscription["canceled_at"] = json!(created + DAY.min(self.anchor - created));
            subscription["cancel_at_period_end"] = json!(!flexible);
            subscription["cancellation_details"]["reason"] = json!("cancellation_requested");
        }
        subscription["items"] = json!({
            "object": "list", "data": items, "has_more": false,
            "url": format!("/v1/subscription_items?subscription={id}"),
        });
        subscription
    }

    fn add_end(&self, subscription: &mut Value, index: u64) {
        let created = self.created(Kind::Subscription, index);
        match status(index) {
            "canceled" => {
                let ended = created + (self.anchor - created) / 2;
                subscription["canceled_at"] = json!(ended);
                subscription["ended_at"] = json!(ended);
                subscription["cancellation_details"]["reason"] = json!("cancellation_requested");
            }
            "incomplete_expired" => subscription["ended_at"] = json!(created + DAY.min(self.anchor - created)),
            "active" if index % 12 == 10 => {
                subscription["pause_collection"] = json!({"behavior": "void", "resumes_at": null});
            }
            _ => {}
        }
    }
}

/// The legacy plan that repeats a recurring price.
fn plan(price: &Value) -> Value {
    let recurring = &price["recurring"];
    json!({
        "id": price["id"], "object": "plan", "active": price["active"],
        "amount": price["unit_amount"], "amount_decimal": price["unit_amount_decimal"],
        "billing_scheme": price["billing_scheme"], "created": price["created"],
        "currency": price["currency"], "interval": recurring["interval"],
        "interval_count": recurring["interval_count"], "livemode": price["livemode"],
        "metadata": price["metadata"], "meter": recurring["meter"], "nickname": price["nickname"],
        "product": price["product"], "tiers_mode": price["tiers_mode"],
        "transform_usage": price["transform_quantity"],
        "trial_period_days": recurring["trial_period_days"], "usage_type": recurring["usage_type"],
    })
}
