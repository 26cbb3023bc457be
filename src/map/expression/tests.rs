//! The language of sources: what it reads, what it refuses, and that both ways of evaluating agree.

use proptest::prelude::*;
use serde_json::json;

use super::super::arbitrary::{any_json, any_source};
use super::*;

fn by_library(source: &str, object: &Value) -> Result<Value, String> {
    RUNTIME
        .compile(source)
        .unwrap()
        .search(object.to_jmespath().unwrap())
        .map(|found| to_value(&found))
        .map_err(reason)
}

#[test]
fn reads_what_people_write() {
    let object = json!({"id": "x", "name": "", "email": "a@b", "n": 5, "address": {"city": "Köln"},
        "metadata": {"plan tier": "gold"}, "tags": [{"k": "a", "v": 1}, {"k": "b", "v": 2}]});
    for (source, expected) in [
        ("id", json!("x")),
        ("name || email || id", json!("a@b")),
        ("address.city", json!("Köln")),
        ("address.street.number", json!(null)),
        ("metadata.\"plan tier\" || 'free'", json!("gold")),
        ("upper(address.city)", json!("KÖLN")),
        ("'ACTIVE'", json!("ACTIVE")),
        ("tags[0].k", json!("a")),
        ("tags[?k == 'b'].v | [0]", json!(2)),
        ("join(', ', tags[*].k)", json!("a, b")),
        ("length(tags) && to_string(n)", json!("5")),
        ("!name && not_null(missing, email)", json!("a@b")),
        ("n == `5`", json!(true)),
        ("money(n, 'usd')", json!("0.05")),
    ] {
        let expression = compile(source).unwrap_or_else(|text| panic!("{source}: {text}"));
        assert_eq!(expression.evaluate(&object).unwrap(), expected, "{source}");
    }
}

#[test]
fn bombs_and_unknown_words_are_refused() {
    let deep = format!("{}a", "!".repeat(40));
    let long = vec!["a"; 70].join(" || ");
    let (parted, nested) = ("(".repeat(255) + "a" + &")".repeat(255), "[".repeat(512));
    let (stars, calls) = ("*.".repeat(255) + "*", "lower(".repeat(73) + "a" + &")".repeat(73));
    let filters = "a[?".repeat(127) + "a" + &"]".repeat(127);
    for source in [
        "",
        "a..b",
        "a[",
        "[@,@][]",
        "{a: b}",
        "a[].b",
        "a[1:2]",
        "*.a",
        "sort_by(a, &b)",
        "a[*].b[*].c",
        "nope(a)",
        "lower(a, b)",
        "lower()",
        "not_null()",
        "join(name, tags)",
        "join(join('', `[\"a\",\"b\"]`), tags)",
        "to_string(@) | join(@, `[\"\",\"\",\"\"]`) | join(@, `[\"\",\"\",\"\"]`)",
        &deep,
        &long,
        &"!".repeat(512),
        &format!("{}a", "& ".repeat(255)),
        &parted,
        &nested,
        &stars,
        &calls,
        &filters,
    ] {
        assert!(compile(source).is_err(), "{source}");
    }
}

/// Sources that are evaluated without the library.
fn plain_source() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        4 => "[a-c](\\.[a-c]){0,2}",
        1 => "'[a-c]{0,2}'",
        1 => "`(null|true|false|0|1792592000|\\[\\]|\\{\\}|\"b\")`",
    ];
    leaf.prop_recursive(3, 12, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("({one} || {other})")),
            ("lower|upper|trim|date|datetime", inner.clone()).prop_map(|(name, inner)| format!("{name}({inner})")),
            (inner.clone(), inner).prop_map(|(minor, currency)| format!("money({minor}, {currency})")),
        ]
    })
}

proptest! {
    #[test]
    fn the_short_way_gives_what_the_library_gives(source in plain_source(), object in any_json()) {
        let compiled = compile(&source).unwrap();
        prop_assert!(!matches!(compiled, Expression::Library(_)), "{}", source);
        prop_assert_eq!(compiled.evaluate(&object), by_library(&source, &object), "{}", source);
    }

    #[test]
    fn no_text_makes_it_panic(source in any_source(), object in any_json()) {
        if let Ok(expression) = compile(&source) {
            let _ = expression.evaluate(&object);
        }
    }
}
