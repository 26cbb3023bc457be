//! What property tests of mapping feed it: any JSON that looks a little like Stripe's, and any text that looks a little like a source.

use proptest::prelude::*;
use serde_json::{Map, Value};

/// Any JSON whose names are those that sources in the tests read.
pub(super) fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-c]{0,3}".prop_map(Value::from),
        "[\\PC\0 \n]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            fields("[a-c]", inner).prop_map(Value::Object),
        ]
    })
}

/// An object with an id, and anything at all in the fields that the default mappings read.
pub(super) fn any_stripe_object() -> impl Strategy<Value = Value> {
    let names = "name|email|phone|address|currency|created|description|active|metadata|business_name";
    (".{1,12}", fields(names, any_json())).prop_map(|(id, mut fields)| {
        fields.insert("id".to_owned(), id.into());
        Value::Object(fields)
    })
}

/// Any text: noise, and the language's own words in any order.
pub(super) fn any_source() -> impl Strategy<Value = String> {
    let word = r"[a-c]|@|\.|\[|\]|\[\?|\[\*\]|\(|\)|\{|\}|,|:|\||\|\||&|&&|!|==|<|-?[0-9]{1,11}|'a'|`1`|`|'|\\|upper|date|money|join|length|to_string| ";
    prop_oneof![
        ".{0,60}",
        prop::collection::vec(word, 0..30).prop_map(|words| words.concat()),
    ]
}

fn fields(names: &'static str, value: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::btree_map(names, value, 0..6).prop_map(|fields| fields.into_iter().collect())
}
