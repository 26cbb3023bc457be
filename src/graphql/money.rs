//! Money and the other small types that records share.

use async_graphql::{Enum, InputObject, SimpleObject};

use super::scalar::{BigInt, Date, DateTime, Decimal};
use crate::map::money::exponent;
use crate::store::range::Range;

/// Money without rounding.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct Money {
    /// ISO 4217 code, upper case.
    currency: String,
    /// The amount in the currency's smallest unit, as Stripe counts it.
    minor_units: BigInt,
    /// How many digits the smallest unit is below one: USD 2, JPY 0, KWD 3.
    exponent: i32,
    /// minorUnits / 10^exponent, fixed digits.
    decimal: Decimal,
}

impl Money {
    /// `minor` units of `currency`.
    pub(super) fn new(minor: i64, currency: &str) -> Self {
        let exponent = exponent(currency);
        Self {
            currency: currency.to_owned(),
            minor_units: BigInt(minor),
            exponent: i32::try_from(exponent).unwrap_or_default(),
            decimal: Decimal(rust_decimal::Decimal::from_i128_with_scale(i128::from(minor), exponent)),
        }
    }
}

/// Which end comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(super) enum OrderDirection {
    Asc,
    Desc,
}

/// From inclusive, to exclusive.
#[derive(Debug, Clone, InputObject)]
pub(super) struct DateTimeRange {
    from: Option<DateTime>,
    to: Option<DateTime>,
}

impl From<DateTimeRange> for Range<i64> {
    fn from(range: DateTimeRange) -> Self {
        Self {
            from: range.from.map(DateTime::ms),
            to: range.to.map(DateTime::ms),
        }
    }
}

/// From inclusive, to exclusive.
#[derive(Debug, Clone, InputObject)]
pub(super) struct DateRange {
    from: Option<Date>,
    to: Option<Date>,
}

impl From<DateRange> for Range<chrono::NaiveDate> {
    fn from(range: DateRange) -> Self {
        Self {
            from: range.from.map(|day| day.0),
            to: range.to.map(|day| day.0),
        }
    }
}
