//! Fits what a source gives to the field that it is for.

use chrono::{Datelike, NaiveDate};
use entity::kind::ClientStatus;
use serde_json::Value;

use super::MapError;

/// A result larger than this is no field of a record.
const TEXT_LIMIT: usize = 64 << 10;
/// The field that clients are found by. PostgreSQL takes keys of some 2,700 bytes.
const KEY: &str = "externalId";
const KEY_LIMIT: usize = 1_000;

/// What a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    Text,
    Currency,
    Day,
    Status,
    Flag,
}

/// A value that fits its field; empty values are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fitted {
    None,
    Text(String),
    Day(NaiveDate),
    Status(ClientStatus),
    Flag(bool),
}

/// Fits `value`; the sentence says why it does not fit.
pub(super) fn fit(takes: Takes, value: Value) -> Result<Fitted, String> {
    if value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty()) {
        return Ok(Fitted::None);
    }
    match takes {
        Takes::Text => plain_text(value)
            .map(Fitted::Text)
            .ok_or_else(|| "a list or an object is no text".to_owned()),
        Takes::Currency => currency(&value)
            .map(Fitted::Text)
            .ok_or_else(|| "a currency is three letters".to_owned()),
        Takes::Day => day(&value)
            .map(Fitted::Day)
            .ok_or_else(|| "a date is written YYYY-MM-DD".to_owned()),
        Takes::Status => status(&value)
            .map(Fitted::Status)
            .ok_or_else(|| format!("a status is one of {STATUS_WORDS}")),
        Takes::Flag => flag(&value)
            .map(Fitted::Flag)
            .ok_or_else(|| "it is neither true nor false".to_owned()),
    }
}

const STATUS_WORDS: &str = "ACTIVE, INACTIVE, TRIAL, TERMINATED";

fn plain_text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn currency(value: &Value) -> Option<String> {
    let text = value.as_str()?.trim();
    (text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_alphabetic())).then(|| text.to_ascii_uppercase())
}

fn day(value: &Value) -> Option<NaiveDate> {
    let text = value.as_str()?.trim();
    // Chrono also takes signs and blanks before each number.
    let is_plain = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .ok()
        .filter(|day| is_plain && !text.starts_with('-') && day.year() > 0)
}

fn status(value: &Value) -> Option<ClientStatus> {
    match value.as_str()?.trim().to_ascii_uppercase().as_str() {
        "ACTIVE" => Some(ClientStatus::Active),
        "INACTIVE" => Some(ClientStatus::Inactive),
        "TRIAL" => Some(ClientStatus::Trial),
        "TERMINATED" => Some(ClientStatus::Terminated),
        _ => None,
    }
}

fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// Text as it can be stored: not too long, and without U+0000, which PostgreSQL does not take.
pub(super) fn storable(fitted: Fitted, target: &str, warnings: &mut Vec<String>) -> Result<Fitted, MapError> {
    let Fitted::Text(text) = fitted else { return Ok(fitted) };
    let limit = if target == KEY { KEY_LIMIT } else { TEXT_LIMIT };
    if text.len() > limit {
        return Err(MapError {
            code: "VALUE_TOO_LARGE",
            message: format!("What the rule for {target} gives is longer than {limit} bytes."),
            hint: Some("Change the rule, or shorten the value in Stripe.".to_owned()),
        });
    }
    if !text.contains('\0') {
        return Ok(Fitted::Text(text));
    }
    warnings.push(format!("A NUL character in {target} was replaced."));
    Ok(Fitted::Text(without_nul(&text)))
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
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_fit_or_are_told() {
        let text = |text: &str| Ok(Fitted::Text(text.to_owned()));
        let day = NaiveDate::from_ymd_opt(2024, 2, 29).map(Fitted::Day).ok_or("no day");
        for (takes, value, expected) in [
            (Takes::Text, json!(5), text("5")),
            (Takes::Text, json!(1.5), text("1.5")),
            (Takes::Text, json!(true), text("true")),
            (Takes::Text, json!(" \n"), Ok(Fitted::None)),
            (Takes::Text, json!({}), Err("a list or an object is no text")),
            (Takes::Currency, json!(" eur "), text("EUR")),
            (Takes::Currency, json!("e1r"), Err("a currency is three letters")),
            (Takes::Day, json!("2024-02-29"), day),
            (Takes::Day, json!("2023-02-29"), Err("a date is written YYYY-MM-DD")),
            (Takes::Day, json!("2026- 1- 1"), Err("a date is written YYYY-MM-DD")),
            (Takes::Day, json!("-026-01-01"), Err("a date is written YYYY-MM-DD")),
            (Takes::Day, json!("+026-01-01"), Err("a date is written YYYY-MM-DD")),
            (Takes::Day, json!("0000-01-01"), Err("a date is written YYYY-MM-DD")),
            (Takes::Day, json!(20_260_101), Err("a date is written YYYY-MM-DD")),
            (Takes::Status, json!("tRiAl"), Ok(Fitted::Status(ClientStatus::Trial))),
            (Takes::Flag, json!("TRUE"), Ok(Fitted::Flag(true))),
            (Takes::Flag, json!(1), Err("it is neither true nor false")),
            (Takes::Flag, json!(null), Ok(Fitted::None)),
        ] {
            assert_eq!(
                fit(takes, value.clone()),
                expected.map_err(str::to_owned),
                "{takes:?} {value}"
            );
        }
    }
}
