//! Subscriptions and their items: every status, both billing modes, scheduled
//! ends, pauses and mixed intervals.

use crate::json::{Json, json};

use super::coupon::Holder;
use super::overlay::merge;
use super::{DAY, Kind, World, item};

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

    /// A subscription with all its items.
    pub(crate) fn subscription(&self, index: u64) -> Json {
        let id = Self::id(Kind::Subscription, index);
        let created = self.created(Kind::Subscription, index);
        let customer = self.subscriber(index);
        let status = status(index);
        let items: Vec<Json> = (0..Self::item_count(index))
            .map(|place| self.item_json(index, place))
            .collect();
        let discounts: Vec<String> = has_discount(index)
            .then(|| Holder::Subscription(index).discount_id())
            .into_iter()
            .collect();
        let flexible = index % 3 == 1;
        let mut subscription = untouched();
        merge(
            &mut subscription,
            json!({
                "id": id.as_str(),
                "object": "subscription",
                "billing_cycle_anchor": created,
                "billing_mode": {"type": "classic", "flexible": null},
                "collection_method": collection_method(index),
                "created": created,
                "currency": self.customer_currency(customer).code(),
                "customer": Self::id(Kind::Customer, customer),
                "days_until_due": (collection_method(index) == "send_invoice").then_some(30),
                "description": (index % 7 == 2).then(|| format!("Contract {index}")),
                "discounts": discounts,
                "latest_invoice": self.latest_invoice(index).map(|invoice| Self::id(Kind::Invoice, invoice)),
                "livemode": self.livemode,
                "metadata": if index.is_multiple_of(4) { json!({"team": format!("t{index}")}) } else { json!({}) },
                "start_date": created - if index % 15 == 4 { 20 * DAY } else { 0 },
                "status": status,
                "trial_end": (status == "trialing").then_some(self.anchor + 10 * DAY),
                "trial_start": (status == "trialing").then_some(created.max(self.anchor - 4 * DAY)),
            }),
        );
        if flexible {
            subscription["billing_mode"] = json!({
                "type": "flexible", "flexible": {"proration_discounts": "included"}, "updated_at": created,
            });
        }
        self.add_end(&mut subscription, index);
        let end = items
            .first()
            .map_or(Json::Null, |item| item["current_period_end"].clone());
        if status == "active" && index % 11 == 4 {
            subscription["cancel_at"] = end;
            subscription["canceled_at"] = json!(created + DAY.min(self.anchor - created));
            subscription["cancel_at_period_end"] = json!(!flexible);
            subscription["cancellation_details"]["reason"] = json!("cancellation_requested");
        }
        subscription["items"] = item_list(&id, items);
        subscription
    }

    /// A subscription begun now to one unit of each price, with no customer yet.
    pub(crate) fn blank_subscription(&self, index: u64, prices: &[Json]) -> Json {
        let (id, now) = (Self::encoded(Kind::Subscription, index), self.now());
        let items: Vec<Json> = (0..)
            .zip(prices)
            .map(|(place, price)| {
                let mut item = Self::blank_item(&id, &item::id(index, place), price, now);
                item["quantity"] = json!(1);
                item
            })
            .collect();
        let mut subscription = untouched();
        merge(
            &mut subscription,
            json!({
                "object": "subscription", "billing_cycle_anchor": now,
                "billing_mode": {
                    "type": "flexible", "flexible": {"proration_discounts": "included"}, "updated_at": now,
                },
                "collection_method": "charge_automatically", "days_until_due": null,
                "description": null, "discounts": [], "latest_invoice": null, "metadata": {},
                "start_date": now, "status": "active", "trial_end": null, "trial_start": null,
                "items": item_list(&id, items),
            }),
        );
        subscription
    }

    fn add_end(&self, subscription: &mut Json, index: u64) {
        let created = self.created(Kind::Subscription, index);
        match status(index) {
            "canceled" => {
                let ended = created + (self.anchor - created) / 2;
                subscription["canceled_at"] = json!(ended);
                subscription["ended_at"] = json!(ended);
                subscription["cancellation_details"]["reason"] = json!("cancellation_requested");
            }
            "incomplete_expired" => {
                subscription["ended_at"] = json!(created + DAY.min(self.anchor - created));
            }
            "active" if index % 12 == 10 => {
                subscription["pause_collection"] = json!({"behavior": "void", "resumes_at": null});
            }
            _ => {}
        }
    }
}

fn item_list(subscription_id: &str, items: Vec<Json>) -> Json {
    json!({
        "object": "list", "data": items, "has_more": false,
        "url": format!("/v1/subscription_items?subscription={subscription_id}"),
    })
}

/// The fields a subscription starts with, before anything happens to it.
fn untouched() -> Json {
    json!({
        "application": null,
        "application_fee_percent": null,
        "billing_cycle_anchor_config": null,
        "billing_schedules": [],
        "billing_thresholds": null,
        "customer_account": null,
        "default_payment_method": null,
        "default_source": null,
        "default_tax_rates": [],
        "managed_payments": null,
        "next_pending_invoice_item_invoice": null,
        "on_behalf_of": null,
        "pending_invoice_item_interval": null,
        "pending_setup_intent": null,
        "pending_update": null,
        "schedule": null,
        "status_details": null,
        "test_clock": null,
        "transfer_data": null,
        "ended_at": null,
        "cancel_at": null,
        "cancel_at_period_end": false,
        "canceled_at": null,
        "pause_collection": null,
            "automatic_tax": {"disabled_reason": null, "enabled": false, "liability": null},
            "cancellation_details": {"comment": null, "feedback": null, "feedback_option": null, "reason": null},
            "invoice_settings": {
                "account_tax_ids": null, "custom_fields": null, "description": null,
                "footer": null, "issuer": {"type": "self"},
            },
            "payment_settings": {
                "payment_method_options": null, "payment_method_types": null,
                "save_default_payment_method": "off",
            },
            "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
    })
}
