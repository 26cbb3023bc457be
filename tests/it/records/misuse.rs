//! What cannot be asked for, and who may not ask.

use entity::kind::Scope;
use serde_json::{Value, json};

use super::world::World;

#[tokio::test]
async fn sizes_outside_the_bounds_are_refused_before_any_sql() {
    let world = World::full().await;
    let id = format!("contract_{}", world.rows.contracts[1].id.simple());
    for list in [
        "clients",
        "products",
        "contracts",
        "contractLines",
        "runs",
        "syncErrors",
    ] {
        for (args, refusal) in [
            ("first: 101", json!(["OUT_OF_RANGE", ["first"]])),
            ("first: 0", json!(["OUT_OF_RANGE", ["first"]])),
            ("first: -1", json!(["OUT_OF_RANGE", ["first"]])),
            ("last: 101", json!(["OUT_OF_RANGE", ["last"]])),
            ("first: 1, last: 1", json!(["INVALID", ["last"]])),
        ] {
            let query = format!("{{ {list}({args}) {{ nodes {{ id }} }} }}");
            assert_eq!(world.refusal(&query, json!({})).await, refusal, "{query}");
        }
        for size in ["100", "1", "null"] {
            world
                .query(&format!("{{ {list}(first: {size}) {{ nodes {{ id }} }} }}"), json!({}))
                .await;
        }
    }
    let nested = format!("{{ contract(ref: {{id: \"{id}\"}}) {{ lines(first: 101) {{ nodes {{ id }} }} }} }}");
    assert_eq!(
        world.refusal(&nested, json!({})).await,
        json!(["OUT_OF_RANGE", ["first"]])
    );
    for size in ["2147483648", "1e3", "\"5\""] {
        let query = format!("{{ clients(first: {size}) {{ nodes {{ id }} }} }}");
        let answer = world.answer(Some(Scope::Read), &query, json!({})).await;
        assert!(answer["errors"].is_array(), "{query}");
    }
}

const CURSORS: &str = "query($after: String, $filter: ContractFilter, $order: ContractOrder) {
    contracts(first: 2, after: $after, filter: $filter, orderBy: $order) { pageInfo { endCursor } }
}";

#[tokio::test]
async fn cursors_lead_on_only_where_they_come_from() {
    let world = World::full().await;
    let page = world.query(CURSORS, json!({})).await;
    let good = page["contracts"]["pageInfo"]["endCursor"].as_str().unwrap().to_owned();
    world.query(CURSORS, json!({ "after": good })).await;
    let refused = json!(["INVALID", ["after"]]);
    for (why, variables) in [
        ("another order", json!({ "after": good, "order": { "field": "TOTAL" } })),
        (
            "another direction",
            json!({ "after": good, "order": { "direction": "ASC" } }),
        ),
        ("another filter", json!({ "after": good, "filter": { "linked": true } })),
        ("empty", json!({ "after": "" })),
        ("words", json!({ "after": "not a cursor" })),
        ("random bytes", json!({ "after": "AAECAwQFBgcICQ" })),
        ("a megabyte", json!({ "after": "A".repeat(1 << 20) })),
        ("cut short", json!({ "after": good[..good.len() - 3] })),
    ] {
        assert_eq!(world.refusal(CURSORS, variables).await, refused, "{why}");
    }
    for list in ["clients", "products", "contractLines", "runs", "syncErrors"] {
        let query = format!("{{ {list}(after: \"{good}\") {{ nodes {{ id }} }} }}");
        assert_eq!(
            world.refusal(&query, json!({})).await,
            refused,
            "of another list: {list}"
        );
        let query = format!("{{ {list}(before: \"{good}\") {{ nodes {{ id }} }} }}");
        assert_eq!(world.refusal(&query, json!({})).await, json!(["INVALID", ["before"]]));
    }
}

/// A cursor with another key in it.
fn changed(cursor: &str, key: &Value) -> String {
    let mut plain: Value = serde_json::from_slice(&hex::decode(cursor).unwrap()).unwrap();
    plain[1]["key"] = key.clone();
    hex::encode(plain.to_string())
}

#[tokio::test]
async fn a_cursor_that_was_changed_is_checked_in_full() {
    let world = World::full().await;
    let page = world.query(CURSORS, json!({})).await;
    let good = page["contracts"]["pageInfo"]["endCursor"].as_str().unwrap();
    world
        .query(
            CURSORS,
            json!({ "after": changed(good, &json!({ "Day": "2026-01-01" })) }),
        )
        .await;
    for key in [
        json!({ "Text": "2026-01-01" }),
        json!({ "Number": 5 }),
        json!({ "Day": "+262142-12-31" }),
        json!(null),
    ] {
        let after = changed(good, &key);
        assert_eq!(
            world.refusal(CURSORS, json!({ "after": after })).await,
            json!(["INVALID", ["after"]]),
            "{key}"
        );
    }
    let query = "query($after: String) { clients(first: 1, after: $after) { pageInfo { endCursor } } }";
    let page = world.query(query, json!({})).await;
    let after = changed(
        page["clients"]["pageInfo"]["endCursor"].as_str().unwrap(),
        &json!({ "Text": "a\0b" }),
    );
    assert_eq!(
        world.refusal(query, json!({ "after": after })).await,
        json!(["INVALID", ["after"]])
    );
}

#[tokio::test]
async fn ids_in_filters_are_checked() {
    let world = World::full().await;
    for (filter, path) in [
        (json!({ "ids": ["junk"] }), "ids"),
        (json!({ "clientId": "junk" }), "clientId"),
    ] {
        let refusal = world.refusal(CURSORS, json!({ "filter": filter })).await;
        assert_eq!(refusal, json!(["INVALID", ["filter", path]]));
    }
}

#[tokio::test]
async fn everything_wants_a_caller_and_changes_want_a_right() {
    let world = World::full().await;
    let id = format!("integration_{}", world.rows.integrations[0].id.simple());
    for query in [
        "{ clients { totalCount } }".to_owned(),
        "{ products { totalCount } }".to_owned(),
        "{ contracts { totalCount } }".to_owned(),
        "{ contractLines { totalCount } }".to_owned(),
        "{ runs { totalCount } }".to_owned(),
        "{ syncErrors { totalCount } }".to_owned(),
        "{ integrations { id } }".to_owned(),
        format!("{{ integration(id: \"{id}\") {{ id }} }}"),
        format!("{{ node(id: \"{id}\") {{ id }} }}"),
        format!("{{ nodes(ids: [\"{id}\"]) {{ id }} }}"),
        "{ client(ref: {externalId: \"x\"}) { id } }".to_owned(),
        "{ product(ref: {stripe: {stripeId: \"x\"}}) { id } }".to_owned(),
        "{ contract(ref: {stripe: {stripeId: \"x\"}}) { id } }".to_owned(),
    ] {
        let answer = world.answer(None, &query, json!({})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{query}");
    }
    let watched = "subscription { recordsChanged { cursor } }";
    for subscription in [
        watched,
        "subscription { runProgress(id: \"run_00000000000000000000000000000000\") { id } }",
    ] {
        let event = world.first_event(None, subscription).await;
        assert_eq!(
            event["errors"][0]["extensions"]["code"], "UNAUTHENTICATED",
            "{subscription}"
        );
    }
    let event = world.first_event(Some(Scope::Read), watched).await;
    assert!(event["data"]["recordsChanged"]["cursor"].is_string(), "{event}");
    for mutation in [
        format!("updateSettings(input: {{integrationId: \"{id}\", invoiceLookbackDays: 3}})"),
        format!("setSyncEnabled(input: {{integrationId: \"{id}\", enabled: true}})"),
        format!("updateCustomerMapping(input: {{integrationId: \"{id}\", direction: DISABLED}})"),
        format!("updateProductMapping(input: {{integrationId: \"{id}\", direction: DISABLED}})"),
        format!("resetMapping(input: {{integrationId: \"{id}\", object: PRODUCT}})"),
    ] {
        let query = format!("mutation {{ {mutation} {{ userErrors {{ code }} }} }}");
        let answer = world.answer(Some(Scope::RunSync), &query, json!({})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN", "{query}");
    }
}
