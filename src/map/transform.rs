//! Our own functions in mapping sources, beside JMESPath's. Each is total: null in, null out; what it cannot take is a sentence.

use chrono::{DateTime, SecondsFormat};
use serde_json::Value;

use super::fit::TEXT_LIMIT;
use super::money::decimal_text;

/// What a function says whose result no field could hold. It is not made: to join is to multiply.
pub(super) const TOO_LARGE: &str = "the result is longer than any field";

/// A function of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transform {
    Lower,
    Upper,
    Trim,
    Date,
    DateTime,
    Money,
    Join,
}

impl Transform {
    pub(super) const ALL: [(&'static str, Self); 7] = [
        ("lower", Self::Lower),
        ("upper", Self::Upper),
        ("trim", Self::Trim),
        ("date", Self::Date),
        ("datetime", Self::DateTime),
        ("money", Self::Money),
        ("join", Self::Join),
    ];

    pub(super) fn find(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|(known, _)| *known == name)
            .map(|(_, transform)| transform)
    }

    pub(super) fn arity(self) -> usize {
        match self {
            Self::Money | Self::Join => 2,
            Self::Lower | Self::Upper | Self::Trim | Self::Date | Self::DateTime => 1,
        }
    }

    /// Applies it. The number of arguments was checked when the expression was compiled.
    pub(super) fn apply(self, arguments: &[Value]) -> Result<Value, String> {
        if arguments.iter().any(Value::is_null) {
            return Ok(Value::Null);
        }
        let first = arguments.first().unwrap_or(&Value::Null);
        match self {
            Self::Lower => Ok(text(first, "lower")?.to_lowercase().into()),
            Self::Upper => Ok(text(first, "upper")?.to_uppercase().into()),
            Self::Trim => Ok(text(first, "trim")?.trim().into()),
            Self::Date => Ok(instant(first, "date")?.format("%Y-%m-%d").to_string().into()),
            Self::DateTime => Ok(instant(first, "datetime")?
                .to_rfc3339_opts(SecondsFormat::Secs, true)
                .into()),
            Self::Money => {
                let minor = first.as_i64().ok_or("money takes a whole number of minor units")?;
                let currency = text(arguments.get(1).unwrap_or(&Value::Null), "money")?;
                Ok(decimal_text(minor, currency).into())
            }
            Self::Join => join(text(first, "join")?, arguments.get(1).unwrap_or(&Value::Null)),
        }
    }
}

fn join(glue: &str, list: &Value) -> Result<Value, String> {
    let parts = list.as_array().ok_or("join takes a list of texts")?;
    let parts: Vec<&str> = parts.iter().map(|part| text(part, "join")).collect::<Result<_, _>>()?;
    let glued = parts.len().saturating_sub(1).saturating_mul(glue.len());
    let length = parts.iter().map(|part| part.len()).sum::<usize>().saturating_add(glued);
    if length > TEXT_LIMIT {
        return Err(TOO_LARGE.to_owned());
    }
    Ok(parts.join(glue).into())
}

fn text<'a>(value: &'a Value, function: &str) -> Result<&'a str, String> {
    value.as_str().ok_or_else(|| format!("{function} takes text"))
}

fn instant(value: &Value, function: &str) -> Result<DateTime<chrono::Utc>, String> {
    let seconds = value.as_i64().ok_or_else(|| format!("{function} takes Unix seconds"))?;
    DateTime::from_timestamp(seconds, 0).ok_or_else(|| format!("{seconds} is not a time that {function} can show"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_function_does_what_it_says() {
        for (name, arguments, expected) in [
            ("lower", json!(["ÄB"]), Ok(json!("äb"))),
            ("upper", json!(["eur"]), Ok(json!("EUR"))),
            ("trim", json!(["  a b\n"]), Ok(json!("a b"))),
            ("date", json!([0]), Ok(json!("1970-01-01"))),
            ("date", json!([-1]), Ok(json!("1969-12-31"))),
            ("datetime", json!([1_792_592_000]), Ok(json!("2026-10-21T14:13:20Z"))),
            ("money", json!([-1990, "usd"]), Ok(json!("-19.90"))),
            ("money", json!([5, "jpy"]), Ok(json!("5"))),
            ("money", json!([5, null]), Ok(json!(null))),
            ("lower", json!([null]), Ok(json!(null))),
            ("lower", json!([5]), Err("lower takes text")),
            ("join", json!([", ", ["a", "b"]]), Ok(json!("a, b"))),
            ("join", json!([", ", []]), Ok(json!(""))),
            ("join", json!([", ", null]), Ok(json!(null))),
            ("join", json!([", ", "a"]), Err("join takes a list of texts")),
            ("join", json!([", ", ["a", null]]), Err("join takes text")),
            (
                "join",
                json!(["x".repeat(65_536), ["", ""]]),
                Ok("x".repeat(65_536).into()),
            ),
            ("join", json!(["x".repeat(65_537), ["", ""]]), Err(TOO_LARGE)),
            ("join", json!(["x".repeat(60_000), vec![""; 100_000]]), Err(TOO_LARGE)),
            ("date", json!(["x"]), Err("date takes Unix seconds")),
            (
                "date",
                json!([i64::MAX]),
                Err("9223372036854775807 is not a time that date can show"),
            ),
            (
                "money",
                json!([1.5, "usd"]),
                Err("money takes a whole number of minor units"),
            ),
        ] {
            let result = Transform::find(name).unwrap().apply(arguments.as_array().unwrap());
            assert_eq!(result, expected.map_err(str::to_owned), "{name} {arguments}");
        }
    }
}
