//! What an event tells of the account itself.

use entity::integration;
use sandbox::Fault;
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use super::support::{imported, requests_for};
use crate::support::webhook::{thin, until_taken_out};
use crate::support::{TestApp, WebhookSender};

/// The account as it says that it is in this time zone.
fn account(app: &TestApp, timezone: &Value) -> Value {
    let mut account = app.sandbox().world().account();
    account["settings"]["dashboard"] = json!({ "display_name": "Renamed", "timezone": timezone });
    account
}

/// Has an event of the account sent, changed by `change`; gives name and time zone afterwards, and the requests it cost.
async fn after(
    app: &TestApp,
    hooks: &WebhookSender,
    object: Value,
    change: impl Fn(Value) -> Value,
) -> (Value, Value, usize) {
    let world = app.sandbox().world();
    let known = world.events_after(0).len();
    world.tell_of("account.updated", object);
    app.sandbox().clear_requests();
    hooks.send(app, &change(world.events_after(known).remove(0))).await;
    until_taken_out(app).await;
    let mut shown = app.graphql("{ integrations { name timezone } }", json!({})).await;
    let mut shown = shown["integrations"][0].take();
    let kept = integration::Entity::find().one(app.db().read()).await.unwrap();
    assert_eq!(kept.unwrap().key_problem, None, "the schedule goes on");
    (
        shown["name"].take(),
        shown["timezone"].take(),
        requests_for(app, "/v1/account"),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_account_s_time_zone_is_followed_and_its_name_is_not() {
    let (app, _id, hooks) = imported(30).await;
    let name = json!("Sandbox Works");
    let as_it_is = |event: Value| event;
    let told = account(&app, &json!("Europe/Berlin"));
    let berlin = (name.clone(), json!("Europe/Berlin"), 0);
    assert_eq!(after(&app, &hooks, told.clone(), as_it_is).await, berlin);
    // The other mode's, and another account's, are none of ours.
    let of_live_mode = |mut event: Value| {
        event["livemode"] = json!(true);
        event
    };
    let of_another = |mut event: Value| {
        event["account"] = json!("acct_another");
        event
    };
    let elsewhere = account(&app, &json!("Asia/Tokyo"));
    assert_eq!(after(&app, &hooks, elsewhere.clone(), of_live_mode).await, berlin);
    assert_eq!(after(&app, &hooks, elsewhere.clone(), of_another).await, berlin);
    // What does not tell it is looked up, and a key that may not look has nothing to fear.
    let refused = Fault::ServerError(403);
    for (fault, expected) in [(Some(refused), "Europe/Berlin"), (None, "Etc/UTC")] {
        if let Some(fault) = fault {
            app.sandbox().faults().fail_some(1_000, 1, fault, Some("/v1/account"));
        }
        let odd = account(&app, &Value::Null);
        assert_eq!(
            after(&app, &hooks, odd, as_it_is).await,
            (name.clone(), json!(expected), 1)
        );
        app.sandbox().faults().clear();
    }
    assert_eq!(after(&app, &hooks, told.clone(), as_it_is).await, berlin);
    let of_stripe = (name, json!("Etc/UTC"), 1);
    assert_eq!(after(&app, &hooks, told, |event| thin(&event)).await, of_stripe);
}
