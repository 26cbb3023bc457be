//! Objects on test clocks: no list has them, events bring them, and they go with their clock without a word of their own.

use std::time::Duration;

use entity::kind::RunKind;
use entity::run;
use sandbox::{Kind, World};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};

use super::support::{imported, living, pass, requests_for};
use crate::support::webhook::until_taken_out;
use crate::support::{TestApp, WebhookSender, until};

const CLOCK: &str = "clock_ofTest";

/// What is on the clock.
struct OnClock {
    customer: String,
    subscription: String,
    invoice: String,
}

/// A customer with a subscription and an invoice, all on the clock.
fn put_on_clock(world: &World, price: &str) -> OnClock {
    let on_clock = json!({ "test_clock": CLOCK });
    let customer = world.create_customer(json!({ "name": "On a clock", "test_clock": CLOCK }));
    let subscription = world.create_subscription(&customer, &[price]);
    world.update(Kind::Subscription, &subscription, on_clock.clone());
    let invoice = world.create_paid_invoice(&customer, world.now(), world.now());
    world.update(Kind::Invoice, &invoice, on_clock);
    OnClock {
        customer,
        subscription,
        invoice,
    }
}

/// Sends what the world has told after the first `known` events.
async fn send(app: &TestApp, hooks: &WebhookSender, known: usize) {
    for event in app.sandbox().world().events_after(known) {
        hooks.send(app, &event).await;
    }
    until_taken_out(app).await;
}

/// Whether each is flagged as deleted; null where it is not here.
async fn flags(app: &TestApp, on_clock: &OnClock) -> Value {
    let query = "query($customer: String!, $subscription: String!, $invoice: String!) {
        client(ref: {stripe: {stripeId: $customer}}) { deletedInStripe }
        subscription: contract(ref: {stripe: {stripeId: $subscription}}) { deletedInStripe }
        invoice: contract(ref: {stripe: {stripeId: $invoice}}) { deletedInStripe }
    }";
    let ids =
        json!({ "customer": on_clock.customer, "subscription": on_clock.subscription, "invoice": on_clock.invoice });
    let shown = app.graphql(query, ids).await;
    ["client", "subscription", "invoice"]
        .map(|of| shown[of]["deletedInStripe"].clone())
        .into()
}

async fn reconciles(app: &TestApp) -> Vec<run::Model> {
    let reconciles = run::Entity::find().filter(run::Column::Kind.eq(RunKind::Reconcile));
    reconciles.all(app.db().read()).await.unwrap()
}

/// Waits until so many reconciles have ended.
async fn ended(app: &TestApp, count: usize) {
    until("it has been compared", async || {
        app.tick().await;
        let reconciles = reconciles(app).await;
        let is_over = |run: &run::Model| run.finished_at.is_some();
        (reconciles.len() == count && reconciles.iter().all(is_over)).then_some(())
    })
    .await;
}

/// Everything imported, and what is on the clock told.
async fn on_a_clock() -> (TestApp, String, WebhookSender, OnClock) {
    let (app, id, hooks) = imported(30).await;
    let world = app.sandbox().world();
    let known = world.events_after(0).len();
    let monthly = |price: &Value| price["recurring"]["interval"] == "month" && price["active"] == true;
    let price = living(&app, Kind::Price, monthly).remove(0);
    let on_clock = put_on_clock(world, &price);
    send(&app, &hooks, known).await;
    assert_eq!(
        flags(&app, &on_clock).await,
        json!([false, false, false]),
        "events bring them"
    );
    pass(&app, 60);
    (app, id, hooks, on_clock)
}

const RECONCILE: &str =
    "mutation($id: ID!) { startReconcile(input: {integrationId: $id}) { run { id } userErrors { code } } }";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_on_a_test_clock_stays_until_the_clock_is_gone() {
    let (app, id, hooks, on_clock) = on_a_clock().await;
    app.admin()
        .mutate("startReconcile", RECONCILE, json!({ "id": id }))
        .await;
    ended(&app, 1).await;
    assert_eq!(
        flags(&app, &on_clock).await,
        json!([false, false, false]),
        "no list has them"
    );
    pass(&app, 60);
    let world = app.sandbox().world();
    let known = world.events_after(0).len();
    world.delete_test_clock(CLOCK);
    assert_eq!(world.events_after(known).len(), 1, "only the clock tells");
    send(&app, &hooks, known).await;
    ended(&app, 2).await;
    assert_eq!(flags(&app, &on_clock).await, json!([true, true, true]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_goes_while_a_comparison_is_past_its_customers_is_not_forgotten() {
    let (app, id, hooks, on_clock) = on_a_clock().await;
    app.sandbox().clear_requests();
    app.sandbox().faults().set_latency(Duration::from_millis(500));
    app.admin()
        .mutate("startReconcile", RECONCILE, json!({ "id": id }))
        .await;
    until("the customers have been compared", async || {
        (requests_for(&app, "/v1/products?") > 0).then_some(())
    })
    .await;
    pass(&app, 5);
    let world = app.sandbox().world();
    let known = world.events_after(0).len();
    world.delete_test_clock(CLOCK);
    send(&app, &hooks, known).await;
    let begun = reconciles(&app).await;
    assert!(
        begun.iter().any(|run| run.finished_at.is_none()),
        "the first was at work"
    );
    app.sandbox().faults().clear();
    ended(&app, 2).await;
    assert_eq!(flags(&app, &on_clock).await, json!([true, true, true]));
}
