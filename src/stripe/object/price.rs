//! Prices and products.

use std::collections::HashMap;

use serde::Deserialize;

use super::field::{currency, id, list};
use super::{Exact, Id};

/// What something costs.
#[derive(Debug, Clone, Deserialize)]
pub struct Price {
    /// `price_…`, or an old plan's id.
    #[serde(deserialize_with = "id")]
    pub id: String,
    /// Lower case.
    #[serde(deserialize_with = "currency")]
    pub currency: String,
    /// `per_unit` or `tiered`.
    pub billing_scheme: Option<String>,
    /// Null for what is sold once.
    pub recurring: Option<Recurring>,
    /// Minor units; null where they are not whole, and with tiers.
    pub unit_amount: Option<i64>,
    /// The same with up to twelve decimals; wins.
    pub unit_amount_decimal: Option<Exact>,
    /// Only in an expanded price.
    #[serde(default, deserialize_with = "list")]
    pub tiers: Vec<Tier>,
    /// `graduated` or `volume`.
    pub tiers_mode: Option<String>,
    /// Units are sold by the package.
    pub transform_quantity: Option<TransformQuantity>,
    /// What it costs in other currencies; only in an expanded price.
    #[serde(default)]
    pub currency_options: Option<HashMap<String, CurrencyOption>>,
    /// `inclusive`, `exclusive` or `unspecified`.
    pub tax_behavior: Option<String>,
    /// What is sold.
    pub product: Option<Id>,
}

/// How often something is charged.
#[derive(Debug, Clone, Deserialize)]
pub struct Recurring {
    /// day, week, month or year.
    pub interval: Option<String>,
    /// Every so many intervals.
    pub interval_count: Option<i64>,
    /// `licensed` or `metered`.
    pub usage_type: Option<String>,
}

/// A step of a tiered price.
#[derive(Debug, Clone, Deserialize)]
pub struct Tier {
    /// The last unit of the step; null for the last step.
    pub up_to: Option<i64>,
    /// Minor units for the step as a whole.
    pub flat_amount: Option<i64>,
    /// The same with decimals; wins.
    pub flat_amount_decimal: Option<Exact>,
    /// Minor units for one unit.
    pub unit_amount: Option<i64>,
    /// The same with decimals; wins.
    pub unit_amount_decimal: Option<Exact>,
}

/// Units by the package.
#[derive(Debug, Clone, Deserialize)]
pub struct TransformQuantity {
    /// Units in a package.
    pub divide_by: i64,
    /// `up` or `down`.
    pub round: Option<String>,
}

/// What a price is in another currency.
#[derive(Debug, Clone, Deserialize)]
pub struct CurrencyOption {
    /// Minor units.
    pub unit_amount: Option<i64>,
    /// The same with decimals; wins.
    pub unit_amount_decimal: Option<Exact>,
    /// Steps in this currency.
    #[serde(default, deserialize_with = "list")]
    pub tiers: Vec<Tier>,
}

impl Price {
    /// Charged by use.
    pub fn is_metered(&self) -> bool {
        self.recurring
            .as_ref()
            .is_some_and(|recurring| recurring.usage_type.as_deref() == Some("metered"))
    }

    /// Charged by steps.
    pub fn is_tiered(&self) -> bool {
        self.billing_scheme.as_deref() == Some("tiered")
    }
}

/// What is sold.
#[derive(Debug, Clone, Deserialize)]
pub struct Product {
    /// For people.
    pub name: Option<String>,
}
