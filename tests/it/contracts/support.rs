//! A small company of the test's own making.

use std::time::Duration;

use sandbox::{Kind, Options, World};
use serde_json::{Value, json};

use crate::support::{TestApp, until};

/// A server that is connected to a company with nothing to bill, both contract sources on.
pub(super) async fn connected() -> (TestApp, String) {
    let nobody = Options {
        customers: 1,
        invoices: 0,
        subscriptions: 0,
        ..Options::default()
    };
    let app = TestApp::builder().sandbox(nobody).start().await;
    let id = app.admin().connect_stripe(app.sandbox().key(), 3650).await;
    look_each_minute(&app, &id).await;
    (app, id)
}

/// Has the events looked at each minute, and nothing compared.
pub(super) async fn look_each_minute(app: &TestApp, integration_id: &str) {
    let quiet = "mutation($id: ID!) {
        updateSettings(input: {integrationId: $id, pollIntervalSeconds: 60, reconcileSchedule: \"off\"}) { userErrors { code } }
    }";
    app.admin()
        .mutate("updateSettings", quiet, json!({ "id": integration_id }))
        .await;
}

/// The same with a month's plan, its subscription and one invoice of it, imported.
pub(super) async fn billed() -> (TestApp, String) {
    let (app, id) = connected().await;
    put_month(app.sandbox().world());
    let run = app.admin().import(&id).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    (app, id)
}

/// 2026-11-10, when the month began.
const BEGAN: i64 = 1_794_268_800;
const MONTH: i64 = 30 * 86_400;

/// A price of 20.00 a month, a subscription to it (`sub_month`), and its invoice for this month (`in_month`).
pub(super) fn put_month(world: &World) {
    let recurring = json!({ "interval": "month", "interval_count": 1, "usage_type": "licensed" });
    world.put(Kind::Product, json!({ "id": "prod_plan", "name": "Plan" }));
    let price = json!({ "id": "price_month", "currency": "usd", "unit_amount": 2000, "recurring": recurring, "product": "prod_plan" });
    world.put(Kind::Price, price.clone());
    world.put(
        Kind::Customer,
        json!({ "id": "cus_ada", "name": "Ada", "created": BEGAN }),
    );
    let item = json!({ "id": "si_month", "price": price, "quantity": 1, "current_period_start": BEGAN, "current_period_end": BEGAN + MONTH, "discounts": [] });
    let subscription = json!({
        "id": "sub_month", "status": "active", "currency": "usd", "created": BEGAN, "customer": "cus_ada", "discounts": [],
        "cancel_at": null, "ended_at": null, "items": { "data": [item] },
    });
    world.put(Kind::Subscription, subscription);
    world.put(Kind::Invoice, invoice("in_month", BEGAN, BEGAN));
}

/// An invoice of 20.00 for the month from `start` on, of `sub_month`.
pub(super) fn invoice(id: &str, created: i64, start: i64) -> Value {
    let line = json!({
        "id": format!("il_of_{id}"), "object": "line_item", "amount": 2000, "quantity": 1, "period": { "start": start, "end": start + MONTH },
        "parent": { "subscription_item_details": { "proration": false } },
        "pricing": { "price_details": { "price": "price_month", "product": "prod_plan" } },
    });
    json!({
        "id": id, "status": "paid", "currency": "usd", "created": created, "customer": "cus_ada", "total": 2000, "total_excluding_tax": 2000,
        "status_transitions": { "paid_at": created }, "parent": { "subscription_details": { "subscription": "sub_month" } },
        "discounts": [], "post_payment_credit_notes_amount": 0, "lines": { "data": [line] },
    })
}

/// What the API says of the contract of a Stripe id.
pub(super) async fn contract(app: &TestApp, stripe_id: &str, fields: &str) -> Value {
    let query = format!("query($id: String!) {{ contract(ref: {{stripe: {{stripeId: $id}}}}) {{ {fields} }} }}");
    app.graphql(&query, json!({ "id": stripe_id })).await["contract"].take()
}

/// Waits until the API says so of a contract.
pub(super) async fn says(app: &TestApp, stripe_id: &str, fields: &str, expected: &Value) {
    let mut last = Value::Null;
    let told = tokio::time::timeout(Duration::from_mins(1), async {
        until("the contract says so", async || {
            last = contract(app, stripe_id, fields).await;
            (last == *expected).then_some(())
        })
        .await;
    });
    if told.await.is_err() {
        assert_eq!(last, *expected, "{stripe_id}");
    }
}

/// Lets time pass here and at Stripe, and has the events of it looked at.
pub(super) async fn look(app: &TestApp) {
    pass(app, Duration::from_mins(2));
    let query = "query($from: DateTime!) {
        runs(filter: {kind: [CATCH_UP], state: [SUCCEEDED], queuedAt: {from: $from}}) { totalCount }
    }";
    let variables = json!({ "from": app.clock.now().to_rfc3339() });
    until("the events have been looked at", async || {
        app.tick().await;
        let ended = app.graphql(query, variables.clone()).await;
        (ended["runs"]["totalCount"] != 0).then_some(())
    })
    .await;
}

/// Lets time pass here and at Stripe.
pub(super) fn pass(app: &TestApp, time: Duration) {
    app.sandbox().world().advance_clock(time.as_secs().try_into().unwrap());
    app.clock.advance(time);
}

const RECONCILE: &str = "mutation($id: ID!, $objects: [SyncObject!]!) {
    startReconcile(input: {integrationId: $id, objects: $objects}) { run { id } userErrors { code } }
}";

/// Has everything of these compared with Stripe; gives the run.
pub(super) async fn reconcile(app: &TestApp, id: &str, objects: &[&str]) -> Value {
    let started = app
        .admin()
        .mutate("startReconcile", RECONCILE, json!({ "id": id, "objects": objects }))
        .await;
    let run = started["run"]["id"].as_str().unwrap();
    app.admin().end_of_run(run).await;
    let query = "query($id: ID!) { node(id: $id) { ... on Run { state drift monthlySums {
        month currency net { decimal } stripeNet { decimal } difference { decimal } } } } }";
    app.graphql(query, json!({ "id": run })).await["node"].take()
}
