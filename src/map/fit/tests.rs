//! Values, the fields that they are for, and what is kept of them.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::map::arbitrary::any_json;

#[test]
fn built_in_fields_take_what_fits() {
    let text = |text: &str| Ok(Fitted::Text(text.to_owned()));
    let day = NaiveDate::from_ymd_opt(2024, 2, 29).map(Fitted::Day).ok_or("no day");
    for (takes, value, expected) in [
        (Takes::Text, json!(5), text("5")),
        (Takes::Text, json!(1.5), text("1.5")),
        (Takes::Text, json!(true), text("true")),
        (Takes::Text, json!(" \n"), Ok(Fitted::None)),
        (Takes::Text, json!({}), Err("a list or an object is no text")),
        (Takes::CurrencyCode, json!(" eur "), text("EUR")),
        (Takes::CurrencyCode, json!("e1r"), Err("a currency is three letters")),
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
            fit(&takes, value.clone()),
            expected.map_err(str::to_owned),
            "{takes:?} {value}"
        );
    }
}

#[test]
fn each_type_has_one_form() {
    let options = || Takes::OneOf(vec!["Gold".to_owned(), "Silver".to_owned(), "gold".to_owned()]);
    for (takes, value, kept) in [
        (Takes::Integer, json!(-5), Some("-5")),
        (Takes::Integer, json!(" 007 "), Some("7")),
        (Takes::Integer, json!(i64::MAX), Some("9223372036854775807")),
        (Takes::Integer, json!(u64::MAX), None),
        (Takes::Integer, json!("9223372036854775808"), None),
        (Takes::Integer, json!(5.0), None),
        (Takes::Integer, json!("+5"), None),
        (Takes::Integer, json!("1_000"), None),
        (Takes::Decimal, json!("19.900"), Some("19.9")),
        (Takes::Decimal, json!(-0.5), Some("-0.5")),
        (Takes::Decimal, json!("-0.00"), Some("0")),
        (Takes::Decimal, json!(1e20), Some("100000000000000000000")),
        (Takes::Decimal, json!("1e5"), None),
        (Takes::Decimal, json!(".5"), None),
        (Takes::Decimal, json!("5."), None),
        (Takes::Decimal, json!("1,5"), None),
        (Takes::Decimal, json!("1".repeat(400)), None),
        (Takes::Amount, json!("-19.90"), Some("-19.90")),
        (Takes::Amount, json!("-0.00"), Some("0.00")),
        (Takes::Amount, json!("500"), Some("500")),
        (Takes::Amount, json!(-1990), None),
        (Takes::Amount, json!("19.90 EUR"), None),
        (
            Takes::Link,
            json!("https://acme.test/a?b=c"),
            Some("https://acme.test/a?b=c"),
        ),
        (Takes::Link, json!(" acme.test "), Some("https://acme.test")),
        (Takes::Link, json!("http://localhost:80"), Some("http://localhost:80")),
        (Takes::Link, json!("javascript:alert(1)"), None),
        (Takes::Link, json!("javascript://acme.test/%0aalert(1)"), None),
        (Takes::Link, json!("data:text/html,x"), None),
        (Takes::Link, json!("ftp://acme.test"), None),
        (Takes::Link, json!("https://user@acme.test"), None),
        (Takes::Link, json!("mailto:a@acme.test"), None),
        (Takes::Link, json!("https://a b.test"), None),
        (Takes::Link, json!("acme"), None),
        (options(), json!("gold"), Some("gold")),
        (options(), json!(" SILVER"), Some("Silver")),
        (options(), json!("bronze"), None),
        (Takes::Flag, json!(" False "), Some("false")),
        (Takes::Day, json!("2026-11-24"), Some("2026-11-24")),
        (Takes::Status, json!("active"), Some("ACTIVE")),
    ] {
        let fitted = fit(&takes, value.clone());
        let text = fitted.as_ref().ok().cloned().and_then(Fitted::into_text);
        assert_eq!(text.as_deref(), kept, "{takes:?} {value} {fitted:?}");
        assert_eq!(fitted.is_err(), kept.is_none(), "{takes:?} {value}");
    }
}

fn any_takes() -> impl Strategy<Value = Takes> {
    prop_oneof![
        Just(Takes::Text),
        Just(Takes::Link),
        Just(Takes::CurrencyCode),
        Just(Takes::Day),
        Just(Takes::Status),
        Just(Takes::Flag),
        Just(Takes::Integer),
        Just(Takes::Decimal),
        Just(Takes::Amount),
        Just(Takes::OneOf(vec!["a".to_owned(), "Bb".to_owned()])),
    ]
}

/// Text of the kind that somebody types.
fn any_typed() -> impl Strategy<Value = Value> {
    prop_oneof![
        any_json(),
        "[-+]?[0-9]{0,20}([.,][0-9]{0,8})?".prop_map(Value::from),
        "[0-9]{4}-[0-9]{2}-[0-9]{2}".prop_map(Value::from),
        "(https?://|javascript:)?[a-z.@ ]{0,12}".prop_map(Value::from),
        " ?(true|FALSE|a|bB|eur|trial) ?".prop_map(Value::from),
    ]
}

proptest! {
    #[test]
    fn what_is_kept_is_kept_as_it_is(takes in any_takes(), value in any_typed()) {
        if let Ok(Some(text)) = fit(&takes, value).map(Fitted::into_text) {
            prop_assert_eq!(fit(&takes, text.clone().into()).map(Fitted::into_text), Ok(Some(text)));
        }
    }
}
