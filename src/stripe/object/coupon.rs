//! Coupons, and the discounts that were given by them.

use std::collections::HashMap;

use serde::Deserialize;

use super::field::{id, list};
use super::{Exact, Expandable, Id};

/// What a discount takes off.
#[derive(Debug, Clone, Deserialize)]
pub struct Coupon {
    /// Chosen by the merchant, or random.
    #[serde(deserialize_with = "id")]
    pub id: String,
    /// When it was made, Unix seconds. Another of the same id may have been made after this one was deleted.
    pub created: Option<i64>,
    /// Of a hundred, may be fractional.
    pub percent_off: Option<Exact>,
    /// Minor units of `currency`.
    pub amount_off: Option<i64>,
    /// Lower case.
    pub currency: Option<String>,
    /// What it takes off in other currencies; only in an expanded coupon.
    #[serde(default)]
    pub currency_options: Option<HashMap<String, AmountOff>>,
    /// `forever`, `once` or `repeating`.
    pub duration: Option<String>,
    /// Only for these products; only in an expanded coupon.
    pub applies_to: Option<AppliesTo>,
}

/// What a coupon takes off in one currency.
#[derive(Debug, Clone, Deserialize)]
pub struct AmountOff {
    /// Minor units.
    pub amount_off: Option<i64>,
}

/// The products that a coupon is for.
#[derive(Debug, Clone, Deserialize)]
pub struct AppliesTo {
    /// `prod_…`
    #[serde(default, deserialize_with = "list")]
    pub products: Vec<String>,
}

/// A coupon given to somebody, for a time.
#[derive(Debug, Clone, Deserialize)]
pub struct Discount {
    /// `di_…`
    #[serde(deserialize_with = "id")]
    pub id: String,
    /// From when on it counts.
    pub start: Option<i64>,
    /// Until when it counts; null for ever.
    pub end: Option<i64>,
    /// Where it comes from.
    pub source: Option<Source>,
}

/// Where a discount comes from, since 2025-09-30.clover.
#[derive(Debug, Clone, Deserialize)]
pub struct Source {
    /// The coupon.
    pub coupon: Option<Id>,
}

impl Discount {
    /// Whether it was given by this coupon: one that was made later only has the id of the one that is gone.
    pub fn is_by(&self, coupon: &Coupon) -> bool {
        self.start
            .zip(coupon.created)
            .is_none_or(|(start, created)| created <= start)
    }

    /// The coupon's id.
    pub fn coupon_id(&self) -> Option<&str> {
        Some(self.source.as_ref()?.coupon.as_ref()?.0.as_str())
    }
}

/// All discounts that a subscription is reckoned with but its customer's.
#[derive(Debug, Default, Deserialize)]
pub struct Discounted {
    #[serde(default, deserialize_with = "list")]
    discounts: Vec<Expandable<Discount>>,
    #[serde(default)]
    items: DiscountedItems,
    /// Whom it bills.
    pub customer: Option<Id>,
}

#[derive(Debug, Default, Deserialize)]
struct DiscountedItems {
    #[serde(default)]
    data: Vec<DiscountedItem>,
}

#[derive(Debug, Deserialize)]
struct DiscountedItem {
    #[serde(default, deserialize_with = "list")]
    discounts: Vec<Expandable<Discount>>,
}

impl Discounted {
    /// The subscription's own.
    pub fn own(&self) -> impl Iterator<Item = &Discount> {
        self.discounts.iter().filter_map(Expandable::object)
    }

    /// Its items'.
    pub fn of_items(&self) -> impl Iterator<Item = &Discount> {
        let discounts = self.items.data.iter().flat_map(|item| &item.discounts);
        discounts.filter_map(Expandable::object)
    }
}
