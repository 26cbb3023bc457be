//! Pure: a source object, what it names and the rules in, a record out. No async, no connection, no clock.
//!
//! - [`rule`] is what an admin edits: sources, targets, policies; [`expression`] compiles and evaluates the sources.
//! - [`client`] and [`product`] follow those rules, [`contract`] is fixed; [`matching`] says which client a customer is.
//! - [`money`] and [`key`] are how amounts and names are written down.

#[cfg(test)]
mod arbitrary;
pub mod client;
pub mod contract;
mod expression;
pub(crate) mod fit;
pub mod fraction;
mod json;
pub mod key;
pub mod matching;
pub mod money;
pub mod product;
mod refs;
pub mod rule;
pub mod scrub;
mod skip;
pub mod source;
mod syntax;
mod transform;

pub use json::Json;
pub use refs::{Known, Refs};
pub use skip::{Mapped, SkipReason};

use entity::kind::StripeKind;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::stripe::object::{Coupon, CreditNote, Price, Refund};

/// Goes up when the code maps differently, so that what was mapped before is mapped again.
pub const MAP_REVISION: i64 = 3;

/// Why one object cannot become a record. Only this object fails.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct MapError {
    /// For programs.
    pub code: &'static str,
    /// For people.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// Of a message or a warning.
const MESSAGE_LETTERS: usize = 500;

/// Whether prices, coupons and credit notes, which make no records of their own, can be reckoned with.
pub fn check(kind: StripeKind, object: &Value) -> Result<(), MapError> {
    match kind {
        StripeKind::Price => read::<Price>(object).map(|_price| ()),
        StripeKind::Coupon => read::<Coupon>(object).map(|_coupon| ()),
        StripeKind::CreditNote => read::<CreditNote>(object).map(|_note| ()),
        StripeKind::Refund => read::<Refund>(object).map(|_refund| ()),
        _ => Ok(()),
    }
}

/// Reads what the map needs. What is missing or of another kind fails this object alone.
fn read<'a, T: DeserializeOwned>(object: impl Into<Json<'a>>) -> Result<T, MapError> {
    object.into().read().map_err(|error| MapError {
        code: "INVALID_OBJECT",
        message: fit::storable_text(
            format!("Stripe's object is not of the expected shape: {error}"),
            MESSAGE_LETTERS,
        )
        .0,
        hint: Some("Compare the object with Stripe's API reference; it may be of another API version.".to_owned()),
    })
}

/// The id of an object, which every record needs, in a form that can be stored as its name.
fn stripe_id(object: &Value) -> Result<String, MapError> {
    object["id"]
        .as_str()
        .filter(|id| !id.is_empty())
        .map(fit::without_nul)
        .ok_or_else(|| MapError {
            code: "NO_ID",
            message: "Stripe's object has no id.".to_owned(),
            hint: Some("Compare the object with Stripe's API reference; it may be of another API version.".to_owned()),
        })
}
