//! How rare looks at the events are while webhooks come, and what events cost.

use entity::integration;
use reqwest::StatusCode;
use sandbox::Kind;
use sea_orm::EntityTrait;
use serde_json::json;

use super::support::{endpoint, event, imported, latest, living, pass};
use crate::support::webhook::{thin, until_taken_out};
use crate::support::{TestApp, WebhookSender, until};

/// Half of ten thousand reads in thirty days pays for one look so often, seconds.
const AUTO: i64 = 519;
const SAFETY_NET: i64 = 600;

const SETTINGS: &str = "mutation($id: ID!, $seconds: Int) {
    updateSettings(input: {integrationId: $id, pollIntervalSeconds: $seconds, reconcileSchedule: \"off\"}) {
        userErrors { code }
    }
}";

/// An account that was imported and looked at; looks come by the interval, and nothing else by itself.
async fn looked_at(interval: Option<i32>) -> (TestApp, String, WebhookSender) {
    let (app, id, hooks) = endpoint().await;
    let run = app.admin().import(&id).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    until_looked(&app).await;
    let variables = json!({ "id": id, "seconds": interval });
    app.admin().mutate("updateSettings", SETTINGS, variables).await;
    until_looked(&app).await;
    (app, id, hooks)
}

/// Waits until the look that is due has ended.
async fn until_looked(app: &TestApp) {
    let open = "{ runs(filter: {kind: [CATCH_UP], state: [QUEUED, RUNNING]}) { totalCount } }";
    until("the events have been looked at", async || {
        app.tick().await;
        let next = stored(app).await.next_poll_at;
        let open = app.graphql(open, json!({})).await;
        (next.is_some_and(|at| at > app.clock.now_ms()) && open["runs"]["totalCount"] == 0).then_some(())
    })
    .await;
}

async fn stored(app: &TestApp) -> integration::Model {
    let row = integration::Entity::find().one(app.db().read()).await.unwrap();
    row.unwrap()
}

/// Lets time pass until the next look, which has ended then.
async fn next_look(app: &TestApp, id: &str) {
    let seconds = seconds_until_next(app, id).await;
    pass(app, seconds.try_into().unwrap());
    until_looked(app).await;
}

/// As it is shown.
async fn seconds_until_next(app: &TestApp, id: &str) -> i64 {
    let query = "query($id: ID!) { integration(id: $id) { nextRunAt } }";
    let shown = app.graphql(query, json!({ "id": id })).await["integration"]["nextRunAt"].take();
    let next = chrono::DateTime::parse_from_rfc3339(shown.as_str().unwrap()).unwrap();
    (next.timestamp_millis() - app.clock.now_ms()) / 1000
}

#[tokio::test(flavor = "multi_thread")]
async fn while_webhooks_come_looks_are_a_safety_net() {
    let (app, id, hooks) = looked_at(None).await;
    assert_eq!(seconds_until_next(&app, &id).await, AUTO);
    hooks.send(&app, &event(&app, "evt_1")).await;
    next_look(&app, &id).await;
    let mut since_webhook = AUTO;
    while since_webhook < 3_600 {
        assert_eq!(
            seconds_until_next(&app, &id).await,
            SAFETY_NET,
            "{since_webhook} s after a webhook"
        );
        next_look(&app, &id).await;
        since_webhook += SAFETY_NET;
    }
    assert_eq!(seconds_until_next(&app, &id).await, AUTO, "an hour without any");
    hooks.send(&app, &event(&app, "evt_2")).await;
    next_look(&app, &id).await;
    assert_eq!(seconds_until_next(&app, &id).await, SAFETY_NET);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interval_that_somebody_has_set_is_kept() {
    let (app, id, hooks) = looked_at(Some(60)).await;
    for number in 0..3 {
        hooks.send(&app, &event(&app, &format!("evt_{number}"))).await;
        assert_eq!(seconds_until_next(&app, &id).await, 60);
        next_look(&app, &id).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_none_of_ours_makes_looks_no_rarer() {
    let (app, id, hooks) = looked_at(None).await;
    let mut of_another = event(&app, "evt_1");
    of_another["account"] = json!("acct_another");
    let mut live = event(&app, "evt_2");
    live["livemode"] = json!(true);
    for event in [&of_another, &live] {
        hooks.send(&app, event).await;
    }
    let unsigned = hooks.post(&[], event(&app, "evt_3").to_string()).await;
    assert_eq!(unsigned.status, StatusCode::BAD_REQUEST);
    next_look(&app, &id).await;
    assert_eq!(seconds_until_next(&app, &id).await, AUTO);
    assert_eq!(stored(&app).await.last_webhook_at, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn looks_find_what_webhooks_did_not_bring() {
    let (app, id, hooks) = looked_at(None).await;
    let world = app.sandbox().world();
    let names = ["By webhook", "By a look"].map(|name| world.create_customer(json!({ "name": name })));
    let events = world.events_after(0);
    hooks.send(&app, &events[0]).await;
    until_taken_out(&app).await;
    let query = "{ clients(filter: {search: \"By \"}) { totalCount } }";
    assert_eq!(app.graphql(query, json!({})).await["clients"]["totalCount"], 1);
    next_look(&app, &id).await;
    until_taken_out(&app).await;
    assert_eq!(
        app.graphql(query, json!({})).await["clients"]["totalCount"],
        2,
        "{names:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_events_cost_is_counted() {
    let (app, id, hooks) = imported(30).await;
    let customer = living(&app, Kind::Customer, |_| true).remove(0);
    let reads = async || {
        let query = "query($id: ID!) { integration(id: $id) { readsLast30Days } }";
        let shown = app.graphql(query, json!({ "id": id })).await;
        shown["integration"]["readsLast30Days"].as_i64().unwrap()
    };
    let before = reads().await;
    for (name, is_thin, cost) in [("Told", false, 0), ("Hinted at", true, 1)] {
        pass(&app, 5);
        app.sandbox()
            .world()
            .update(Kind::Customer, &customer, json!({ "name": name }));
        let told = latest(&app);
        hooks.send(&app, &if is_thin { thin(&told) } else { told }).await;
        until_taken_out(&app).await;
        assert_eq!(reads().await - before, cost, "{name}");
    }
}
