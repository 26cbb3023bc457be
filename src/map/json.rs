//! Stripe's JSON as it is at hand: parsed, or still as text. From text only what the map needs is read, which costs a third.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// One object.
#[derive(Debug, Clone, Copy)]
pub enum Json<'a> {
    /// As it came from Stripe.
    Parsed(&'a Value),
    /// As it is kept.
    Text(&'a [u8]),
}

impl<'a> From<&'a Value> for Json<'a> {
    fn from(value: &'a Value) -> Self {
        Self::Parsed(value)
    }
}

impl<'a> From<&'a [u8]> for Json<'a> {
    fn from(text: &'a [u8]) -> Self {
        Self::Text(text)
    }
}

impl Json<'_> {
    /// Reads what `T` needs.
    pub(super) fn read<T: DeserializeOwned>(self) -> Result<T, serde_json::Error> {
        match self {
            Self::Parsed(value) => T::deserialize(value),
            Self::Text(text) => serde_json::from_slice(text),
        }
    }

    /// Nothing is known of it but that it was there.
    pub(super) fn is_blank(self) -> bool {
        match self {
            Self::Parsed(value) => value.as_object().is_some_and(serde_json::Map::is_empty),
            Self::Text(text) => text == b"{}",
        }
    }
}
