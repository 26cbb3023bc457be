//! Turning sync on and off, and what has to be done before.

use std::time::Duration;

use entity::integration::Model;
use entity::list::{ContractSources, KeyPermissions};
use serde_json::{Value, json};

use super::support::{assert_refused, change, insert, permission, problems, ready, start, stored};
use crate::support::{NOW_MS, TestApp};

const CHECKLIST: &str =
    "query($id: ID!) { integration(id: $id) { connected setupChecklist { code done required message } } }";

async fn switch(app: &TestApp, id: &str, enabled: bool) -> Value {
    let input = json!({ "integrationId": id, "enabled": enabled });
    change(app.admin(), "setSyncEnabled", input).await
}

async fn open_steps(app: &TestApp, id: &str) -> Vec<String> {
    let mut data = app.graphql(CHECKLIST, json!({ "id": id })).await;
    let steps = data["integration"]["setupChecklist"].take();
    let steps = steps.as_array().unwrap();
    let codes: Vec<&str> = steps.iter().map(|step| step["code"].as_str().unwrap()).collect();
    assert_eq!(
        codes,
        [
            "CONNECT_STRIPE",
            "KEY_PERMISSIONS",
            "CONTRACT_SOURCE",
            "REVIEW_MAPPINGS",
            "WEBHOOK"
        ]
    );
    for step in steps {
        let is_advice = ["REVIEW_MAPPINGS", "WEBHOOK"].map(Value::from).contains(&step["code"]);
        assert_eq!(step["required"], json!(!is_advice));
        assert_ne!(step["message"], "");
    }
    let open = steps.iter().filter(|step| step["done"] == false);
    open.map(|step| step["code"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_open_step_holds_sync_back_and_is_named() {
    let no_key: fn(&mut Model) = |row| row.key_sealed = None;
    let no_right: fn(&mut Model) = |row| row.permissions.0[1] = permission("invoices", false);
    let no_table: fn(&mut Model) = |row| row.permissions = KeyPermissions::default();
    let no_source: fn(&mut Model) = |row| row.contract_sources = ContractSources::default();
    let app = TestApp::start().await;
    for (spoil, open) in [
        (vec![no_key], vec!["CONNECT_STRIPE", "KEY_PERMISSIONS"]),
        (vec![no_right], vec!["KEY_PERMISSIONS"]),
        (vec![no_table], vec!["KEY_PERMISSIONS"]),
        (vec![no_source], vec!["CONTRACT_SOURCE"]),
        (
            vec![no_key, no_right, no_source],
            vec!["CONNECT_STRIPE", "KEY_PERMISSIONS", "CONTRACT_SOURCE"],
        ),
    ] {
        let mut row = ready();
        for spoil in spoil {
            spoil(&mut row);
        }
        let id = insert(&app, row.clone()).await;
        let payload = switch(&app, &id, true).await;
        assert_refused(&payload, &[("enabled", "SETUP_INCOMPLETE")]);
        let message = payload["userErrors"][0]["message"].as_str().unwrap();
        for code in [
            "CONNECT_STRIPE",
            "KEY_PERMISSIONS",
            "CONTRACT_SOURCE",
            "REVIEW_MAPPINGS",
        ] {
            assert_eq!(message.contains(code), open.contains(&code), "{code}: {message}");
        }
        let lacks_right = row.permissions.0.iter().any(|right| !right.granted);
        assert_eq!(message.contains("read invoices in Stripe"), lacks_right, "{message}");
        assert_eq!(
            open_steps(&app, &id).await,
            [open, vec!["REVIEW_MAPPINGS", "WEBHOOK"]].concat()
        );
        assert_eq!(problems(&switch(&app, &id, false).await), [], "off is always possible");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_that_is_only_useful_holds_nothing_back() {
    let app = TestApp::start().await;
    let mut row = ready();
    let mut coupons = permission("coupons", false);
    coupons.required = false;
    row.permissions.0.push(coupons);
    let id = insert(&app, row).await;
    assert_eq!(open_steps(&app, &id).await, ["REVIEW_MAPPINGS", "WEBHOOK"]);
    assert_eq!(switch(&app, &id, true).await["integration"]["syncEnabled"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_mapping_was_looked_at() {
    let (app, id) = start().await;
    assert_eq!(open_steps(&app, &id).await, ["REVIEW_MAPPINGS", "WEBHOOK"]);
    let other = insert(&app, ready()).await;
    change(app.admin(), "updateProductMapping", json!({ "integrationId": id })).await;
    assert_eq!(open_steps(&app, &id).await, ["WEBHOOK"]);
    assert_eq!(open_steps(&app, &other).await, ["REVIEW_MAPPINGS", "WEBHOOK"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_import_is_for_a_person_to_start_and_later_looks_are_due_at_once() {
    let (app, id) = start().await;
    for _again in 0..2 {
        let payload = switch(&app, &id, true).await;
        assert_eq!(payload["integration"]["syncEnabled"], true);
        assert_eq!(payload["integration"]["nextRunAt"], Value::Null);
    }
    let mut row = ready();
    (row.event_watermark, row.next_poll_at) = (Some(NOW_MS / 1000 - 60), Some(NOW_MS + 500_000));
    let id = insert(&app, row).await;
    let payload = switch(&app, &id, true).await;
    assert_eq!(payload["integration"]["nextRunAt"], "2026-11-23T12:00:00Z");
    let payload = switch(&app, &id, false).await;
    assert_eq!(payload["integration"]["syncEnabled"], false);
    assert_eq!(payload["integration"]["nextRunAt"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn turning_it_wakes_the_runner_and_leaves_the_settings_alone() {
    let (app, id) = start().await;
    let before = stored(&app).await;
    switch(&app, &id, true).await;
    let woken = tokio::time::timeout(Duration::from_secs(10), app.app().wake.notified()).await;
    assert_eq!(woken, Ok(()));
    let mut expected = before;
    expected.sync_enabled = true;
    assert_eq!(stored(&app).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_stripe_refuses_is_a_step_to_do_and_says_what_stripe_said() {
    let app = TestApp::start().await;
    let mut row = ready();
    row.key_problem = Some("KEY_REJECTED".to_owned());
    row.key_problem_message = Some("Stripe refused the key: Expired API Key provided.".to_owned());
    let id = insert(&app, row).await;
    assert_eq!(
        open_steps(&app, &id).await,
        ["CONNECT_STRIPE", "REVIEW_MAPPINGS", "WEBHOOK"]
    );
    let data = app.graphql(CHECKLIST, json!({ "id": id })).await;
    let message = &data["integration"]["setupChecklist"][0]["message"];
    let expected = "Stripe refused the key: Expired API Key provided. Authenticate Stripe again, with a key that it takes \
                    (authenticateStripe).";
    assert_eq!(message, expected);
    let payload = switch(&app, &id, true).await;
    assert_refused(&payload, &[("enabled", "SETUP_INCOMPLETE")]);
    assert!(
        payload["userErrors"][0]["message"]
            .as_str()
            .unwrap()
            .contains("Expired API Key")
    );
}
