//! `mappingSources`: what a mapping can read, as seen in this account's own objects.

use sandbox::Options;
use serde_json::{Value, json};

use crate::support::{Office, rule, text};

const SOURCES: &str = "query($id: ID!, $object: SyncObject!) {
    mappingSources(integrationId: $id, object: $object) { path type filledPercent samples }
}";

async fn sources(office: &Office, object: &str) -> Vec<Value> {
    let mut found = office
        .app
        .graphql(SOURCES, json!({ "id": office.id, "object": object }))
        .await;
    found["mappingSources"].as_array_mut().unwrap().split_off(0)
}

fn by_path<'a>(sources: &'a [Value], path: &str) -> &'a Value {
    let found = sources.iter().find(|source| source["path"] == path);
    found.unwrap_or_else(|| panic!("{path} is not offered: {sources:#?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_field_is_told_with_its_type_its_share_and_samples() {
    let office = Office::open().await;
    assert_eq!(
        sources(&office, "CUSTOMER").await,
        Vec::<Value>::new(),
        "nothing is here yet"
    );
    // With the sandbox's own customer they are twenty.
    let tiers = ["Gold", "Silver", "Gold", "Bronze", "Iron"];
    for number in 0..19 {
        office.customer(json!({
            "name": format!("No. {number}"), "email": if number < 10 { json!("a@acme.test") } else { Value::Null },
            "currency": if number == 0 { json!("usd") } else { Value::Null }, "balance": -5, "created": 1_709_164_799,
            "metadata": {
                "tier": tiers[number % 5], "seats": number, "share": 0.5, "mixed": if number == 0 { json!(1) } else { json!("x") },
                "once": if number == 0 { json!("x".repeat(150)) } else { json!("") }, "late": number % 2 == 0,
                "since": "2024-02-29", "site": "https://acme.test", "number": if number == 3 { json!(1.5) } else { json!(number) },
            },
            "preferred_locales": ["de", "en"],
        }));
    }
    office.pull().await;
    office.tell().await;
    let found = sources(&office, "CUSTOMER").await;
    let paths: Vec<String> = found.iter().map(|source| text(&source["path"])).collect();
    let mut sorted = paths.clone();
    sorted.sort();
    assert_eq!(paths, sorted);
    for (path, kind, percent) in [
        ("id", "TEXT", 100),
        ("email", "TEXT", 55),
        ("balance", "INTEGER", 100),
        ("delinquent", "BOOLEAN", 100),
        ("created", "INTEGER", 100),
        ("date(created)", "DATE", 100),
        ("metadata.tier", "TEXT", 95),
        ("metadata.seats", "INTEGER", 95),
        ("metadata.share", "DECIMAL", 95),
        ("metadata.number", "DECIMAL", 95),
        ("metadata.mixed", "TEXT", 95),
        ("metadata.once", "TEXT", 5),
        ("metadata.late", "BOOLEAN", 95),
        ("metadata.since", "DATE", 95),
        ("metadata.site", "LINK", 95),
        ("preferred_locales[0]", "TEXT", 100),
        ("invoice_settings.footer", "TEXT", 0),
    ] {
        let source = by_path(&found, path);
        assert_eq!(
            (&source["type"], &source["filledPercent"]),
            (&json!(kind), &json!(percent)),
            "{source}"
        );
    }
    let money = by_path(&found, "money(balance, currency)");
    assert_eq!(
        (
            &money["type"],
            money["samples"].as_array().unwrap().contains(&json!("-0.05"))
        ),
        (&json!("CURRENCY"), true),
        "{money}"
    );
    let samples = by_path(&found, "metadata.tier")["samples"].as_array().unwrap();
    assert_eq!(samples.len(), 3, "three different ones at most: {samples:?}");
    assert_eq!(
        by_path(&found, "metadata.once")["samples"],
        json!(["x".repeat(100)]),
        "its beginning"
    );
    assert_eq!(by_path(&found, "invoice_settings.footer")["samples"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_s_names_are_written_so_that_they_can_be_read() {
    let office = Office::open().await;
    let long = "k".repeat(40);
    let keys = [
        "plan tier",
        "a.b",
        "say \"hi\"",
        "a\u{0}b",
        "ключ 🦊",
        "9",
        "",
        "ok_1",
        &long,
        "a\\b",
        "it's",
        "`",
    ];
    let metadata = keys.map(|key| (key.to_owned(), json!(format!("of {key}"))));
    office.customer(json!({ "metadata": Value::from_iter(metadata.clone()) }));
    office
        .world()
        .create_product(json!({ "metadata": Value::from_iter(metadata) }));
    office.pull().await;
    for object in ["CUSTOMER", "PRODUCT"] {
        let found = sources(&office, object).await;
        for key in keys {
            let is_word = key == "ok_1" || key == long;
            let path = if is_word {
                format!("metadata.{key}")
            } else {
                format!("metadata.{}", json!(key))
            };
            let sample = by_path(&found, &path)["samples"][0].as_str().unwrap();
            assert_eq!(sample, format!("of {key}"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_is_offered_can_be_saved_and_gives_what_was_seen() {
    let office = Office::open_on(Options {
        customers: 150,
        products: 40,
        invoices: 0,
        subscriptions: 0,
        ..Options::default()
    })
    .await;
    office.customer(json!({ "name": "Deep", "shipping": { "address": { "city": { "of": { "no": { "end": 1 } } } } }, "metadata": { "a b": "x", "q\"": "y" } }));
    office.pull().await;
    office.tell().await;
    for (object, owner) in [("CUSTOMER", "CLIENT"), ("PRODUCT", "PRODUCT")] {
        let found = sources(&office, object).await;
        assert!((15..100).contains(&found.len()), "{}", found.len());
        let mut rules = Vec::new();
        for (place, source) in found.iter().enumerate() {
            let key = format!("field_{place}");
            office.field(owner, &key, source["type"].as_str().unwrap(), None).await;
            rules.push(rule(source["path"].as_str().unwrap(), &format!("custom.{key}")));
        }
        let rules = office.with(object, &rules).await;
        let saved = office.update(object, json!({ "rules": rules })).await;
        assert_eq!(saved["userErrors"], json!([]));
        let preview = office.try_preview(object, &rules, None).await;
        assert_eq!(preview["userErrors"], json!([]));
        let (mut filled, mut seen) = (0, 0);
        for record in preview["records"].as_array().unwrap() {
            for field in record["fields"].as_array().unwrap() {
                assert_eq!(field["problem"], Value::Null, "{field}");
                let Some(place) = field["target"].as_str().unwrap().strip_prefix("custom.field_") else {
                    continue;
                };
                let source = &found[place.parse::<usize>().unwrap()];
                if field["after"].is_null() {
                    assert_ne!(source["filledPercent"], 100, "{source}");
                    continue;
                }
                filled += 1;
                seen += usize::from(source["samples"].as_array().unwrap().contains(&field["after"]));
            }
        }
        assert!(filled > 30 && seen > 10, "{filled} {seen}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn contracts_have_none_and_there_must_be_an_integration() {
    let office = Office::open().await;
    for (id, object, reason) in [
        (office.id.clone(), "CONTRACT", "MAPPING_FIXED"),
        (format!("integration_{:032}", 0), "CUSTOMER", "NOT_FOUND"),
    ] {
        let answer = office
            .app
            .admin()
            .response(SOURCES, json!({ "id": id, "object": object }))
            .await;
        assert_eq!(answer["errors"][0]["extensions"]["reason"], reason, "{answer}");
    }
}
