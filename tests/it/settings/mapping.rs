//! Changing mappings and putting them back.

use std::time::Duration;

use serde_json::{Value, json};

use super::support::{assert_refused, at_once, change, only_winner, problems, start};
use crate::support::{EMAIL, TestApp};

const UPDATE: [&str; 2] = ["updateCustomerMapping", "updateProductMapping"];

/// The rules of a mapping in the form in which they are given.
async fn rules(app: &TestApp, id: &str, mapping: &str) -> Vec<Value> {
    let query = format!(
        "query($id: ID!) {{ integration(id: $id) {{ {mapping} {{ rules {{ source target enabled policy }} }} }} }}"
    );
    let mut data = app.graphql(&query, json!({ "id": id })).await;
    data["integration"][mapping]["rules"]
        .as_array_mut()
        .unwrap()
        .split_off(0)
}

fn rule(source: &str, target: &str) -> Value {
    json!({ "source": source, "target": target })
}

#[tokio::test(flavor = "multi_thread")]
async fn given_rules_replace_all_and_the_rest_stays() {
    let (app, id) = start().await;
    let mut wanted = vec![rule("id", "stripeId"), rule("'x'", "name"), rule("'TRIAL'", "status")];
    wanted.push(json!({ "source": "email", "target": "email", "enabled": false, "policy": "FILL_IF_EMPTY" }));
    app.clock.advance(Duration::from_secs(1));
    let input = json!({ "integrationId": id, "expectedVersion": 1, "rules": wanted });
    let payload = change(app.admin(), "updateCustomerMapping", input).await;
    let shown = |source: &str, target: &str, required: bool| json!({ "source": source, "target": target, "required": required, "enabled": true, "policy": "STRIPE_WINS" });
    let mut email = shown("email", "email", false);
    (email["enabled"], email["policy"]) = (json!(false), json!("FILL_IF_EMPTY"));
    let expected = json!({
        "version": 2, "object": "CUSTOMER", "direction": "PULL", "updatedAt": "2026-11-23T12:00:01Z",
        "updatedBy": { "email": EMAIL },
        "rules": [shown("id", "stripeId", true), shown("'x'", "name", true), shown("'TRIAL'", "status", true), email],
    });
    assert_eq!(payload["mapping"], expected);
    let input = json!({ "integrationId": id, "direction": "DISABLED" });
    let payload = change(app.admin(), "updateCustomerMapping", input).await;
    assert_eq!(payload["mapping"]["direction"], "DISABLED");
    assert_eq!(payload["mapping"]["rules"], expected["rules"]);
    let product = "query($id: ID!) { integration(id: $id) { productMapping { version object updatedBy { id } } } }";
    let data = app.graphql(product, json!({ "id": id })).await;
    assert_eq!(
        data["integration"]["productMapping"],
        json!({ "version": 1, "object": "PRODUCT", "updatedBy": null })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_wrong_rule_is_named_by_its_place() {
    let (app, id) = start().await;
    let base = rules(&app, &id, "productMapping").await;
    let long = "a".repeat(513);
    for (wrong, field, code) in [
        (rule(" ", "sku"), "source", "REQUIRED"),
        (rule(&long, "sku"), "source", "TOO_LONG"),
        (rule("a..b", "sku"), "source", "MAPPING_SOURCE_INVALID"),
        (rule("sort(@)", "sku"), "source", "MAPPING_SOURCE_INVALID"),
        (rule("id", "price"), "target", "MAPPING_TARGET_FORBIDDEN"),
        (rule("id", "integration_id"), "target", "MAPPING_TARGET_FORBIDDEN"),
        (rule("'yes'", "active"), "source", "MAPPING_TYPE_MISMATCH"),
        (rule("id", "name"), "target", "CONFLICT"),
        (rule("lower(id)", "stripeId"), "source", "MAPPING_SOURCE_INVALID"),
    ] {
        // The rule that is tried takes the place of the default one for its field, so that it has no twin but the one meant.
        let mut tried = base.clone();
        if code != "CONFLICT" {
            tried.retain(|rule| rule["target"] != wrong["target"]);
        }
        let path = format!("rules.{}.{field}", tried.len());
        tried.push(wrong);
        let input = json!({ "integrationId": id, "rules": tried });
        let payload = change(app.admin(), "updateProductMapping", input).await;
        assert_refused(&payload, &[(&path, code)]);
    }
    assert_eq!(rules(&app, &id, "productMapping").await, base);
}

#[tokio::test(flavor = "multi_thread")]
async fn required_rules_can_be_neither_removed_nor_disabled() {
    let (app, id) = start().await;
    for (mutation, mapping, required) in [
        (UPDATE[0], "customerMapping", &["stripeId", "name", "status"][..]),
        (UPDATE[1], "productMapping", &["stripeId", "name"]),
    ] {
        let base = rules(&app, &id, mapping).await;
        for target in required {
            let at = base.iter().position(|rule| rule["target"] == *target).unwrap();
            let mut without = base.clone();
            without.remove(at);
            let payload = change(app.admin(), mutation, json!({ "integrationId": id, "rules": without })).await;
            assert_refused(&payload, &[("rules", "MAPPING_REQUIRED_MISSING")]);
            let mut disabled = base.clone();
            disabled[at]["enabled"] = json!(false);
            let payload = change(app.admin(), mutation, json!({ "integrationId": id, "rules": disabled })).await;
            assert_refused(
                &payload,
                &[(&format!("rules.{at}.enabled"), "MAPPING_REQUIRED_MISSING")],
            );
        }
        let payload = change(app.admin(), mutation, json!({ "integrationId": id, "rules": [] })).await;
        assert_refused(&payload, &vec![("rules", "MAPPING_REQUIRED_MISSING"); required.len()]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_version_and_wrong_rules_are_told_together() {
    let (app, id) = start().await;
    let mut wrong = rules(&app, &id, "customerMapping").await;
    (wrong[0]["source"], wrong[3]["target"]) = (json!(""), json!("nothing"));
    let input = json!({ "integrationId": id, "expectedVersion": 0, "direction": "DISABLED", "rules": wrong });
    let payload = change(app.admin(), "updateCustomerMapping", input).await;
    assert_refused(
        &payload,
        &[
            ("expectedVersion", "STALE_VERSION"),
            ("rules.0.source", "REQUIRED"),
            ("rules.3.target", "MAPPING_TARGET_FORBIDDEN"),
        ],
    );
    let payload = change(app.admin(), "updateCustomerMapping", json!({ "integrationId": id })).await;
    assert_eq!(
        (&payload["mapping"]["version"], &payload["mapping"]["direction"]),
        (&json!(2), &json!("PULL"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_rules_are_the_most() {
    let (app, id) = start().await;
    let many = vec![rule("id", "sku"); 201];
    let payload = change(
        app.admin(),
        "updateProductMapping",
        json!({ "integrationId": id, "rules": many }),
    )
    .await;
    assert_refused(&payload, &[("rules", "OUT_OF_RANGE")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_change_the_same_mapping_one_succeeds() {
    let (app, id) = start().await;
    for version in 1..=20 {
        let answers = at_once(app.admin(), "updateProductMapping", |number| {
            let direction = if number % 2 == 0 { "PULL" } else { "DISABLED" };
            json!({ "integrationId": id, "expectedVersion": version, "direction": direction })
        });
        assert_eq!(only_winner(answers.await)["mapping"]["version"], version + 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_brings_the_rules_back_that_came_with_the_product() {
    let (app, id) = start().await;
    for (mutation, mapping, object) in [
        (UPDATE[0], "customerMapping", "CUSTOMER"),
        (UPDATE[1], "productMapping", "PRODUCT"),
    ] {
        let original = rules(&app, &id, mapping).await;
        let mut changed = original.clone();
        changed.retain(|rule| rule["target"] != "email" && rule["target"] != "sku");
        let input = json!({ "integrationId": id, "direction": "DISABLED", "rules": changed });
        assert_eq!(problems(&change(app.admin(), mutation, input).await), []);
        assert_eq!(rules(&app, &id, mapping).await, changed);
        let input = json!({ "integrationId": id, "object": object });
        let payload = change(app.admin(), "resetMapping", input).await;
        assert_eq!(payload["mapping"]["version"], 3);
        assert_eq!(payload["mapping"]["object"], object);
        assert_eq!(payload["mapping"]["direction"], "DISABLED");
        assert_eq!(rules(&app, &id, mapping).await, original);
    }
    let input = json!({ "integrationId": id, "object": "CONTRACT" });
    assert_refused(
        &change(app.admin(), "resetMapping", input).await,
        &[("object", "MAPPING_FIXED")],
    );
}
