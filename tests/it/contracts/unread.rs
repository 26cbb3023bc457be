//! What Stripe does not give for a while is read later, whatever happens to it meanwhile, and whatever the window says by then.

use std::time::Duration;

use sandbox::{Fault, Kind, Options};
use serde_json::{Value, json};

use super::support::{billed, connected, contract, invoice, pass, put_month};
use crate::support::webhook::{hold_looks, thin, until_taken_out};
use crate::support::{TestApp, WebhookSender, until};

const MINUTE: Duration = Duration::from_mins(1);
const DAY_SECONDS: i64 = 86_400;

/// From now on Stripe refuses to give what is at this path.
fn withhold(app: &TestApp, path: &str) {
    app.sandbox()
        .faults()
        .fail_some(1_000, 1, Fault::ServerError(400), Some(path));
}

/// Stripe gives everything again, and a retry is due.
fn give_back(app: &TestApp) {
    app.sandbox().faults().clear();
    pass(app, MINUTE * 2);
}

/// Sends the events of one type that the world has told after the first `known`, and waits for what they do.
async fn send(app: &TestApp, hooks: &WebhookSender, known: usize, event_type: &str) {
    for event in app.sandbox().world().events_after(known) {
        if event["type"] == event_type {
            hooks.send(app, &event).await;
        }
    }
    until_taken_out(app).await;
}

/// Waits until the API says so of a contract.
async fn becomes(app: &TestApp, stripe_id: &str, fields: &str, expected: &Value) {
    until(&format!("{stripe_id} is {expected}"), async || {
        app.tick().await;
        (contract(app, stripe_id, fields).await == *expected).then_some(())
    })
    .await;
}

async fn open_errors(app: &TestApp) -> Value {
    let query = "{ syncErrors(filter: {resolved: false}) { nodes { stripeId code } } }";
    app.graphql(query, json!({})).await["syncErrors"]["nodes"].take()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_read_is_still_to_be_read_after_it_was_mapped_again() {
    let (app, id) = billed().await;
    let hooks = WebhookSender::connect(&app, &id).await;
    hold_looks(&app, &id).await;
    pass(&app, MINUTE);
    let world = app.sandbox().world();
    let known = world.events_after(0).len();
    world.tell_in_old_version();
    withhold(&app, "/v1/subscriptions/sub_month");
    world.update(Kind::Subscription, "sub_month", json!({ "status": "past_due" }));
    world.update(Kind::Product, "prod_plan", json!({ "name": "Renamed" }));
    send(&app, &hooks, known, "customer.subscription.updated").await;
    send(&app, &hooks, known, "product.updated").await;
    let mapped_again = json!({ "name": "Renamed", "sourceStatus": "active" });
    becomes(&app, "sub_month", "name sourceStatus", &mapped_again).await;
    let still_open = json!([{ "stripeId": "sub_month", "code": "STRIPE_REFUSED" }]);
    assert_eq!(open_errors(&app).await, still_open);
    give_back(&app);
    let read = json!({ "name": "Renamed", "sourceStatus": "past_due" });
    becomes(&app, "sub_month", "name sourceStatus", &read).await;
    assert_eq!(open_errors(&app).await, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_comes_late_does_not_stand_for_what_could_not_be_read() {
    let (app, id) = billed().await;
    let hooks = WebhookSender::connect(&app, &id).await;
    hold_looks(&app, &id).await;
    pass(&app, MINUTE);
    let world = app.sandbox().world();
    let known = world.events_after(0).len();
    world.update(Kind::Subscription, "sub_month", json!({ "status": "trialing" }));
    let earlier = world.events_after(known).remove(0);
    pass(&app, Duration::from_secs(5));
    world.tell_in_old_version();
    withhold(&app, "/v1/subscriptions/sub_month");
    world.update(Kind::Subscription, "sub_month", json!({ "status": "past_due" }));
    send(&app, &hooks, known + 1, "customer.subscription.updated").await;
    hooks.send(&app, &earlier).await;
    until_taken_out(&app).await;
    becomes(
        &app,
        "sub_month",
        "sourceStatus",
        &json!({ "sourceStatus": "trialing" }),
    )
    .await;
    give_back(&app);
    becomes(
        &app,
        "sub_month",
        "sourceStatus",
        &json!({ "sourceStatus": "past_due" }),
    )
    .await;
    assert_eq!(open_errors(&app).await, json!([]));
}

const OFF: &str = "discount { decimal } warnings";

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_s_discount_counts_when_its_coupon_comes_after_it() {
    let (app, id) = billed().await;
    let hooks = WebhookSender::connect(&app, &id).await;
    hold_looks(&app, &id).await;
    pass(&app, MINUTE);
    let world = app.sandbox().world();
    let known = world.events_after(0).len();
    world.create_coupon(json!({ "id": "HALF", "percent_off": 50 }));
    withhold(&app, "/v1/coupons/HALF");
    world.give_discount(Kind::Customer, "cus_ada", "HALF");
    send(&app, &hooks, known, "customer.discount.created").await;
    let pending = json!({
        "discount": { "decimal": "0.00" },
        "warnings": ["PENDING: coupon HALF is not here yet; the contract is completed when it is."],
    });
    becomes(&app, "sub_month", OFF, &pending).await;
    give_back(&app);
    let whole = json!({ "discount": { "decimal": "10.00" }, "warnings": [] });
    becomes(&app, "sub_month", OFF, &whole).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_s_discount_follows_its_coupon() {
    let (app, id) = connected().await;
    let world = app.sandbox().world();
    put_month(world);
    world.create_coupon(json!({ "id": "PART", "percent_off": 50 }));
    world.give_discount(Kind::Customer, "cus_ada", "PART");
    pass(&app, MINUTE);
    assert_eq!(app.admin().import(&id).await["state"], "SUCCEEDED");
    let half = json!({ "discount": { "decimal": "10.00" }, "warnings": [] });
    becomes(&app, "sub_month", OFF, &half).await;
    let hooks = WebhookSender::connect(&app, &id).await;
    hold_looks(&app, &id).await;
    pass(&app, MINUTE);
    let known = world.events_after(0).len();
    world.update(Kind::Coupon, "PART", json!({ "percent_off": 25 }));
    send(&app, &hooks, known, "coupon.updated").await;
    let quarter = json!({ "discount": { "decimal": "5.00" }, "warnings": [] });
    becomes(&app, "sub_month", OFF, &quarter).await;
}

async fn set_sources(app: &TestApp, id: &str, sources: &[&str]) {
    let set = "mutation($id: ID!, $sources: [ContractSource!]!) {
        updateSettings(input: {integrationId: $id, contractSources: $sources, reconcileSchedule: \"off\"}) { userErrors { code } }
    }";
    let variables = json!({ "id": id, "sources": sources });
    app.admin().mutate("updateSettings", set, variables).await;
}

/// A server with the month's plan in Stripe and `days` of lookback.
async fn looking_back(days: i32) -> (TestApp, String) {
    let nobody = Options {
        customers: 1,
        invoices: 0,
        subscriptions: 0,
        ..Options::default()
    };
    let app = TestApp::builder().sandbox(nobody).start().await;
    put_month(app.sandbox().world());
    let id = app.admin().connect_stripe(app.sandbox().key(), days).await;
    (app, id)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_an_event_told_of_comes_in_when_its_invoice_is_read_at_last() {
    let (app, id) = looking_back(0).await;
    // While invoices are no source, nothing says which of them are here.
    set_sources(&app, &id, &["SUBSCRIPTION"]).await;
    assert_eq!(app.admin().import(&id).await["state"], "SUCCEEDED");
    let hooks = WebhookSender::connect(&app, &id).await;
    hold_looks(&app, &id).await;
    pass(&app, MINUTE);
    let world = app.sandbox().world();
    let mut old = invoice("in_old", world.now() - 90 * DAY_SECONDS, world.now() - 90 * DAY_SECONDS);
    old["status_transitions"]["paid_at"] = json!(world.now());
    world.put(Kind::Invoice, old.clone());
    let known = world.events_after(0).len();
    old["object"] = json!("invoice");
    world.tell_of("invoice.paid", old);
    withhold(&app, "/v1/invoices/in_old");
    hooks.send(&app, &thin(&world.events_after(known)[0])).await;
    until_taken_out(&app).await;
    let open = json!([{ "stripeId": "in_old", "code": "STRIPE_REFUSED" }]);
    assert_eq!(open_errors(&app).await, open);
    // It fails once more before it can be read.
    pass(&app, MINUTE * 2);
    says_attempts(&app, 2).await;
    app.sandbox().faults().clear();
    pass(&app, MINUTE * 10);
    says_open(&app, &json!([])).await;
    set_sources(&app, &id, &["INVOICE", "SUBSCRIPTION"]).await;
    let again = "mutation($id: ID!) { startRemap(input: {integrationId: $id, objects: [CONTRACT]}) { run { id } userErrors { code } } }";
    app.admin().mutate("startRemap", again, json!({ "id": id })).await;
    let whole = json!({ "total": { "decimal": "20.00" } });
    becomes(&app, "in_old", "total { decimal }", &whole).await;
}

async fn says_attempts(app: &TestApp, attempts: i32) {
    let query = "{ syncErrors(filter: {resolved: false}) { nodes { attempts } } }";
    until("it was tried again", async || {
        app.tick().await;
        let nodes = app.graphql(query, json!({})).await["syncErrors"]["nodes"].take();
        (nodes == json!([{ "attempts": attempts }])).then_some(())
    })
    .await;
}

async fn says_open(app: &TestApp, expected: &Value) {
    until("the errors are these", async || {
        app.tick().await;
        (open_errors(app).await == *expected).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_at_the_edge_of_the_window_comes_in_when_it_is_read_at_last() {
    let (app, id) = looking_back(30).await;
    let world = app.sandbox().world();
    let at_the_edge = world.now() - 30 * DAY_SECONDS + 60;
    let mut long = invoice("in_long", at_the_edge, at_the_edge);
    let line = long["lines"]["data"][0].clone();
    let lines = (0..12).map(|number| {
        let mut line = line.clone();
        line["id"] = json!(format!("il_{number}"));
        line["amount"] = json!(if number == 0 { 2000 } else { 0 });
        line
    });
    long["lines"]["data"] = lines.collect();
    world.put(Kind::Invoice, long);
    withhold(&app, "/v1/invoices/in_long/lines");
    assert_eq!(app.admin().import(&id).await["state"], "PARTIAL");
    assert_eq!(contract(&app, "in_long", "id").await, Value::Null);
    give_back(&app);
    let whole = json!({ "total": { "decimal": "20.00" } });
    becomes(&app, "in_long", "total { decimal }", &whole).await;
}
