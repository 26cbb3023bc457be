//! An endpoint to send to, and what is seen of it.

use std::time::Duration;

use entity::record_change;
use reqwest::StatusCode;
use sandbox::{Kind, Options};
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use crate::support::webhook::{SECRET, hold_looks, inbox};
use crate::support::{Answer, NOW_MS, TestApp, WebhookSender, is_since};

/// Stands in the bodies of events, and nowhere else.
pub(super) const MARK: &str = "Ada of the event";

/// A server whose webhooks are on and whose first import has not begun, its integration, and a sender.
pub(super) async fn endpoint() -> (TestApp, String, WebhookSender) {
    let app = TestApp::builder().sandbox(Options::default()).start().await;
    let id = app.admin().connect_stripe(app.sandbox().key(), 30).await;
    let hooks = WebhookSender::connect(&app, &id).await;
    (app, id, hooks)
}

/// The same after the first import; nothing comes in but by webhook, and a moment has passed since.
pub(super) async fn imported(days: i32) -> (TestApp, String, WebhookSender) {
    let app = TestApp::builder().sandbox(Options::default()).start().await;
    let id = app.admin().connect_stripe(app.sandbox().key(), days).await;
    let hooks = WebhookSender::connect(&app, &id).await;
    let run = app.admin().import(&id).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    hold_looks(&app, &id).await;
    pass(&app, 5);
    (app, id, hooks)
}

/// Lets time pass, at Stripe and here.
pub(super) fn pass(app: &TestApp, seconds: u32) {
    app.sandbox().world().advance_clock(seconds.into());
    app.clock.advance(Duration::from_secs(seconds.into()));
}

/// The living objects' ids, in the world's order.
pub(super) fn living(app: &TestApp, kind: Kind, is_meant: impl Fn(&Value) -> bool) -> Vec<String> {
    let objects = app.sandbox().world().truth(kind).into_iter();
    objects
        .filter(|object| object["deleted"] != true && is_meant(object))
        .map(|object| object["id"].as_str().unwrap().to_owned())
        .collect()
}

/// Whether an invoice was created or paid since thirty days before the import.
pub(super) fn in_window(invoice: &Value) -> bool {
    is_since(invoice, NOW_MS / 1000 - 30 * 86_400)
}

/// The latest event of the world's.
pub(super) fn latest(app: &TestApp) -> Value {
    app.sandbox().world().events_after(0).pop().unwrap()
}

/// How many records were noted as made or changed since the beginning.
pub(super) async fn changes(app: &TestApp) -> usize {
    let noted = record_change::Entity::find().all(app.db().read()).await.unwrap();
    noted
        .iter()
        .map(|change| change.created.0.len() + change.updated.0.len())
        .sum()
}

/// Requests whose path and query hold `part`.
pub(super) fn requests_for(app: &TestApp, part: &str) -> usize {
    let requests = app.sandbox().requests();
    requests
        .iter()
        .filter(|request| request.path_and_query.contains(part))
        .count()
}

/// An event of now.
pub(super) fn event(app: &TestApp, id: &str) -> Value {
    json!({
        "id": id, "object": "event", "api_version": "2026-10-28.endive", "created": app.clock.now().timestamp(),
        "livemode": false, "type": "customer.updated", "pending_webhooks": 1,
        "data": { "object": { "id": "cus_of_the_event", "object": "customer", "name": MARK, "livemode": false } },
    })
}

/// The ids of the events in the inbox.
pub(super) async fn kept(app: &TestApp) -> Vec<String> {
    inbox(app).await.into_iter().map(|event| event.event_id).collect()
}

/// Fails unless an answer has this status, and gives nothing away.
pub(super) fn assert_answer(answer: &Answer, status: StatusCode, shows: &str) {
    assert_eq!(answer.status, status, "{shows}: {answer:?}");
    for hidden in [MARK, SECRET, "cus_of_the_event"] {
        assert!(!answer.text.contains(hidden), "{shows}: {}", answer.text);
    }
}
