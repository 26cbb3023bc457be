//! Nobody looked for longer than Stripe lists its events: the hole is found, whoever was away, and made good without anybody's doing.

use entity::kind::{RunKind, RunState, RunTrigger};
use sandbox::{Fault, Kind};
use serde_json::{Value, json};

use super::support::{DAY, HOUR, MINUTE, halted, imported, integration, large, look, mend, pass, rest_until, runs};
use crate::support::{TestApp, WebhookSender, until};

/// One thing of each sort, of which events tell that will not be listed any more.
fn happen(app: &TestApp) {
    let world = app.sandbox().world();
    let id = |kind, place: usize| {
        let living = world.truth(kind).into_iter().filter(|object| object["deleted"] != true);
        living
            .map(|object| object["id"].as_str().unwrap().to_owned())
            .nth(place)
            .unwrap()
    };
    world.update(
        Kind::Customer,
        &id(Kind::Customer, 0),
        json!({ "name": "Renamed long ago" }),
    );
    world.delete_customer(&id(Kind::Customer, 1));
    world.update(
        Kind::Product,
        &id(Kind::Product, 0),
        json!({ "name": "Renamed long ago" }),
    );
    world.cancel_subscription(&id(Kind::Subscription, 2));
    let customer = world.create_customer(json!({ "name": "New long ago" }));
    world.create_paid_invoice(&customer, world.now(), world.now());
    world.create_paid_invoice(&customer, world.now() - 500 * 86_400, world.now());
    let paid = |invoice: &Value| invoice["status"] == "paid" && invoice["total"].as_i64().unwrap() > 1_000;
    let invoice = world.truth(Kind::Invoice).into_iter().rev().find(paid).unwrap();
    world.create_credit_note(invoice["id"].as_str().unwrap());
}

/// A comparison that nobody asked for has found all of it, and the events are looked at again.
async fn assert_made_good(app: &TestApp, id: &str) {
    let compared = until("the hole is made good", async || {
        app.tick().await;
        let run = runs(app, RunKind::Reconcile).await.into_iter().next()?;
        run.finished_at.is_some().then_some(run)
    })
    .await;
    assert_eq!(
        (compared.trigger, compared.state),
        (RunTrigger::Startup, RunState::Succeeded)
    );
    assert!(compared.drift.unwrap() > 0, "{compared:?}");
    assert_eq!(runs(app, RunKind::Reconcile).await.len(), 1, "once");
    let watermark = integration(app).await.event_watermark.unwrap();
    let behind = app.sandbox().world().now() - watermark;
    assert!(behind < 7_200, "events are read from its beginning on: {behind} s");
    app.sandbox().world().create_customer(json!({ "name": "New today" }));
    assert_eq!(look(app).await.state, RunState::Succeeded);
    mend(app).await;
    app.prove(id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_off_for_a_month_lists_everything_again() {
    let (mut app, id) = imported(large()).await;
    app.turn_off().await;
    happen(&app);
    pass(&app, DAY * 31);
    app.sandbox().clear_requests();
    app.turn_on(|_config| {}).await;
    assert_made_good(&app, &id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_costs_no_more_than_the_lists_and_what_is_not_in_them() {
    let (mut app, _) = imported(large()).await;
    app.turn_off().await;
    happen(&app);
    pass(&app, DAY * 31);
    app.turn_on(|_config| {}).await;
    app.sandbox().clear_requests();
    until("the hole is made good", async || {
        app.tick().await;
        let runs = runs(&app, RunKind::Reconcile).await;
        runs.iter().any(|run| run.state == RunState::Succeeded).then_some(())
    })
    .await;
    let compared = runs(&app, RunKind::Reconcile).await.remove(0);
    let objects: usize = [
        Kind::Customer,
        Kind::Product,
        Kind::Price,
        Kind::Invoice,
        Kind::Subscription,
    ]
    .map(|kind| app.sandbox().world().truth(kind).len())
    .iter()
    .sum();
    let asked = usize::try_from(compared.stripe_requests).unwrap();
    assert!(asked < objects / 5, "{asked} requests for {objects} objects");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_off_for_four_weeks_reads_the_events() {
    let (mut app, id) = imported(large()).await;
    app.turn_off().await;
    happen(&app);
    pass(&app, DAY * 28);
    app.turn_on(|_config| {}).await;
    look(&app).await;
    assert_eq!(runs(&app, RunKind::Reconcile).await.len(), 0);
    mend(&app).await;
    app.prove(&id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_that_came_while_sync_was_off_for_a_month_have_their_effect() {
    let (app, id) = imported(large()).await;
    let hooks = WebhookSender::connect(&app, &id).await;
    app.stop_sync(&id).await;
    let known = app.sandbox().world().events_after(0).len();
    happen(&app);
    let events = app.sandbox().world().events_after(known);
    // Some are delivered at once, some never, and a late one is older than what it is about.
    for event in events.iter().step_by(2) {
        hooks.send(&app, event).await;
    }
    pass(&app, DAY * 31);
    hooks.send(&app, &events[1]).await;
    app.admin().switch_sync(&id, true).await;
    assert_made_good(&app, &id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_that_rested_for_a_month_finds_the_hole() {
    let (app, id) = imported(large()).await;
    app.sandbox().hang_up().await;
    pass(&app, MINUTE);
    halted(&app, RunKind::CatchUp).await;
    happen(&app);
    pass(&app, DAY * 31);
    app.sandbox().listen_again().await.unwrap();
    assert_made_good(&app, &id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_that_waited_for_a_key_for_a_month_finds_the_hole() {
    let (app, id) = imported(large()).await;
    let next = "rk_test_TheSecondOfTwoKeys1";
    let rights = [
        "customer",
        "product",
        "plan",
        "coupon",
        "invoice",
        "subscription",
        "credit_note",
        "event",
        "accounts_kyc_id_numbers",
    ];
    let rights: Vec<String> = rights.iter().map(|of| format!("rak_{of}_read")).collect();
    app.sandbox()
        .restrict_key(next, &rights.iter().map(String::as_str).collect::<Vec<_>>());
    app.sandbox().expire_key(app.sandbox().key());
    pass(&app, MINUTE);
    until("the schedule has stopped", async || {
        app.tick().await;
        integration(&app).await.key_problem
    })
    .await;
    happen(&app);
    pass(&app, DAY * 31);
    let authenticate = "mutation($key: String!) { authenticateStripe(input: {apiKey: $key}) { userErrors { code } } }";
    app.admin()
        .mutate("authenticateStripe", authenticate, json!({ "key": next }))
        .await;
    assert_made_good(&app, &id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn making_it_good_rests_through_an_outage_like_everything() {
    let (mut app, id) = imported(large()).await;
    app.turn_off().await;
    happen(&app);
    pass(&app, DAY * 31);
    app.sandbox()
        .faults()
        .fail_some(1_000, 1, Fault::ServerError(500), Some("/v1/invoices"));
    app.turn_on(|_config| {}).await;
    let end = app.clock.now_ms() + i64::try_from(HOUR.as_millis()).unwrap();
    rest_until(&app, RunKind::Reconcile, |_| app.clock.now_ms() > end).await;
    happen(&app);
    app.sandbox().faults().clear();
    rest_until(&app, RunKind::Reconcile, |run| run.finished_at.is_some()).await;
    assert_made_good(&app, &id).await;
}
