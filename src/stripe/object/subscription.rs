//! Subscriptions with their items, what of them their invoices show, and what of a customer they are reckoned with.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::field::{currency, id, list, nested};
use super::{Discount, Exact, Expandable, Id, Price};

/// How a customer pays who is not charged by Stripe.
pub(super) const SEND_INVOICE: &str = "send_invoice";

/// A subscription with all its items.
#[derive(Debug, Clone, Deserialize)]
pub struct Subscription {
    /// `sub_…`
    #[serde(deserialize_with = "id")]
    pub id: String,
    /// Of live mode.
    pub livemode: Option<bool>,
    /// active, canceled, …, or a word of later times.
    pub status: String,
    /// Lower case.
    #[serde(deserialize_with = "currency")]
    pub currency: String,
    /// When it was made.
    pub created: i64,
    /// When it began; may lie before it was made.
    pub start_date: Option<i64>,
    /// When it will end.
    pub cancel_at: Option<i64>,
    /// It will end with its period. Only the classic billing mode says so here; the flexible one sets `cancel_at` alone.
    pub cancel_at_period_end: Option<bool>,
    /// When it ended.
    pub ended_at: Option<i64>,
    /// When its end was asked for.
    pub canceled_at: Option<i64>,
    /// When its trial ends, or ended.
    pub trial_end: Option<i64>,
    /// Set while nothing is collected; its status does not tell.
    pub pause_collection: Option<IgnoredAny>,
    /// Text for the customer.
    pub description: Option<String>,
    /// Whom it bills.
    pub customer: Option<Id>,
    /// `charge_automatically` or `send_invoice`.
    pub collection_method: Option<String>,
    /// The newest of its invoices, a draft too.
    pub latest_invoice: Option<Id>,
    /// Taxes on the items that have none of their own.
    #[serde(default, deserialize_with = "list")]
    pub default_tax_rates: Vec<TaxRate>,
    /// On all items.
    #[serde(default, deserialize_with = "list")]
    pub discounts: Vec<Expandable<Discount>>,
    /// All of them.
    #[serde(deserialize_with = "nested")]
    pub items: Vec<Item>,
}

/// What a subscription sells.
#[derive(Debug, Clone, Deserialize)]
pub struct Item {
    /// `si_…`
    #[serde(deserialize_with = "id")]
    pub id: String,
    /// Absent for metered items.
    pub quantity: Option<i64>,
    /// What it costs, without tiers.
    pub price: Price,
    /// Its own period, since 2025-03-31.basil.
    pub current_period_start: Option<i64>,
    /// Its own period, since 2025-03-31.basil.
    pub current_period_end: Option<i64>,
    /// Taxes on this item alone.
    #[serde(default, deserialize_with = "list")]
    pub tax_rates: Vec<TaxRate>,
    /// On this item alone.
    #[serde(default, deserialize_with = "list")]
    pub discounts: Vec<Expandable<Discount>>,
}

/// A tax by its rate.
#[derive(Debug, Clone, Deserialize)]
pub struct TaxRate {
    /// It is contained in the amount; else it comes on top.
    #[serde(default)]
    pub inclusive: bool,
    /// Of a hundred.
    pub percentage: Exact,
}

/// What of a subscription its invoices show.
#[derive(Debug, Clone, Deserialize)]
pub struct Course {
    /// active, canceled, …, or a word of later times.
    pub status: String,
    /// When it will end.
    pub cancel_at: Option<i64>,
    /// It will end with its period.
    pub cancel_at_period_end: Option<bool>,
    /// When it ended.
    pub ended_at: Option<i64>,
    /// On all items.
    #[serde(default, deserialize_with = "list")]
    discounts: Vec<Expandable<Discount>>,
    /// What of its items their invoices show.
    #[serde(default)]
    items: CourseItems,
}

/// What of a subscription's items its invoices show.
#[derive(Debug, Clone, Default, Deserialize)]
struct CourseItems {
    #[serde(default, deserialize_with = "list")]
    data: Vec<CourseItem>,
}

/// What of a subscription's item its invoices show.
#[derive(Debug, Clone, Deserialize)]
struct CourseItem {
    /// On this item alone.
    #[serde(default, deserialize_with = "list")]
    discounts: Vec<Expandable<Discount>>,
}

impl Subscription {
    /// Its customer is sent invoices, and pays by them.
    pub fn is_sent_invoices(&self) -> bool {
        self.collection_method.as_deref() == Some(SEND_INVOICE)
    }

    /// What of it its invoices show.
    pub fn course(&self) -> Course {
        Course {
            status: self.status.clone(),
            cancel_at: self.cancel_at,
            cancel_at_period_end: self.cancel_at_period_end,
            ended_at: self.ended_at,
            discounts: Vec::new(),
            items: CourseItems::default(),
        }
    }
}

impl Course {
    /// The discounts that are on it or on its items.
    pub fn discounts(&self) -> impl Iterator<Item = &Discount> {
        let items = self.items.data.iter().flat_map(|item| &item.discounts);
        self.discounts.iter().chain(items).filter_map(Expandable::object)
    }

    /// It has ended for good.
    pub fn is_over(&self) -> bool {
        self.ended_at.is_some() || matches!(self.status.as_str(), "canceled" | "incomplete_expired")
    }

    /// It goes on by itself: it has not ended, and no end is scheduled, in either billing mode.
    pub fn renews(&self) -> bool {
        !self.is_over() && self.cancel_at_period_end != Some(true) && self.cancel_at.is_none()
    }
}

/// What of a customer its subscriptions are reckoned with.
#[derive(Debug, Clone, Deserialize)]
pub struct Customer {
    /// On everything that has no discount of its own.
    pub discount: Option<Discount>,
}
