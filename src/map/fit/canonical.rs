//! The one form in which values of each kind are kept; none where the value is not of the kind.

use chrono::{Datelike, NaiveDate};
use entity::kind::ClientStatus;
use rust_decimal::Decimal;
use serde_json::Value;
use unicode_casefold::UnicodeCaseFold;
use url::Url;

pub(super) const STATUS_WORDS: &str = "a status is one of ACTIVE, INACTIVE, TRIAL, TERMINATED";
const STATUSES: [(ClientStatus, &str); 4] = [
    (ClientStatus::Active, "ACTIVE"),
    (ClientStatus::Inactive, "INACTIVE"),
    (ClientStatus::Trial, "TRIAL"),
    (ClientStatus::Terminated, "TERMINATED"),
];
/// No browser opens a longer one.
const LINK_LENGTH: usize = 2_000;

pub(super) fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Web addresses only: a link of another scheme could run something. People often leave the scheme out.
pub(super) fn link(value: &Value) -> Option<String> {
    let text = value.as_str()?.trim();
    if text.len() > LINK_LENGTH || text.contains(char::is_whitespace) || text.contains(char::is_control) {
        return None;
    }
    let has_scheme = text.contains("://");
    let whole = if has_scheme {
        text.to_owned()
    } else {
        format!("https://{text}")
    };
    let url = Url::parse(&whole).ok()?;
    let is_web = matches!(url.scheme(), "http" | "https");
    let host = url.host_str().filter(|host| has_scheme || host.contains('.'))?;
    // Without a scheme, `mailto:a@b.c` would read as user and host.
    let is_plain = url.username().is_empty() && url.password().is_none() && !host.is_empty();
    (is_web && is_plain).then_some(whole)
}

pub(super) fn currency_code(value: &Value) -> Option<String> {
    let text = value.as_str()?.trim();
    (text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_alphabetic())).then(|| text.to_ascii_uppercase())
}

pub(super) fn day(value: &Value) -> Option<NaiveDate> {
    let text = value.as_str()?.trim();
    // Chrono also takes signs and blanks before each number.
    let is_plain = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .ok()
        .filter(|day| is_plain && !text.starts_with('-') && day.year() > 0)
}

pub(super) fn status(value: &Value) -> Option<ClientStatus> {
    let word = value.as_str()?.trim();
    let known = STATUSES.iter().find(|(_, known)| known.eq_ignore_ascii_case(word));
    known.map(|(status, _)| *status)
}

pub(super) fn status_word(status: ClientStatus) -> &'static str {
    STATUSES
        .iter()
        .find(|(known, _)| *known == status)
        .map_or("", |(_, word)| word)
}

pub(super) fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        Value::String(text) if text.trim().eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.trim().eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

pub(super) fn integer(value: &Value) -> Option<String> {
    let number = match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => plain_digits(text.trim()).and_then(|text| text.parse().ok()),
        _ => None,
    };
    number.map(|number| number.to_string())
}

pub(super) fn decimal(value: &Value) -> Option<String> {
    let number = match value {
        Value::Number(number) => {
            let text = number.to_string();
            Decimal::from_str_exact(&text)
                .or_else(|_| Decimal::from_scientific(&text))
                .ok()
        }
        Value::String(text) => plain_decimal(text),
        _ => None,
    };
    number.map(|number| unsigned_zero(number.normalize()).to_string())
}

/// An amount keeps its digits after the point: they are the currency's. A bare number is refused: Stripe's are minor units.
pub(super) fn amount(value: &Value) -> Option<String> {
    plain_decimal(value.as_str()?).map(|number| unsigned_zero(number).to_string())
}

pub(super) fn one_of(options: &[String], value: &Value) -> Option<String> {
    let given = text(value.clone())?;
    let folded = |text: &str| text.trim().case_fold().collect::<String>();
    let exact = options.iter().find(|option| **option == given);
    exact
        .or_else(|| options.iter().find(|option| folded(option) == folded(&given)))
        .cloned()
}

fn plain_decimal(text: &str) -> Option<Decimal> {
    let text = text.trim();
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    plain_digits(whole)?;
    let is_part = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    Decimal::from_str_exact(text).ok().filter(|_| is_part)
}

/// Digits with a minus at most: no plus, no blanks, no underscores.
fn plain_digits(text: &str) -> Option<&str> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
}

fn unsigned_zero(mut number: Decimal) -> Decimal {
    if number.is_zero() {
        number.set_sign_positive(true);
    }
    number
}
