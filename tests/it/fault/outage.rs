//! Stripe fails, breaks off, is not there at all: for one request, or for an hour.

use std::time::Duration;

use entity::kind::{RunKind, RunState};
use sandbox::{Fault, Kind};
use serde_json::json;

use super::support::{HOUR, MINUTE, connected, halted, imported, large, look, pass, rest_until, runs, shown};
use crate::support::{EVERYTHING, TestApp, WebhookSender, until};

const LONGEST_REST_MS: i64 = 300_000;

/// Has the latest run of a kind rest through an hour in which Stripe gives nothing.
async fn rest_for_an_hour(app: &TestApp, kind: RunKind, word: &str) {
    let end = app.clock.now_ms() + i64::try_from(HOUR.as_millis()).unwrap();
    let rests = rest_until(app, kind, |run| {
        assert_eq!((run.state, run.finished_at), (RunState::Running, None), "{run:?}");
        app.clock.now_ms() >= end
    })
    .await;
    let seen = shown(app, word).await;
    assert_eq!(
        (&seen["state"], &seen["failureCode"]),
        (&json!("RUNNING"), &json!("STRIPE_UNAVAILABLE")),
        "{seen}"
    );
    assert!(
        rests.iter().all(|rest| (1..=LONGEST_REST_MS).contains(rest)),
        "{rests:?}"
    );
    let last = &rests[rests.len() - 4..];
    assert!(
        last.iter().any(|rest| rest != &last[0]),
        "without jitter all would come back at once: {rests:?}"
    );
}

/// The run ends well at the latest one rest after Stripe is back.
async fn assert_goes_on(app: &TestApp, kind: RunKind) {
    let rests = rest_until(app, kind, |run| run.finished_at.is_some()).await;
    assert!(rests.iter().sum::<i64>() <= LONGEST_REST_MS, "{rests:?}");
    let run = runs(app, kind).await.remove(0);
    assert_eq!((run.state, run.failure_code), (RunState::Succeeded, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_request_that_fails_is_repeated_and_nothing_shows_of_it() {
    let (app, id) = connected(large()).await;
    for fault in [500, 502, 503, 504, 409, 424]
        .map(Fault::ServerError)
        .into_iter()
        .chain([Fault::Reset])
    {
        for path in ["/v1/customers", "/v1/products", "/v1/invoices", "/v1/subscriptions"] {
            app.sandbox().faults().fail_next(1, fault, Some(path));
        }
        let run = app.admin().import(&id).await;
        assert_eq!(
            (&run["state"], &run["failureCode"]),
            (&json!("SUCCEEDED"), &json!(null)),
            "{fault:?}: {run}"
        );
        let failed = app
            .sandbox()
            .requests()
            .iter()
            .filter(|request| request.status != 200)
            .count();
        assert_eq!(failed, 4, "{fault:?}");
        app.sandbox().clear_requests();
    }
    app.prove(&id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_rests_through_an_hour_of_failures_and_goes_on() {
    for fault in [500, 502, 503, 504]
        .map(Fault::ServerError)
        .into_iter()
        .chain([Fault::Reset, Fault::HalfBody])
    {
        let (app, id) = connected(large()).await;
        app.sandbox().faults().fail_some(1_000, 1, fault, Some("/v1/products"));
        app.admin().start_import(&id, &EVERYTHING).await;
        rest_for_an_hour(&app, RunKind::Import, "IMPORT").await;
        app.sandbox().faults().clear();
        app.sandbox().clear_requests();
        assert_goes_on(&app, RunKind::Import).await;
        let again = app
            .sandbox()
            .requests()
            .iter()
            .filter(|request| request.path_and_query.starts_with("/v1/customers?"))
            .count();
        assert_eq!(again, 0, "what was read before the outage is not read again");
        app.prove(&id).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_rests_while_nobody_listens() {
    let (app, id) = connected(large()).await;
    app.sandbox().hang_up().await;
    app.admin().start_import(&id, &EVERYTHING).await;
    rest_for_an_hour(&app, RunKind::Import, "IMPORT").await;
    assert_eq!(
        shown(&app, "IMPORT").await["failureMessage"],
        "Stripe is unavailable: no connection"
    );
    app.sandbox().listen_again().await.unwrap();
    assert_goes_on(&app, RunKind::Import).await;
    app.prove(&id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_rests_while_stripe_s_name_or_certificate_cannot_be_had() {
    let (mut app, id) = connected(large()).await;
    let good = app.sandbox().base_url();
    app.sandbox()
        .faults()
        .fail_some(1_000, 1, Fault::Reset, Some("/v1/products"));
    app.admin().start_import(&id, &EVERYTHING).await;
    halted(&app, RunKind::Import).await;
    app.sandbox().faults().clear();
    for bad in ["https://stripe.invalid".to_owned(), good.replace("http:", "https:")] {
        app.turn_off().await;
        app.turn_on(|config| config.stripe_api_base = bad.parse().unwrap())
            .await;
        rest_for_an_hour(&app, RunKind::Import, "IMPORT").await;
    }
    app.turn_off().await;
    app.turn_on(|config| config.stripe_api_base = good.parse().unwrap())
        .await;
    assert_goes_on(&app, RunKind::Import).await;
    app.prove(&id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_rests_no_longer_than_looks_are_apart() {
    let (app, id) = imported(large()).await;
    let customer = app.sandbox().world().create_customer(json!({ "name": "Meanwhile" }));
    app.sandbox().hang_up().await;
    pass(&app, MINUTE);
    let end = app.clock.now_ms() + i64::try_from(HOUR.as_millis()).unwrap();
    let rests = rest_until(&app, RunKind::CatchUp, |_| app.clock.now_ms() >= end).await;
    assert!(rests.iter().all(|rest| *rest <= 60_000), "{rests:?}");
    let behind = "query($id: ID!) { integration(id: $id) { syncLagSeconds } }";
    let lag = app.graphql(behind, json!({ "id": id })).await["integration"]["syncLagSeconds"].take();
    assert!(lag.as_i64().unwrap() >= 3_600, "an hour was not looked at: {lag}");
    app.sandbox().listen_again().await.unwrap();
    let rests = rest_until(&app, RunKind::CatchUp, |run| run.finished_at.is_some()).await;
    assert!(rests.iter().sum::<i64>() <= 60_000, "{rests:?}");
    let query = "query($id: String!) { client(ref: {stripe: {stripeId: $id}}) { name } }";
    assert_eq!(
        app.graphql(query, json!({ "id": customer })).await["client"]["name"],
        "Meanwhile"
    );
    look(&app).await;
    app.prove(&id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_wait_in_the_inbox_while_what_they_name_cannot_be_read() {
    let (app, id) = imported(large()).await;
    let hooks = WebhookSender::connect(&app, &id).await;
    let world = app.sandbox().world();
    let known = world.events_after(0).len();
    world.tell_in_old_version();
    let customer = world
        .truth(Kind::Customer)
        .into_iter()
        .find(|customer| customer["deleted"] != true)
        .unwrap();
    let customer = customer["id"].as_str().unwrap();
    world.update(Kind::Customer, customer, json!({ "name": "Renamed" }));
    app.sandbox()
        .faults()
        .fail_some(1_000, 1, Fault::ServerError(503), None);
    for event in world.events_after(known) {
        hooks.send(&app, &event).await;
    }
    let path = format!("/v1/customers/{customer}");
    let asked = || {
        app.sandbox()
            .requests()
            .iter()
            .filter(|request| request.path_and_query == path)
            .count()
    };
    for tries in 1..=10 {
        until("it was asked for once more", async || {
            pass(&app, MINUTE);
            app.tick().await;
            // Twice repeated each time.
            (asked() >= 3 * tries).then_some(())
        })
        .await;
    }
    let waiting = "query($id: ID!) { integration(id: $id) { openErrorCount syncLagSeconds } }";
    let seen = app.graphql(waiting, json!({ "id": id })).await["integration"].take();
    assert_eq!(seen["openErrorCount"], 0, "the object is not to blame");
    assert!(seen["syncLagSeconds"].as_i64().unwrap() >= 600, "{seen}");
    app.sandbox().faults().clear();
    let query = "query($id: String!) { client(ref: {stripe: {stripeId: $id}}) { name } }";
    pass(&app, MINUTE);
    until("the change is here", async || {
        app.tick().await;
        let seen = app.graphql(query, json!({ "id": customer })).await;
        (seen["client"]["name"] == "Renamed").then_some(())
    })
    .await;
    look(&app).await;
    app.prove(&id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_has_rested_goes_before_a_comparison_that_began_meanwhile() {
    let (app, id) = connected(large()).await;
    let refused = Fault::ServerError(500);
    app.sandbox()
        .faults()
        .fail_some(1_000, 1, refused, Some("/v1/products"));
    let import = app.admin().start_import(&id, &EVERYTHING).await;
    let rest = halted(&app, RunKind::Import).await;
    app.sandbox().faults().clear();
    app.sandbox().faults().set_latency(Duration::from_millis(200));
    let start = "mutation($id: ID!) { startReconcile(input: {integrationId: $id}) { run { id } userErrors { code } } }";
    app.admin().mutate("startReconcile", start, json!({ "id": id })).await;
    until("everything is being compared", async || {
        let compares = runs(&app, RunKind::Reconcile).await.remove(0);
        (compares.stripe_requests > 0).then_some(())
    })
    .await;
    let rest_ms = rest.resume_at.unwrap() - app.clock.now_ms();
    app.clock.advance(Duration::from_millis(rest_ms.try_into().unwrap()));
    let run = app.admin().end_of_run(&import).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    let compares = runs(&app, RunKind::Reconcile).await.remove(0);
    assert_eq!((compares.state, compares.finished_at), (RunState::Running, None));
    app.sandbox().faults().clear();
    until("everything was compared", async || {
        runs(&app, RunKind::Reconcile).await.remove(0).finished_at
    })
    .await;
    app.prove(&id).await;
}
