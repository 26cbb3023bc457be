//! Coupons, and the discounts that were given by them.

use std::collections::HashMap;

use serde::Deserialize;

use super::field::{id, list};
use super::{Exact, Id};

/// What a discount takes off.
#[derive(Debug, Clone, Deserialize)]
pub struct Coupon {
    /// Chosen by the merchant, or random.
    #[serde(deserialize_with = "id")]
    pub id: String,
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
    /// The coupon's id.
    pub fn coupon_id(&self) -> Option<&str> {
        Some(self.source.as_ref()?.coupon.as_ref()?.0.as_str())
    }
}
