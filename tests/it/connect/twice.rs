//! Two integrations of one account, because somebody said that they were of two: nothing is counted twice, and everybody is told.

use std::collections::HashMap;

use entity::source_object;
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use super::support::{
    BLIND, FOREIGN, NEXT_BLIND, connect, connect_as_new, disconnect, integrations, options, refusal, start,
};
use crate::support::{EVERYTHING, TestApp, log, until};

const SETTINGS: &str = "mutation($id: ID!) {
    updateSettings(input: {integrationId: $id, contractSources: [INVOICE, SUBSCRIPTION], invoiceLookbackDays: 3650,
        pollIntervalSeconds: 60, reconcileSchedule: \"off\"}) { userErrors { code } }
}";

/// Two of one account, nothing imported yet.
async fn two() -> (TestApp, String, String) {
    let app = start(options()).await;
    let first = app.admin().connect_stripe(BLIND, 3650).await;
    let second = connect_as_new(&app, NEXT_BLIND).await["integration"]["id"].take();
    let second = second.as_str().unwrap().to_owned();
    for id in [&first, &second] {
        app.admin()
            .mutate("updateSettings", SETTINGS, json!({ "id": id }))
            .await;
    }
    app.admin().switch_sync(&second, true).await;
    (app, first, second)
}

/// No object is here under both.
async fn assert_nothing_is_doubled(app: &TestApp) {
    let mut under: HashMap<_, u32> = HashMap::new();
    for row in source_object::Entity::find().all(app.db().read()).await.unwrap() {
        *under.entry((row.kind, row.stripe_id)).or_default() += 1;
    }
    let doubled: Vec<_> = under.into_iter().filter(|(_, count)| *count > 1).collect();
    assert_eq!(doubled, []);
}

async fn sums(app: &TestApp) -> Value {
    let sums = "{
        clients { totalCount } products { totalCount } contracts { totalCount }
        revenue { currency contracts total { decimal } mrr { decimal } }
    }";
    app.graphql(sums, json!({})).await
}

async fn connect_step(app: &TestApp, id: &str) -> Value {
    let query = "query($id: ID!) { integration(id: $id) { nextRunAt setupChecklist { code done message } } }";
    let mut shown = app.graphql(query, json!({ "id": id })).await["integration"].take();
    assert_eq!(shown["nextRunAt"], Value::Null);
    let steps = shown["setupChecklist"].as_array_mut().unwrap();
    steps
        .iter_mut()
        .find(|step| step["code"] == "CONNECT_STRIPE")
        .unwrap()
        .take()
}

/// The second has stopped, says why, and was logged once.
async fn assert_stopped(app: &TestApp, id: &str) {
    let step = connect_step(app, id).await;
    assert_eq!(step["done"], false, "{step}");
    let message = step["message"].as_str().unwrap();
    assert!(
        message.contains("of one Stripe account") && message.contains("disconnectStripe"),
        "{message}"
    );
    let own = id.strip_prefix("integration_").unwrap();
    let alerts = log::lines_with(&["nothing is pulled while the account is connected twice", own]);
    assert_eq!(alerts.len(), 1, "{alerts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_import_stops_before_anything_is_counted_twice() {
    let (app, first, second) = two().await;
    assert_eq!(app.admin().import(&first).await["state"], "SUCCEEDED");
    let before = sums(&app).await;
    let run = app.admin().import(&second).await;
    assert_eq!(
        (&run["state"], &run["failureCode"]),
        (&json!("FAILED"), &json!("ACCOUNT_CONNECTED_TWICE"))
    );
    assert!(
        run["failureMessage"]
            .as_str()
            .unwrap()
            .contains("\"Stripe\" (rk_test_…ey01)"),
        "{run}"
    );
    assert_nothing_is_doubled(&app).await;
    assert_eq!(sums(&app).await, before);
    assert_stopped(&app, &second).await;
    // Neither key helps while both are here.
    app.sandbox().clear_requests();
    assert_eq!(refusal(&connect(&app, NEXT_BLIND).await), ("apiKey", "CONFLICT"));
    disconnect(&app, &json!(second), true).await;
    until("it is gone", async || {
        (integrations(&app).await.len() == 1).then_some(())
    })
    .await;
    assert_eq!(connect(&app, NEXT_BLIND).await["integration"]["id"], json!(first));
    app.prove(&first).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_goes_on_when_the_first_is_gone() {
    let (app, first, second) = two().await;
    app.admin().import(&first).await;
    app.admin().import(&second).await;
    assert_stopped(&app, &second).await;
    disconnect(&app, &json!(first), true).await;
    until("it is gone", async || {
        (integrations(&app).await.len() == 1).then_some(())
    })
    .await;
    assert_eq!(app.admin().import(&second).await["state"], "SUCCEEDED");
    app.prove(&second).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn imports_that_begin_at_once_double_nothing() {
    let (app, first, second) = two().await;
    let one = app.admin().start_import(&first, &EVERYTHING).await;
    let other = app.admin().start_import(&second, &EVERYTHING).await;
    let one = app.admin().end_of_run(&one).await;
    let other = app.admin().end_of_run(&other).await;
    assert_nothing_is_doubled(&app).await;
    let failures = [&one["failureCode"], &other["failureCode"]];
    assert!(failures.contains(&&json!("ACCOUNT_CONNECTED_TWICE")), "{one} {other}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_comes_to_both_has_its_effect_once() {
    let (app, first, second) = two().await;
    // Nothing of the one is here under the other, so far.
    for (id, noun) in [(&first, "CUSTOMER"), (&second, "PRODUCT")] {
        let run = app.admin().start_import(id, &[noun]).await;
        assert_eq!(app.admin().end_of_run(&run).await["state"], "SUCCEEDED");
    }
    app.sandbox().world().create_customer(json!({ "name": "Meanwhile" }));
    let stopped = until("one of them has stopped", async || {
        app.sandbox().world().advance_clock(60);
        app.clock.advance(std::time::Duration::from_mins(1));
        app.tick().await;
        let all = integrations(&app).await;
        all.into_iter().find(|known| known.key_problem.is_some())
    })
    .await;
    assert_eq!(stopped.key_problem.as_deref(), Some("ACCOUNT_CONNECTED_TWICE"));
    assert_stopped(&app, &format!("integration_{}", stopped.id.simple())).await;
    assert_nothing_is_doubled(&app).await;
    let query = "{ clients(filter: {search: \"Meanwhile\"}) { totalCount } }";
    assert_eq!(app.graphql(query, json!({})).await["clients"]["totalCount"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_accounts_whose_ids_nobody_knows_are_both_imported() {
    let app = start(options()).await;
    let first = app.admin().connect_stripe(BLIND, 3650).await;
    assert_eq!(app.admin().import(&first).await["state"], "SUCCEEDED");
    let before = sums(&app).await;
    // Both have coupons and products of the same ids: merchants choose them.
    let second = app.admin().connect_stripe(FOREIGN, 3650).await;
    assert_ne!(first, second);
    assert_eq!(app.admin().import(&second).await["state"], "SUCCEEDED");
    let after = sums(&app).await;
    for noun in ["clients", "products", "contracts"] {
        assert!(
            after[noun]["totalCount"].as_u64() > before[noun]["totalCount"].as_u64(),
            "{after}"
        );
    }
}
