//! After the lookback was widened, a backfill brings what the window now lets in, and reads no more than that.

use sandbox::Options;
use serde_json::{Value, json};

use crate::support::{TestApp, assert_equals_truth};

const WORLD: Options = Options {
    seed: 5,
    port: 0,
    customers: 200,
    products: 10,
    invoices: 1_500,
    subscriptions: 60,
    livemode: false,
    rate_limits: None,
    restricted_keys: Vec::new(),
    expired_keys: Vec::new(),
    now: None,
    neighbour: None,
};

async fn widen(app: &TestApp, id: &str, days: i32) {
    let set = "mutation($id: ID!, $days: Int!) { updateSettings(input: {integrationId: $id, invoiceLookbackDays: $days}) { userErrors { code } } }";
    app.admin()
        .mutate("updateSettings", set, json!({ "id": id, "days": days }))
        .await;
}

async fn backfill(app: &TestApp, id: &str) -> Value {
    let start =
        "mutation($id: ID!) { startBackfill(input: {integrationId: $id}) { run { id } userErrors { code message } } }";
    let started = app.admin().mutate("startBackfill", start, json!({ "id": id })).await;
    app.admin().end_of_run(started["run"]["id"].as_str().unwrap()).await
}

/// Created or paid inside the window of so many days.
fn inside(app: &TestApp, days: i64) -> impl Fn(&Value) -> bool {
    let start = app.sandbox().world().now() - days * 86_400;
    move |invoice| {
        let paid_at = invoice["status_transitions"]["paid_at"].as_i64();
        [invoice["created"].as_i64(), paid_at]
            .into_iter()
            .flatten()
            .any(|at| at >= start)
    }
}

fn requests_for_lists_of_invoices(app: &TestApp) -> Vec<String> {
    let requests = app
        .sandbox()
        .requests()
        .into_iter()
        .map(|request| request.path_and_query);
    requests
        .filter(|path| path.starts_with("/v1/invoices?") && path.contains("created"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_brings_the_gap_and_nothing_else() {
    let app = TestApp::builder().sandbox(WORLD).start().await;
    let id = app.admin().connect_stripe(app.sandbox().key(), 30).await;
    app.admin().import(&id).await;
    assert_equals_truth(app.db(), app.sandbox(), inside(&app, 30)).await;
    widen(&app, &id, 200).await;
    app.sandbox().clear_requests();
    let run = backfill(&app, &id).await;
    assert_eq!(
        (&run["kind"], &run["state"]),
        (&json!("BACKFILL"), &json!("SUCCEEDED")),
        "{run}"
    );
    assert_equals_truth(app.db(), app.sandbox(), inside(&app, 200)).await;
    let covered = app.sandbox().world().now() - 30 * 86_400;
    let lists = requests_for_lists_of_invoices(&app);
    assert!(!lists.is_empty());
    for list in &lists {
        let bound = list.split("created%5Blt%5D=").nth(1).unwrap();
        let bound: i64 = bound[..bound.find('&').unwrap()].parse().unwrap();
        assert!(bound <= covered, "{list} reads what is here already");
    }
    let others = app.sandbox().requests().into_iter().filter(|request| {
        request.path_and_query.starts_with("/v1/subscriptions?") || request.path_and_query.starts_with("/v1/products?")
    });
    assert_eq!(others.count(), 0, "subscriptions and products have no window");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_is_missing_it_reads_no_invoices() {
    let app = TestApp::builder().sandbox(WORLD).start().await;
    let id = app.admin().connect_stripe(app.sandbox().key(), 100).await;
    app.admin().import(&id).await;
    for days in [100, 20, 100] {
        widen(&app, &id, days).await;
        app.sandbox().clear_requests();
        let run = backfill(&app, &id).await;
        assert_eq!(run["state"], "SUCCEEDED", "{run}");
        assert_eq!(
            requests_for_lists_of_invoices(&app),
            Vec::<String>::new(),
            "{days} days"
        );
    }
    assert_equals_truth(app.db(), app.sandbox(), inside(&app, 100)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_and_an_import_take_turns() {
    let app = TestApp::builder().sandbox(WORLD).start().await;
    let id = app.admin().connect_stripe(app.sandbox().key(), 30).await;
    app.admin().import(&id).await;
    app.sandbox()
        .faults()
        .set_latency(std::time::Duration::from_millis(200));
    widen(&app, &id, 300).await;
    let start = "mutation($id: ID!) { startBackfill(input: {integrationId: $id}) { run { id } userErrors { code } } }";
    let first = app.admin().mutate("startBackfill", start, json!({ "id": id })).await;
    let import = "mutation($id: ID!) { startImport(input: {integrationId: $id}) { run { id } userErrors { code } } }";
    for (field, mutation) in [("startImport", import), ("startBackfill", start)] {
        let refused = app.graphql(mutation, json!({ "id": id })).await;
        assert_eq!(refused[field]["userErrors"][0]["code"], "RUN_IN_PROGRESS");
    }
    app.sandbox().faults().clear();
    app.admin().end_of_run(first["run"]["id"].as_str().unwrap()).await;
    app.admin().import(&id).await;
}
