//! Looks at Stripe's list of events: long ones, late ones, ones in an old shape, and what is kept of them.

use std::time::Duration;

use entity::{integration, stripe_event};
use sandbox::{Kind, Options, World};
use sea_orm::EntityTrait;
use serde_json::json;

use crate::support::{TestApp, assert_equals_truth, until};

const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);

async fn imported() -> TestApp {
    let app = TestApp::builder().sandbox(Options::default()).start().await;
    let id = app.admin().connect_stripe(app.sandbox().key(), 3650).await;
    let run = app.admin().import(&id).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    let fixed = "mutation($id: ID!) {
        updateSettings(input: {integrationId: $id, pollIntervalSeconds: 60, reconcileSchedule: \"off\"}) { userErrors { code } }
    }";
    app.admin().mutate("updateSettings", fixed, json!({ "id": id })).await;
    look_after(&app, MINUTE).await;
    app
}

/// Lets time pass and waits for the end of a look that began after it.
async fn look_after(app: &TestApp, time: Duration) {
    app.sandbox().world().advance_clock(time.as_secs().try_into().unwrap());
    app.clock.advance(time);
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

fn living(world: &World, kind: Kind) -> Vec<String> {
    let objects = world.truth(kind).into_iter().filter(|object| object["deleted"] != true);
    objects
        .map(|object| object["id"].as_str().unwrap().to_owned())
        .collect()
}

fn requests_for(app: &TestApp, part: &str) -> usize {
    let requests = app.sandbox().requests();
    requests
        .iter()
        .filter(|request| request.path_and_query.contains(part))
        .count()
}

async fn watermark(app: &TestApp) -> i64 {
    let found = integration::Entity::find().one(app.db().read()).await.unwrap();
    found.unwrap().event_watermark.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_hour_is_read_page_by_page() {
    let app = imported().await;
    let world = app.sandbox().world();
    for number in 0..130 {
        world.create_customer(json!({ "name": format!("Customer {number}") }));
    }
    for id in living(world, Kind::Customer) {
        world.update(Kind::Customer, &id, json!({ "name": "Renamed" }));
    }
    let before = requests_for(&app, "/v1/events");
    look_after(&app, MINUTE).await;
    let pages = requests_for(&app, "/v1/events") - before;
    assert!(pages >= 3, "{pages} pages of a hundred");
    assert_equals_truth(app.db(), app.sandbox(), |_| true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_are_listed_late_are_met_by_the_next_look() {
    let app = imported().await;
    let world = app.sandbox().world();
    world.list_events_late(200);
    for number in 0..40 {
        world.create_customer(json!({ "name": format!("Late {number}") }));
    }
    let event_count = async || stripe_event::Entity::find().all(app.db().read()).await.unwrap().len();
    let before = event_count().await;
    let mut found = Vec::new();
    for _ in 0..5 {
        look_after(&app, MINUTE).await;
        assert!(
            watermark(&app).await <= world.now() - 10,
            "it stays behind Stripe's present"
        );
        found.push(event_count().await - before);
    }
    assert!((1..40).contains(&found[0]), "some were late: {found:?}");
    assert_eq!(found[4], 40, "{found:?}");
    assert_equals_truth(app.db(), app.sandbox(), |_| true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_in_an_old_shape_has_its_object_fetched() {
    let app = imported().await;
    let world = app.sandbox().world();
    world.tell_in_old_version();
    let customer = living(world, Kind::Customer).remove(0);
    world.update(Kind::Customer, &customer, json!({ "name": "Renamed" }));
    let invoice = world.create_paid_invoice(&customer, world.now(), world.now());
    look_after(&app, MINUTE).await;
    assert_eq!(
        (
            requests_for(&app, &customer),
            requests_for(&app, &format!("/v1/invoices/{invoice}?"))
        ),
        (1, 1),
        "each is read once, however many events tell of it"
    );
    assert_equals_truth(app.db(), app.sandbox(), |_| true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_events_told_is_dropped_after_a_month_and_their_ids_stay() {
    let app = imported().await;
    let world = app.sandbox().world();
    let bodies = async || {
        let events = stripe_event::Entity::find().all(app.db().read()).await.unwrap();
        let kept = events.iter().filter(|event| event.body.is_some()).count();
        (events.len(), kept)
    };
    world.create_customer(json!({ "name": "Long ago" }));
    look_after(&app, MINUTE).await;
    let (all, kept) = bodies().await;
    assert_eq!(all, kept);
    look_after(&app, DAY * 16).await;
    world.create_customer(json!({ "name": "Not so long ago" }));
    look_after(&app, DAY * 14).await;
    tributary::jobs::tidy(app.app()).await;
    assert_eq!(bodies().await, (all + 1, all + 1), "thirty days");
    look_after(&app, DAY * 2).await;
    tributary::jobs::tidy(app.app()).await;
    assert_eq!(bodies().await, (all + 1, 1));
}
