//! Fits a value to the field that it is for: what a source gives, or what a person has typed.

mod canonical;

use chrono::NaiveDate;
use entity::custom_field;
use entity::kind::{ClientStatus, FieldType};
use serde_json::Value;

use super::MapError;
use super::key::KEY_LIMIT;

/// A result larger than this is no field of a record.
pub(crate) const TEXT_LIMIT: usize = 64 << 10;
/// The fields that clients are found by.
const KEYS: [&str; 2] = ["externalId", "email"];

/// What a field takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Takes {
    Text,
    /// An address on the web.
    Link,
    /// The code of a currency.
    CurrencyCode,
    Day,
    Status,
    Flag,
    Integer,
    Decimal,
    /// An amount of money.
    Amount,
    /// One of these.
    OneOf(Vec<String>),
}

impl Takes {
    pub(super) fn of(field: &custom_field::Model) -> Self {
        match field.field_type {
            FieldType::Text => Self::Text,
            FieldType::Integer => Self::Integer,
            FieldType::Decimal => Self::Decimal,
            FieldType::Currency => Self::Amount,
            FieldType::Boolean => Self::Flag,
            FieldType::Date => Self::Day,
            FieldType::Link => Self::Link,
            FieldType::Picklist => Self::OneOf(field.options.0.clone()),
        }
    }

    /// The type as people are told it.
    pub(crate) fn field_type(&self) -> FieldType {
        match self {
            Self::Text | Self::CurrencyCode => FieldType::Text,
            Self::Link => FieldType::Link,
            Self::Day => FieldType::Date,
            Self::Status | Self::OneOf(_) => FieldType::Picklist,
            Self::Flag => FieldType::Boolean,
            Self::Integer => FieldType::Integer,
            Self::Decimal => FieldType::Decimal,
            Self::Amount => FieldType::Currency,
        }
    }
}

/// A value that fits its field, in its canonical form; empty values are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fitted {
    None,
    Text(String),
    Day(NaiveDate),
    Status(ClientStatus),
    Flag(bool),
}

impl Fitted {
    /// The text that a field which holds text keeps of it.
    pub(crate) fn into_text(self) -> Option<String> {
        match self {
            Self::None => None,
            Self::Text(text) => Some(text),
            Self::Day(day) => Some(day.to_string()),
            Self::Status(status) => Some(canonical::status_word(status).to_owned()),
            Self::Flag(flag) => Some(flag.to_string()),
        }
    }
}

/// Fits `value`; the sentence says why it does not fit.
pub(crate) fn fit(takes: &Takes, value: Value) -> Result<Fitted, String> {
    if value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty()) {
        return Ok(Fitted::None);
    }
    let fitted = match takes {
        Takes::Text => canonical::text(value).map(Fitted::Text),
        Takes::Link => canonical::link(&value).map(Fitted::Text),
        Takes::CurrencyCode => canonical::currency_code(&value).map(Fitted::Text),
        Takes::Day => canonical::day(&value).map(Fitted::Day),
        Takes::Status => canonical::status(&value).map(Fitted::Status),
        Takes::Flag => canonical::flag(&value).map(Fitted::Flag),
        Takes::Integer => canonical::integer(&value).map(Fitted::Text),
        Takes::Decimal => canonical::decimal(&value).map(Fitted::Text),
        Takes::Amount => canonical::amount(&value).map(Fitted::Text),
        Takes::OneOf(options) => canonical::one_of(options, &value).map(Fitted::Text),
    };
    fitted.ok_or_else(|| why_not(takes))
}

fn why_not(takes: &Takes) -> String {
    let why = match takes {
        Takes::Text => "a list or an object is no text",
        Takes::Link => "a link is an address that begins with https:// or http://",
        Takes::CurrencyCode => "a currency is three letters",
        Takes::Day => "a date is written YYYY-MM-DD",
        Takes::Status => canonical::STATUS_WORDS,
        Takes::Flag => "it is neither true nor false",
        Takes::Integer => "an integer is a whole number of 64 bits",
        Takes::Decimal => "a decimal is a number of at most 28 digits",
        Takes::Amount => {
            "an amount of money is a decimal such as 19.90; of Stripe's minor units money(amount, currency) makes one"
        }
        Takes::OneOf(options) => return format!("it is none of the options {}", options.join(", ")),
    };
    why.to_owned()
}

/// Text as it can be stored: not too long, and without U+0000, which PostgreSQL does not take.
pub(super) fn storable(fitted: Fitted, target: &str, warnings: &mut Vec<String>) -> Result<Fitted, MapError> {
    let Fitted::Text(text) = fitted else { return Ok(fitted) };
    if text.len() > limit(target) {
        return Err(too_large(target));
    }
    if !text.contains('\0') {
        return Ok(Fitted::Text(text));
    }
    warnings.push(format!("A NUL character in {target} was replaced."));
    Ok(Fitted::Text(without_nul(&text)))
}

/// How many bytes the text of a field has at most.
fn limit(target: &str) -> usize {
    if KEYS.contains(&target) { KEY_LIMIT } else { TEXT_LIMIT }
}

/// No field holds so much, and a part of it would be a lie: the object fails.
pub(super) fn too_large(target: &str) -> MapError {
    MapError {
        code: "VALUE_TOO_LARGE",
        message: format!(
            "What the rule for {target} gives is longer than {} bytes.",
            limit(target)
        ),
        hint: Some("Change the rule, or shorten the value in Stripe.".to_owned()),
    }
}

/// The text in a form that can be stored: of so many letters at most, and without U+0000; `true` when it was longer.
pub(super) fn storable_text(mut text: String, letters: usize) -> (String, bool) {
    let end = text.char_indices().nth(letters).map(|(end, _)| end);
    if let Some(end) = end {
        text.truncate(end);
    }
    if text.contains('\0') {
        text = without_nul(&text);
    }
    (text, end.is_some())
}

/// The text with U+FFFD for every U+0000.
pub(super) fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{FFFD}")
}

#[cfg(test)]
mod tests;
