//! Subscriptions with their items, and what of a customer they are reckoned with.

use serde::Deserialize;

use super::field::{currency, id, list, nested};
use super::{Discount, Expandable, Id, Price};

/// A subscription with all its items.
#[derive(Debug, Clone, Deserialize)]
pub struct Subscription {
    /// `sub_…`
    #[serde(deserialize_with = "id")]
    pub id: String,
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
    /// When it ended.
    pub ended_at: Option<i64>,
    /// Text for the customer.
    pub description: Option<String>,
    /// Whom it bills.
    pub customer: Option<Id>,
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
    /// On this item alone.
    #[serde(default, deserialize_with = "list")]
    pub discounts: Vec<Expandable<Discount>>,
}

/// What of a customer its subscriptions are reckoned with.
#[derive(Debug, Clone, Deserialize)]
pub struct Customer {
    /// On everything that has no discount of its own.
    pub discount: Option<Discount>,
}
