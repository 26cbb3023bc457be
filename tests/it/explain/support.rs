//! A server with an imported account, and what is asked of it.

use sandbox::{Kind, Options};
use serde_json::{Value, json};

use crate::support::{Client, TestApp};

pub(super) const EXPLAIN: &str = "query($id: ID!, $kind: StripeKind!, $of: String!) {
    explain(integrationId: $id, kind: $kind, stripeId: $of) {
        kind stripeId state reason asOf lastRun { id }
        record { __typename id ... on Client { stripeId } ... on Product { stripeId } ... on Contract { stripeId source } }
    }
}";
pub(super) const SOURCE: &str = "query($id: ID!, $kind: StripeKind!, $of: String!) {
    explain(integrationId: $id, kind: $kind, stripeId: $of) { state source }
}";
pub(super) const MONTH: i32 = 30;

pub(super) async fn connected(days: i32) -> (TestApp, String) {
    let world = Options {
        customers: 60,
        products: 12,
        invoices: 300,
        subscriptions: 60,
        ..Options::default()
    };
    let app = TestApp::builder().sandbox(world).start().await;
    let id = app.admin().connect_stripe(app.sandbox().key(), days).await;
    (app, id)
}

pub(super) async fn imported(days: i32) -> (TestApp, String) {
    let (app, id) = connected(days).await;
    let run = app.admin().import(&id).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    (app, id)
}

pub(super) async fn explain(client: &Client, id: &str, kind: &str, of: &str) -> Value {
    let asked = json!({ "id": id, "kind": kind, "of": of });
    client.graphql(EXPLAIN, asked).await["explain"].take()
}

/// The first of the sandbox's objects that `is_meant`.
pub(super) fn find(app: &TestApp, kind: Kind, is_meant: impl Fn(&Value) -> bool) -> String {
    let mut objects = app.sandbox().world().truth(kind).into_iter();
    let found = objects.find(|object| is_meant(object)).unwrap();
    found["id"].as_str().unwrap().to_owned()
}

pub(super) fn begins(app: &TestApp) -> i64 {
    app.sandbox().world().now() - i64::from(MONTH) * 86_400
}

pub(super) fn is_in_window(invoice: &Value, begins: i64) -> bool {
    let paid_at = invoice["status_transitions"]["paid_at"].as_i64();
    let times = [invoice["created"].as_i64(), paid_at];
    times.into_iter().flatten().any(|at| at >= begins)
}

/// A customer with an invoice that names them inside the window.
pub(super) fn billed_customer(app: &TestApp) -> String {
    let world = app.sandbox().world();
    let customer = world.create_customer(json!({ "name": "Billed" }));
    world.create_paid_invoice(&customer, world.now() - 60, world.now() - 60);
    customer
}

pub(super) fn free_invoice(app: &TestApp, customer: &str) -> String {
    let world = app.sandbox().world();
    let invoice = world.create_paid_invoice(customer, world.now() - 60, world.now() - 60);
    world.update(Kind::Invoice, &invoice, json!({ "total": 0 }));
    invoice
}

pub(super) fn assert_says(explanation: &Value, state: &str, words: &str) {
    assert_eq!(explanation["state"], state, "{explanation}");
    assert!(
        explanation["reason"].as_str().unwrap().contains(words),
        "{words}: {explanation}"
    );
}
