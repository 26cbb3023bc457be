//! What an object offers to a mapping: an expression for each of its fields, with the value it gives.

use entity::kind::FieldType;
use serde_json::Value;

use super::money::decimal_text;

/// Levels of nesting that are looked into.
const DEPTH: usize = 4;
/// Fields of one object at most: metadata may hold any number.
const MOST: usize = 500;

/// Fields of a customer or product that count Unix seconds, and what counts minor units of the customer's currency.
const TIMES: [&str; 2] = ["created", "updated"];
const MONEY: [&str; 1] = ["balance"];

/// A field that a mapping could read.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// The expression.
    pub path: String,
    /// What it gives here; none where it is empty.
    pub value: Option<Value>,
    /// What it always gives, where that is known.
    pub field_type: Option<FieldType>,
    /// An object or a list is there: no field of ours holds that.
    pub is_nested: bool,
}

/// All fields of `object`, and those that hold further ones.
pub fn offers(object: &Value) -> Vec<Offer> {
    let mut found = Vec::new();
    walk(object, "", 0, &mut found);
    let currency = object["currency"].as_str().unwrap_or_default();
    for name in TIMES {
        let day = object[name]
            .as_i64()
            .and_then(|at| chrono::DateTime::from_timestamp(at, 0));
        found.extend(object.get(name).map(|_| Offer {
            path: format!("date({name})"),
            value: day.map(|day| day.format("%Y-%m-%d").to_string().into()),
            field_type: Some(FieldType::Date),
            is_nested: false,
        }));
    }
    for name in MONEY {
        let amount = object[name].as_i64().filter(|_| !currency.is_empty());
        found.extend(object.get(name).map(|_| Offer {
            path: format!("money({name}, currency)"),
            value: amount.map(|minor| decimal_text(minor, currency).into()),
            field_type: Some(FieldType::Currency),
            is_nested: false,
        }));
    }
    found
}

fn walk(value: &Value, path: &str, depth: usize, found: &mut Vec<Offer>) {
    let Value::Object(fields) = value else { return };
    for (name, value) in fields {
        if found.len() >= MOST {
            return;
        }
        let step = step(name);
        let path = if path.is_empty() {
            step
        } else {
            format!("{path}.{step}")
        };
        found.push(Offer {
            path: path.clone(),
            value: Some(value.clone()).filter(is_filled),
            field_type: None,
            is_nested: value.is_object() || value.is_array(),
        });
        match value {
            Value::Object(_) if depth + 1 < DEPTH => walk(value, &path, depth + 1, found),
            Value::Array(items) => found.push(first(&path, items)),
            _ => {}
        }
    }
}

/// The first of a list.
fn first(path: &str, items: &[Value]) -> Offer {
    let value = items.first();
    Offer {
        path: format!("{path}[0]"),
        value: value.filter(|value| is_filled(value)).cloned(),
        field_type: None,
        is_nested: value.is_some_and(|value| value.is_object() || value.is_array()),
    }
}

fn is_filled(value: &Value) -> bool {
    match value {
        Value::Null | Value::Object(_) | Value::Array(_) => false,
        Value::String(text) => !text.trim().is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

/// A name as JMESPath writes it: quoted, as JSON is, where it is more than a word.
fn step(name: &str) -> String {
    let mut letters = name.chars();
    let begins_well = letters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
    if begins_well && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_') {
        name.to_owned()
    } else {
        Value::from(name).to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::map::expression::compile;

    #[test]
    fn each_field_has_an_expression() {
        let customer = json!({
            "id": "cus_1", "name": null, "balance": -1990, "currency": "usd", "created": 1_792_592_000,
            "address": {"city": "Köln", "line2": ""},
            "metadata": {"plan tier": "gold", "a.b": "1", "say \"hi\"": "x", "ключ": "y", "9": "z", "ok_1": "w"},
            "preferred_locales": ["de", "en"], "sources": [{"id": "x"}], "tax_ids": [],
        });
        let found: Vec<(String, Option<Value>)> = offers(&customer)
            .into_iter()
            .filter(|offer| !offer.is_nested)
            .map(|offer| (offer.path, offer.value))
            .collect();
        for (path, value) in [
            ("id", Some(json!("cus_1"))),
            ("name", None),
            ("address.city", Some(json!("Köln"))),
            ("address.line2", None),
            ("balance", Some(json!(-1990))),
            ("money(balance, currency)", Some(json!("-19.90"))),
            ("date(created)", Some(json!("2026-10-21"))),
            ("metadata.\"plan tier\"", Some(json!("gold"))),
            ("metadata.\"a.b\"", Some(json!("1"))),
            ("metadata.\"say \\\"hi\\\"\"", Some(json!("x"))),
            ("metadata.\"ключ\"", Some(json!("y"))),
            ("metadata.\"9\"", Some(json!("z"))),
            ("metadata.ok_1", Some(json!("w"))),
            ("preferred_locales[0]", Some(json!("de"))),
            ("tax_ids[0]", None),
        ] {
            assert!(
                found.contains(&(path.to_owned(), value.clone())),
                "{path} {value:?} in {found:?}"
            );
        }
        assert!(!found.iter().any(|(path, _)| path.starts_with("sources")));
        let unbilled = json!({"id": "cus_1", "balance": 0, "currency": null});
        let money = offers(&unbilled)
            .into_iter()
            .find(|offer| offer.path.starts_with("money"));
        assert_eq!(money.map(|offer| offer.value), Some(None));
    }

    proptest! {
        #[test]
        fn what_is_offered_gives_what_was_seen(key in "\\PC{1,40}", value in "\\PC{1,10}") {
            let object = json!({"metadata": {key: value}});
            for offer in offers(&object).into_iter().filter(|offer| !offer.is_nested) {
                let given = compile(&offer.path).unwrap().evaluate(&object).unwrap();
                prop_assert_eq!(Some(given).filter(is_filled), offer.value, "{}", offer.path);
            }
        }
    }
}
