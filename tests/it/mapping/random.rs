//! Random rules on random objects, over the real server: what is saved is read and saved again as it was, and what a preview shows
//! is what the run then writes.

use std::collections::HashSet;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use sandbox::Kind;
use serde_json::{Value, json};

use crate::support::{Office, text};

const ROUNDS: u64 = 20;
const TYPES: [&str; 8] = [
    "TEXT", "INTEGER", "DECIMAL", "CURRENCY", "BOOLEAN", "DATE", "LINK", "PICKLIST",
];
const PATHS: [&str; 14] = [
    "id",
    "name",
    "email",
    "phone",
    "currency",
    "created",
    "balance",
    "delinquent",
    "active",
    "metadata.a",
    "metadata.\"b c\"",
    "metadata.d",
    "preferred_locales[0]",
    "address.city",
];
const LITERALS: [&str; 10] = [
    "'ACTIVE'",
    "'true'",
    "'2024-02-29'",
    "'19.90'",
    "'acme.test'",
    "'5'",
    "'gold'",
    "'eur'",
    "`true`",
    "''",
];
const VALUES: [&str; 14] = [
    "usd",
    "JPY",
    "trial",
    "ACTIVE",
    "GOLD",
    "acme.test",
    "2024-02-29",
    "-19.90",
    "007",
    "FALSE",
    "Ada",
    "",
    " ",
    "é \"x\"",
];

fn source(dice: &mut StdRng, depth: u32) -> String {
    let inner = |dice: &mut StdRng| source(dice, depth + 1);
    match if depth > 2 { 0 } else { dice.random_range(0..12) } {
        0..=4 if dice.random_bool(0.2) => (*LITERALS.choose(dice).unwrap()).to_owned(),
        0..=4 => (*PATHS.choose(dice).unwrap()).to_owned(),
        5 | 6 => format!("{} || {}", inner(dice), inner(dice)),
        7 => format!("money({}, {})", inner(dice), inner(dice)),
        8 => format!(
            "join('/', {})",
            ["preferred_locales", "`[\"a\",\"b\"]`", "name"].choose(dice).unwrap()
        ),
        9 => format!("not_null({}, {})", inner(dice), inner(dice)),
        _ => {
            let call = ["lower", "upper", "trim", "date", "datetime", "to_string", "!"]
                .choose(dice)
                .unwrap();
            format!("{call}({})", inner(dice))
        }
    }
}

fn object(dice: &mut StdRng) -> Value {
    let value = |dice: &mut StdRng| match dice.random_range(0..6) {
        0 => json!(dice.random_range(-5_000..2_000_000_000_i64)),
        1 => json!(dice.random_bool(0.5)),
        2 => Value::Null,
        _ => json!(VALUES.choose(dice).unwrap()),
    };
    let currency = ["usd", "jpy", "kwd"].choose(dice);
    json!({
        "name": value(dice), "email": value(dice), "phone": value(dice), "currency": currency,
        "balance": dice.random_range(-2_000..2_000), "delinquent": value(dice), "active": value(dice),
        "metadata": { "a": value(dice), "b c": value(dice), "d": value(dice) },
        "address": { "city": value(dice) },
    })
}

/// Random rules for some of the fields, those that may be saved.
async fn rules(office: &Office, dice: &mut StdRng, mapping: &str) -> Vec<Value> {
    let query = "query($object: SyncObject!) { mappingTargets(object: $object) { path required } }";
    let targets = office.app.graphql(query, json!({ "object": mapping })).await["mappingTargets"].take();
    let mut defaults = office
        .app
        .graphql(DEFAULTS, json!({ "id": office.id, "object": mapping }))
        .await;
    let defaults = defaults["resetMapping"]["mapping"]["rules"]
        .as_array_mut()
        .unwrap()
        .split_off(0);
    let mut rules = Vec::new();
    for target in targets.as_array().unwrap() {
        let path = text(&target["path"]);
        if path == "stripeId" || (target["required"] == false && dice.random_bool(0.3)) {
            rules.extend(
                defaults
                    .iter()
                    .find(|rule| rule["target"] == path && path == "stripeId")
                    .cloned(),
            );
            continue;
        }
        let policy = ["STRIPE_WINS", "LOCAL_WINS", "FILL_IF_EMPTY"].choose(dice);
        let enabled = target["required"] == true || dice.random_bool(0.9);
        let over_manual = dice.random_bool(0.4);
        rules.push(json!({ "source": source(dice, 0), "target": path, "policy": policy, "enabled": enabled, "overManual": over_manual }));
    }
    loop {
        let refused = office.try_preview(mapping, &rules, None).await;
        let wrong: HashSet<usize> = refused["userErrors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| {
                error["field"][1]
                    .as_str()
                    .unwrap_or_else(|| panic!("{error}"))
                    .parse()
                    .unwrap()
            })
            .collect();
        if wrong.is_empty() {
            return rules;
        }
        let kept = rules.into_iter().enumerate().filter_map(|(place, rule)| {
            let default = defaults.iter().find(|default| default["target"] == rule["target"]);
            let is_required = ["name", "status"].contains(&rule["target"].as_str().unwrap());
            if wrong.contains(&place) {
                default.filter(|_| is_required).cloned()
            } else {
                Some(rule)
            }
        });
        rules = kept.collect();
    }
}

const DEFAULTS: &str =
    "mutation($id: ID!, $object: SyncObject!) { resetMapping(input: {integrationId: $id, object: $object}) {
    mapping { rules { source target enabled policy overManual } } userErrors { code }
} }";

async fn record(office: &Office, mapping: &str, stripe_id: &str) -> Value {
    if mapping == "CUSTOMER" {
        return office.client_of(stripe_id).await;
    }
    let query = "query($id: String!) { product(ref: {stripe: {stripeId: $id}}) {
        stripeId name description active sku customValues { field { key } value }
    } }";
    office.app.graphql(query, json!({ "id": stripe_id })).await["product"].take()
}

/// What is in a field, as previews show it.
fn shown(record: &Value, target: &str) -> Value {
    if let Some(key) = target.strip_prefix("custom.") {
        let values = record["customValues"].as_array().unwrap();
        return values.iter().find(|value| value["field"]["key"] == key).unwrap()["value"].clone();
    }
    match record.pointer(&format!("/{}", target.replace('.', "/"))).unwrap() {
        Value::Bool(flag) => json!(flag.to_string()),
        value => value.clone(),
    }
}

async fn round(office: &Office, dice: &mut StdRng, mapping: &str, ids: &[String]) {
    let rules = rules(office, dice, mapping).await;
    let some: Vec<&str> = ids.choose_multiple(dice, 5).map(String::as_str).collect();
    let preview = office.preview(mapping, &rules, &some).await;
    let saved = office.update(mapping, json!({ "rules": rules })).await;
    assert_eq!(saved["userErrors"], json!([]));
    assert_eq!(office.rules(mapping).await, rules, "what is saved is read as it was");
    let run = office.remap(&[mapping]).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    for seen in &preview {
        let id = seen["stripeId"].as_str().unwrap();
        let record = record(office, mapping, id).await;
        for field in seen["fields"].as_array().unwrap() {
            let target = field["target"].as_str().unwrap();
            if mapping == "CUSTOMER" && record["stripeId"] != id {
                // Another customer of the same client stands before it.
                assert!(field["problem"].is_string(), "{field}");
                continue;
            }
            assert_eq!(shown(&record, target), field["after"], "{id} {target}: {rules:#?}");
        }
    }
    let again = office.preview(mapping, &rules, &some).await;
    for field in again.iter().flat_map(|record| record["fields"].as_array().unwrap()) {
        assert_eq!(field["before"], field["after"], "once more changes nothing: {rules:#?}");
    }
    office
        .update(mapping, json!({ "rules": office.rules(mapping).await }))
        .await;
    assert_eq!(
        (office.rules(mapping).await, office.stale(mapping).await),
        (rules, 0),
        "saved again, they are the same rules"
    );
}

/// Some of what people set by hand.
fn edit(dice: &mut StdRng, id: &str) -> Value {
    let mut edit = json!({ "id": id });
    for (field, values) in [
        ("name", ["typed", "Typed"]),
        ("phone", ["typed", ""]),
        ("email", ["typed@acme.test", ""]),
        ("siteUrl", ["typed.test", ""]),
        ("currency", ["chf", ""]),
        ("status", ["TERMINATED", ""]),
        ("inceptionDate", ["2020-02-29", ""]),
    ] {
        if dice.random_bool(0.4) {
            let value = values.choose(dice).filter(|value| !value.is_empty());
            edit[field] = json!(value);
        }
    }
    if dice.random_bool(0.4) {
        let city = ["typed", ""].choose(dice).filter(|value| !value.is_empty());
        edit["address"] = json!({ "city": city });
    }
    let values = [
        ("text", "typed"),
        ("integer", "5"),
        ("boolean", "false"),
        ("picklist", "silver"),
    ];
    let values = values
        .choose_multiple(dice, 2)
        .map(|(key, value)| json!({ "key": key, "value": value }));
    edit["customValues"] = values.collect();
    edit
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_shows_what_the_run_writes_whatever_the_rules() {
    let office = Office::open().await;
    for owner in ["CLIENT", "PRODUCT"] {
        for kind in TYPES {
            let options: Option<&[&str]> = (kind == "PICKLIST").then_some(&["Gold", "Silver"]);
            office.field(owner, &kind.to_lowercase(), kind, options).await;
        }
    }
    let mut dice = StdRng::seed_from_u64(7);
    let customers: Vec<String> = (0..12).map(|_| office.customer(object(&mut dice))).collect();
    let products: Vec<String> = (0..12)
        .map(|_| office.world().create_product(object(&mut dice)))
        .collect();
    office.pull().await;
    // Clients that people keep, of one customer and of two.
    let kept = json!([{ "name": "Ours", "email": "ours@acme.test" }, { "name": "Ours, twice", "status": "TRIAL" }]);
    let kept = office.save(kept).await;
    for (client, customer) in [(0, 0), (1, 1), (1, 2)] {
        office.link(&text(&kept[client]["id"]), &customers[customer]).await;
    }
    for seed in 0..ROUNDS {
        let mut dice = StdRng::seed_from_u64(seed);
        round(&office, &mut dice, "CUSTOMER", &customers).await;
        round(&office, &mut dice, "PRODUCT", &products).await;
        // Things change by all ways before the next rules come.
        let edited = office.whose(customers.choose(&mut dice).unwrap()).await.unwrap();
        office.save(json!([edit(&mut dice, &edited)])).await;
        office.pass_a_minute();
        office
            .world()
            .update(Kind::Customer, customers.choose(&mut dice).unwrap(), object(&mut dice));
        office
            .world()
            .update(Kind::Product, products.choose(&mut dice).unwrap(), object(&mut dice));
        office.tell().await;
    }
}
