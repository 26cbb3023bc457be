//! The scalars of the API: exact, and strict about what they take.

use std::ops::RangeInclusive;

use async_graphql::{InputType, InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::{Datelike, NaiveDate, SecondsFormat, Utc};

const DATE: &str = "%Y-%m-%d";

/// Years of four digits, and none before the first.
const YEARS: RangeInclusive<i32> = 1..=9999;

/// An instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DateTime(chrono::DateTime<Utc>);

impl DateTime {
    /// From Unix milliseconds.
    pub fn from_ms(at: i64) -> Self {
        Self(chrono::DateTime::from_timestamp_millis(at).unwrap_or_default())
    }

    /// Unix milliseconds.
    pub fn ms(self) -> i64 {
        self.0.timestamp_millis()
    }
}

/// An instant, RFC 3339, always UTC with `Z`.
#[Scalar(
    name = "DateTime",
    specified_by_url = "https://scalars.graphql.org/andimarek/date-time.html"
)]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        let text = text_of(&value)?;
        chrono::DateTime::parse_from_rfc3339(text)
            .ok()
            .map(|at| Self::from_ms(at.timestamp_millis()))
            .filter(|at| YEARS.contains(&at.0.year()))
            .ok_or_else(|| "not an instant as in RFC 3339, e.g. 2026-11-23T09:30:00Z".into())
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

/// A calendar day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(pub NaiveDate);

/// A calendar day, YYYY-MM-DD, no zone.
#[Scalar(name = "Date")]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Self> {
        let text = text_of(&value)?;
        let has_form = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        NaiveDate::parse_from_str(text, DATE)
            .ok()
            .filter(|day| has_form && YEARS.contains(&day.year()))
            .map(Self)
            .ok_or_else(|| "not a day of the form YYYY-MM-DD".into())
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.format(DATE).to_string())
    }
}

/// A signed 64-bit integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct BigInt(pub i64);

/// A signed 64-bit integer as a JSON string, safe in JavaScript. Input takes a string or an Int.
#[Scalar(name = "BigInt")]
impl ScalarType for BigInt {
    fn parse(value: Value) -> InputValueResult<Self> {
        let number = match &value {
            Value::Number(number) => number.as_i64(),
            Value::String(text) if !text.starts_with('+') => text.parse().ok(),
            _ => return Err(InputValueError::expected_type(value)),
        };
        number.map(Self).ok_or_else(|| "not a whole number of 64 bits".into())
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// An exact decimal number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Decimal(pub rust_decimal::Decimal);

/// An exact decimal number as a JSON string, e.g. "19.90"; never a float.
#[Scalar(name = "Decimal")]
impl ScalarType for Decimal {
    fn parse(value: Value) -> InputValueResult<Self> {
        let text = text_of(&value)?;
        let has_form = text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.'));
        rust_decimal::Decimal::from_str_exact(text)
            .ok()
            .filter(|_number| has_form)
            .map(Self)
            .ok_or_else(|| "not a decimal number, e.g. \"19.90\"".into())
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// Arbitrary JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Json(pub serde_json::Value);

/// Arbitrary JSON, output only, at most 64 KiB: source objects and audit details, secrets already redacted.
#[Scalar(name = "JSON")]
impl ScalarType for Json {
    fn parse(_value: Value) -> InputValueResult<Self> {
        Err("JSON is output only".into())
    }

    fn to_value(&self) -> Value {
        Value::from_json(self.0.clone()).unwrap_or_default()
    }
}

fn text_of<T: InputType>(value: &Value) -> Result<&str, InputValueError<T>> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(InputValueError::expected_type(other.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: ScalarType>(value: impl Into<Value>) -> Option<T> {
        T::parse(value.into()).ok()
    }

    fn shown<T: ScalarType>(text: &str) -> Option<Value> {
        read::<T>(text).map(|scalar| scalar.to_value())
    }

    #[test]
    fn instants_are_utc_with_z() {
        let utc = |text: &str| Some(Value::from(text));
        assert_eq!(
            shown::<DateTime>("2026-02-28T23:30:00-01:00"),
            utc("2026-03-01T00:30:00Z")
        );
        assert_eq!(
            shown::<DateTime>("2026-03-01T00:30:00.120Z"),
            utc("2026-03-01T00:30:00.120Z")
        );
        assert_eq!(shown::<DateTime>("2016-12-31T23:59:60Z"), utc("2017-01-01T00:00:00Z"));
        assert_eq!(shown::<DateTime>("1969-12-31T23:59:59Z"), utc("1969-12-31T23:59:59Z"));
        assert_eq!(shown::<DateTime>("9999-12-31T23:59:59Z"), utc("9999-12-31T23:59:59Z"));
        for bad in [
            "2026-03-01",
            "2026-02-29T00:00:00Z",
            "2026-03-01T00:30:00",
            "0000-01-01T00:00:00Z",
            "9999-12-31T23:59:60Z",
            "now",
            "",
        ] {
            assert_eq!(shown::<DateTime>(bad), None, "{bad}");
        }
        assert_eq!(read::<DateTime>(1), None);
    }

    #[test]
    fn days_have_ten_characters() {
        assert_eq!(shown::<Date>("2028-02-29"), Some(Value::from("2028-02-29")));
        for bad in [
            "2026-02-29",
            "2026-2-9",
            "+2026-02-9",
            " 2026-02-01",
            "2026-02-01T00:00:00Z",
        ] {
            assert_eq!(shown::<Date>(bad), None, "{bad}");
        }
    }

    #[test]
    fn big_integers_are_exact() {
        let least = "-9223372036854775808";
        assert_eq!(shown::<BigInt>(least), Some(Value::from(least)));
        assert_eq!(read::<BigInt>(7), Some(BigInt(7)));
        for bad in ["9223372036854775808", " 1", "1 ", "+1", "0x10", "1e3", "1.0", ""] {
            assert_eq!(shown::<BigInt>(bad), None, "{bad}");
        }
        assert_eq!(read::<BigInt>(1.5), None);
    }

    #[test]
    fn decimals_keep_their_digits() {
        assert_eq!(shown::<Decimal>("19.90"), Some(Value::from("19.90")));
        for bad in ["1e3", "+1", "NaN", "1_000", "", &"9".repeat(400)] {
            assert_eq!(shown::<Decimal>(bad), None, "{bad}");
        }
        assert_eq!(read::<Decimal>(19.9), None);
    }
}
