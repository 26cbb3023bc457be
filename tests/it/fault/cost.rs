//! Each request to Stripe is counted, whatever became of the work that it was sent for.

use entity::kind::{RunKind, RunState};
use sandbox::{Fault, Kind, Options};
use serde_json::{Value, json};

use super::support::{connected, halted, integration, rest_until, runs};
use crate::support::{TestApp, WebhookSender, until};

const FAILED: Fault = Fault::ServerError(500);

/// Waits until as many are told as were sent.
async fn all_are_counted(app: &TestApp, id: &str) {
    let query = "query($id: ID!) { integration(id: $id) { readsLast30Days } }";
    until("each request is counted", async || {
        let shown = app.graphql(query, json!({ "id": id })).await;
        let counted = shown["integration"]["readsLast30Days"].as_u64().unwrap();
        (counted == app.sandbox().request_count()).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_before_a_rest_counts() {
    let (app, id) = connected(Options::default()).await;
    all_are_counted(&app, &id).await;
    let before = app.sandbox().request_count();
    app.sandbox().faults().fail_next(6, FAILED, Some("/v1/products"));
    // One list is one chain of requests: none is on its way when it rests.
    app.admin().start_import(&id, &["PRODUCT"]).await;
    halted(&app, RunKind::Import).await;
    all_are_counted(&app, &id).await;
    rest_until(&app, RunKind::Import, |run| run.finished_at.is_some()).await;
    let import = runs(&app, RunKind::Import).await.remove(0);
    assert_eq!(import.state, RunState::Succeeded);
    let requests = app.sandbox().requests();
    let sent = requests
        .iter()
        .skip(usize::try_from(before).unwrap())
        .filter(|request| !request.path_and_query.starts_with("/v1/events"))
        .count();
    assert_eq!(usize::try_from(import.stripe_requests).unwrap(), sent);
    all_are_counted(&app, &id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_for_events_that_wait_counts() {
    let (app, id) = connected(Options::default()).await;
    app.admin().import(&id).await;
    let hooks = WebhookSender::connect(&app, &id).await;
    until("the first look is over", async || {
        let looks = runs(&app, RunKind::CatchUp).await;
        looks.iter().any(|look| look.state == RunState::Succeeded).then_some(())
    })
    .await;
    all_are_counted(&app, &id).await;
    let world = app.sandbox().world();
    world.tell_in_old_version();
    let living = |customer: &Value| customer["deleted"] != true;
    let customer = world.truth(Kind::Customer).into_iter().find(living).unwrap();
    let known = world.events_after(0).len();
    world.update(
        Kind::Customer,
        customer["id"].as_str().unwrap(),
        json!({ "name": "Renamed" }),
    );
    app.sandbox().faults().fail_some(1_000, 1, FAILED, None);
    let before = app.sandbox().request_count();
    for event in world.events_after(known) {
        hooks.send(&app, &event).await;
    }
    let integration_id = integration(&app).await.id;
    until("it was asked for in vain", async || {
        let is_asked = app.sandbox().request_count() > before;
        (is_asked && !app.app().turns.is_taken(integration_id)).then_some(())
    })
    .await;
    all_are_counted(&app, &id).await;
}
