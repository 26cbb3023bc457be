//! When a delivery is safe, and that it has its effect once, whenever that may be.

use std::time::Duration;

use entity::kind::{EventOutcome, EventWay};
use futures_util::future::join_all;
use reqwest::StatusCode;
use sandbox::{Kind, Options, Sandbox};
use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait};
use serde_json::{Value, json};

use super::support::{
    MARK, assert_answer, changes, endpoint, event, imported, in_window, kept, latest, living, pass, requests_for,
};
use crate::support::program::{Serving, token_of_admin};
use crate::support::webhook::{SECRET, inbox, look_now, set_webhook_secret, until_taken_out};
use crate::support::{Client, TestApp, TestDatabase, WebhookSender, assert_equals_truth, on_postgres};

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_is_answered_only_once_it_is_stored() {
    let (app, _id, hooks) = endpoint().await;
    let told = event(&app, "evt_1");
    let writing = app.db().begin().await.unwrap();
    if on_postgres() {
        let lock = "LOCK TABLE stripe_event IN EXCLUSIVE MODE";
        writing.execute_unprepared(lock).await.unwrap();
    }
    let now = app.clock.now().timestamp();
    let mut delivery = tokio::spawn(async move { hooks.deliver_at(now, &told).await });
    let early = tokio::time::timeout(Duration::from_millis(300), &mut delivery).await;
    assert!(early.is_err(), "answered while nothing could be written: {early:?}");
    assert!(kept(&app).await.is_empty());
    writing.commit().await.unwrap();
    assert_answer(&delivery.await.unwrap(), StatusCode::OK, "written");
    assert_eq!(kept(&app).await, ["evt_1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_stored_is_asked_for_again() {
    let (app, _id, hooks) = endpoint().await;
    let told = event(&app, "evt_1");
    let rename = async |from: &str, to: &str| {
        let sql = format!("ALTER TABLE {from} RENAME TO {to}");
        app.db().write().execute_unprepared(&sql).await.unwrap();
    };
    rename("stripe_event", "stripe_event_away").await;
    let answers = join_all((0..20).map(|_| hooks.deliver(&app, &told))).await;
    for answer in &answers {
        assert_answer(answer, StatusCode::SERVICE_UNAVAILABLE, "nowhere to write to");
        assert_eq!(answer.headers["retry-after"], "10");
    }
    rename("stripe_event_away", "stripe_event").await;
    assert!(kept(&app).await.is_empty());
    let answer = hooks.deliver(&app, &told).await;
    assert_answer(&answer, StatusCode::OK, "the same again");
    assert_eq!(kept(&app).await, ["evt_1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_there_after_a_kill() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let database = TestDatabase::create().await;
    let token = token_of_admin(&database);
    let flags = [
        "--database-url",
        database.url(),
        "--stripe-api-base",
        &sandbox.base_url(),
    ];
    let mut serving = Serving::start(database.folder(), &flags);
    let admin = Client::new(&serving.address()).with_token(&token);
    let id = admin.connect_stripe(sandbox.key(), 30).await;
    let hooks = WebhookSender::to(&set_webhook_secret(&admin, &id, Some(SECRET)).await);
    let world = sandbox.world();
    for number in 0..40 {
        world.create_customer(json!({ "name": format!("Customer {number}") }));
    }
    let events = world.events_after(0);
    let now = world.now();
    let deliveries = events.iter().map(|event| hooks.deliver_at(now, event));
    assert!(
        join_all(deliveries)
            .await
            .iter()
            .all(|answer| answer.status == StatusCode::OK)
    );
    serving.kill();
    let db = database.open().await;
    let there = entity::stripe_event::Entity::find().count(db.read()).await.unwrap();
    db.close().await.unwrap();
    assert_eq!(there, 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_event_a_hundred_times_at_once_has_one_effect() {
    let (app, _id, hooks) = imported(30).await;
    let customer = living(&app, Kind::Customer, |_| true).remove(0);
    app.sandbox()
        .world()
        .update(Kind::Customer, &customer, json!({ "name": MARK }));
    let told = latest(&app);
    let (before, rows) = (changes(&app).await, kept(&app).await.len());
    for _round in 0..2 {
        let answers = join_all((0..100).map(|_| hooks.deliver(&app, &told))).await;
        assert!(answers.iter().all(|answer| answer.status == StatusCode::OK));
        until_taken_out(&app).await;
        assert_eq!(kept(&app).await.len(), rows + 1);
        assert_eq!(changes(&app).await, before + 1, "one client was changed, once");
    }
    assert_eq!(requests_for(&app, &customer), 0);
    assert_equals_truth(app.db(), app.sandbox(), in_window).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_of_events_at_once_are_all_kept() {
    let (app, _id, hooks) = endpoint().await;
    let events: Vec<Value> = (0..600)
        .map(|number| event(&app, &format!("evt_{number:03}")))
        .collect();
    let answers = join_all(events.iter().map(|event| hooks.deliver(&app, event))).await;
    assert!(answers.iter().all(|answer| answer.status == StatusCode::OK));
    let expected: Vec<String> = (0..600).map(|number| format!("evt_{number:03}")).collect();
    assert_eq!(kept(&app).await, expected);
}

/// A client's name here.
async fn name_of(app: &TestApp, customer: &str) -> Value {
    let query = "query($id: String!) { client(ref: {stripe: {stripeId: $id}}) { name } }";
    app.graphql(query, json!({ "id": customer })).await["client"]["name"].take()
}

#[tokio::test(flavor = "multi_thread")]
async fn while_sync_is_off_events_are_kept_and_have_their_effect_after_it_is_turned_on() {
    let (app, id, hooks) = imported(30).await;
    let customer = living(&app, Kind::Customer, |_| true).remove(0);
    app.admin().switch_sync(&id, false).await;
    app.sandbox()
        .world()
        .update(Kind::Customer, &customer, json!({ "name": MARK }));
    let told = latest(&app);
    let before = changes(&app).await;
    hooks.send(&app, &told).await;
    assert_kept(&app).await;
    assert_eq!(changes(&app).await, before);
    app.admin().switch_sync(&id, true).await;
    until_taken_out(&app).await;
    assert_eq!(name_of(&app, &customer).await, MARK);
    assert_eq!(changes(&app).await, before + 1);
}

/// Fails when anything is taken out of the inbox, though the runner is asked to.
async fn assert_kept(app: &TestApp) {
    app.tick().await;
    let taken = tokio::time::timeout(Duration::from_millis(500), until_taken_out(app)).await;
    assert!(taken.is_err(), "it was taken out");
    let kept = inbox(app).await;
    let waiting = kept.iter().filter(|event| event.came_by == EventWay::Webhook);
    assert!(waiting.clone().count() > 0 && waiting.clone().all(|event| event.applied_at.is_none()));
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_first_import_events_are_kept_and_have_their_effect_after_it() {
    let (app, id, hooks) = endpoint().await;
    let world = app.sandbox().world();
    let customers = living(&app, Kind::Customer, |_| true);
    world.update(Kind::Customer, &customers[0], json!({ "name": "Before" }));
    let early = world.create_customer(json!({ "name": "Came early" }));
    let events = world.events_after(0);
    for event in &events {
        hooks.send(&app, event).await;
    }
    assert_kept(&app).await;
    // What they tell is older than what the import reads.
    pass(&app, 60);
    world.update(Kind::Customer, &customers[0], json!({ "name": "After" }));
    let run = app.admin().import(&id).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    until_taken_out(&app).await;
    assert_eq!(name_of(&app, &customers[0]).await, "After");
    assert_eq!(name_of(&app, &early).await, "Came early");
    let row = inbox(&app)
        .await
        .into_iter()
        .find(|row| events[1]["id"] == row.event_id.as_str());
    assert_eq!(
        row.unwrap().outcome,
        Some(EventOutcome::Dropped),
        "the import has read what it tells"
    );
    assert_equals_truth(app.db(), app.sandbox(), in_window).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_comes_by_webhook_and_by_a_look_is_one() {
    let (app, id, hooks) = imported(30).await;
    let customer = living(&app, Kind::Customer, |_| true).remove(0);
    for (webhook_first, way) in [(true, EventWay::Webhook), (false, EventWay::Poll)] {
        pass(&app, 10);
        app.sandbox()
            .world()
            .update(Kind::Customer, &customer, json!({ "name": format!("{way:?}") }));
        let told = latest(&app);
        let (before, rows) = (changes(&app).await, kept(&app).await.len());
        if webhook_first {
            hooks.send(&app, &told).await;
            until_taken_out(&app).await;
        }
        look_now(&app, &id).await;
        hooks.send(&app, &told).await;
        until_taken_out(&app).await;
        assert_eq!(kept(&app).await.len(), rows + 1, "{way:?}");
        assert_eq!(changes(&app).await, before + 1, "{way:?}");
        let row = inbox(&app).await.into_iter().find(|row| row.event_id == told["id"]);
        assert_eq!(row.unwrap().came_by, way);
        assert_eq!(name_of(&app, &customer).await, format!("{way:?}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_comes_both_ways_at_once_is_one() {
    let (app, id, hooks) = imported(30).await;
    let world = app.sandbox().world();
    for number in 0..60 {
        world.create_customer(json!({ "name": format!("Customer {number}") }));
    }
    let events = world.events_after(0);
    let (before, rows) = (changes(&app).await, kept(&app).await.len());
    let deliveries = join_all(events.iter().map(|event| hooks.deliver(&app, event)));
    let (answers, ()) = tokio::join!(deliveries, look_now(&app, &id));
    assert!(answers.iter().all(|answer| answer.status == StatusCode::OK));
    until_taken_out(&app).await;
    assert_eq!(kept(&app).await.len(), rows + 60);
    assert_eq!(changes(&app).await, before + 60);
    assert_equals_truth(app.db(), app.sandbox(), in_window).await;
}
