//! A subscription while its life is told: what it is to, and how it stands.

use super::super::{Kind, World, item};
use super::calendar::Interval;
use super::line::Line;
use crate::json::{Json, json};

/// A price as its items are charged by it.
#[derive(Clone, Debug)]
pub(super) struct Price {
    pub(super) id: String,
    pub(super) product: String,
    pub(super) unit: i64,
    pub(super) interval: Interval,
    pub(super) is_metered: bool,
}

/// An item of a subscription.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) id: String,
    pub(super) price: Price,
    pub(super) quantity: i64,
    /// Where its periods are counted from.
    pub(super) anchor: i64,
    /// How many of them are over.
    pub(super) passed: i64,
    /// What it was charged for ahead of time ends then.
    pub(super) billed_until: i64,
}

impl Item {
    pub(super) fn start(&self) -> i64 {
        self.price.interval.after(self.anchor, self.passed)
    }

    pub(super) fn end(&self) -> i64 {
        self.price.interval.after(self.anchor, self.passed + 1)
    }

    pub(super) fn cost(&self) -> i64 {
        self.price.unit * self.quantity
    }
}

/// What is taken off a subscription.
#[derive(Clone, Debug)]
pub(super) struct Discount {
    pub(super) id: String,
    pub(super) percent: i64,
    pub(super) is_once: bool,
    pub(super) end: Option<i64>,
}

/// A subscription.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// Its number among the world's subscriptions.
    pub(super) index: u64,
    pub(super) id: String,
    pub(super) customer: String,
    pub(super) currency: &'static str,
    pub(super) items: Vec<Item>,
    /// How many items it has ever had.
    pub(super) places: u64,
    /// What the next invoice brings besides.
    pub(super) pending: Vec<Line>,
    pub(super) status: &'static str,
    pub(super) pause: Option<&'static str>,
    pub(super) trial: Option<(i64, i64)>,
    pub(super) cancel_at: Option<i64>,
    pub(super) canceled_at: Option<i64>,
    pub(super) ended_at: Option<i64>,
    pub(super) is_sent: bool,
    pub(super) discount: Option<Discount>,
    pub(super) start_date: i64,
    pub(super) latest_invoice: Option<String>,
}

impl Plan {
    pub(super) fn is_over(&self) -> bool {
        self.ended_at.is_some()
    }

    pub(super) fn is_in_trial(&self) -> bool {
        self.status == "trialing"
    }

    /// When something of it is to be billed next.
    pub(super) fn next_end(&self) -> i64 {
        let trial = self.trial.filter(|_| self.is_in_trial()).map(|(_, end)| end);
        trial
            .or_else(|| self.items.iter().map(Item::end).min())
            .unwrap_or(i64::MAX)
    }

    /// Whether it was charged for a time that is not its present period.
    pub(super) fn is_billed_ahead(&self) -> bool {
        self.items.iter().any(|item| item.billed_until > item.end())
    }

    pub(super) fn new_item(&mut self, price: Price, quantity: i64, anchor: i64) -> Item {
        self.places += 1;
        Item {
            id: item::id(self.index, self.places - 1),
            price,
            quantity,
            anchor,
            passed: 0,
            billed_until: anchor,
        }
    }

    /// What is taken off an amount, by what lasts or by all.
    pub(super) fn off(&self, amount: i64, with_once: bool) -> i64 {
        let running = self.discount.iter().find(|discount| with_once || !discount.is_once);
        running.map_or(0, |discount| (2 * amount * discount.percent + 100).div_euclid(200))
    }

    /// What of it is in Stripe's object.
    pub(super) fn patch(&self, world: &World) -> Json {
        let items: Vec<Json> = self.items.iter().map(|item| self.item(world, item)).collect();
        let pause = self
            .pause
            .map(|behavior| json!({ "behavior": behavior, "resumes_at": null }));
        json!({
            "items": {"data": items},
            "billing_cycle_anchor": self.items.first().map(|item| item.anchor),
            "cancel_at": self.cancel_at,
            "cancel_at_period_end": self.cancel_at.is_some() && !self.is_over(),
            "canceled_at": self.canceled_at,
            "collection_method": if self.is_sent { "send_invoice" } else { "charge_automatically" },
            "days_until_due": self.is_sent.then_some(30),
            "ended_at": self.ended_at,
            "latest_invoice": self.latest_invoice.clone(),
            "pause_collection": pause,
            "start_date": self.start_date,
            "status": self.status,
            "trial_start": self.trial.map(|(start, _)| start),
            "trial_end": self.trial.map(|(_, end)| end),
        })
    }

    fn item(&self, world: &World, item: &Item) -> Json {
        let price = world.find(Kind::Price, &item.price.id).unwrap_or_default();
        let mut told = World::blank_item(&self.id, &item.id, &price, item.start());
        let trial = self.trial.filter(|_| self.is_in_trial());
        let (start, end) = trial.unwrap_or((item.start(), item.end()));
        told["current_period_start"] = json!(start);
        told["current_period_end"] = json!(end);
        told["billed_until"] = json!((item.billed_until > item.end()).then_some(item.billed_until));
        if !item.price.is_metered {
            told["quantity"] = json!(item.quantity);
        }
        told
    }
}
