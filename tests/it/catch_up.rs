//! After the import: what changes in Stripe appears here by its events, through the same road.

use std::time::Duration;

use entity::stripe_event;
use sandbox::{Kind, Options};
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::json;

use crate::support::{TestApp, assert_equals_truth, until};

const HOUR: Duration = Duration::from_hours(1);
const MINUTE: Duration = Duration::from_mins(1);

/// Lets an hour pass at Stripe and here, and waits until the events have been looked at since.
async fn let_an_hour_pass(app: &TestApp) {
    let_pass(app, HOUR).await;
}

async fn let_pass(app: &TestApp, time: Duration) {
    app.sandbox().world().advance_clock(time.as_secs().try_into().unwrap());
    app.clock.advance(time);
    let query = "query($from: DateTime!) {
        runs(filter: {kind: [CATCH_UP], state: [SUCCEEDED, PARTIAL, FAILED], queuedAt: {from: $from}}) { totalCount }
    }";
    let variables = json!({ "from": app.clock.now().to_rfc3339() });
    until("the events have been looked at", async || {
        app.tick().await;
        let ended = app.graphql(query, variables.clone()).await;
        (ended["runs"]["totalCount"] != 0).then_some(())
    })
    .await;
}

async fn imported() -> TestApp {
    let app = TestApp::builder().sandbox(Options::default()).start().await;
    let id = app.admin().connect_stripe(app.sandbox().key(), 3650).await;
    let run = app.admin().import(&id).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    let_an_hour_pass(&app).await;
    app
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_in_stripe_appears_here() {
    let app = imported().await;
    let world = app.sandbox().world();
    let truth = |kind| world.truth(kind).into_iter().filter(|object| object["deleted"] != true);
    let id = |object: serde_json::Value| object["id"].as_str().unwrap().to_owned();
    let (changed, deleted) = {
        let mut ids = truth(Kind::Customer).map(id);
        (ids.next().unwrap(), ids.next().unwrap())
    };
    world.update(Kind::Customer, &changed, json!({ "name": "Renamed GmbH" }));
    world.delete_customer(&deleted);
    let created = world.create_customer(json!({ "name": "Newcomer" }));
    world.create_paid_invoice(&created, world.now() - 60, world.now());
    let product = truth(Kind::Product).map(id).next().unwrap();
    world.update(Kind::Product, &product, json!({ "name": "Another name" }));
    let subscription = truth(Kind::Subscription)
        .find(|subscription| subscription["status"] == "active")
        .map(id)
        .unwrap();
    world.cancel_subscription(&subscription);
    let_an_hour_pass(&app).await;

    assert_equals_truth(app.db(), app.sandbox(), |_| true).await;
    let query = "query($new: String!, $gone: String!, $sub: String!, $product: String!) {
        new: client(ref: {stripe: {stripeId: $new}}) { name contracts { totalCount } }
        gone: client(ref: {stripe: {stripeId: $gone}}) { deletedInStripe stripeCustomers { deletedInStripe } }
        contract(ref: {stripe: {stripeId: $sub}}) { sourceStatus }
        product(ref: {stripe: {stripeId: $product}}) { name }
    }";
    let seen = app
        .graphql(
            query,
            json!({ "new": created, "gone": deleted, "sub": subscription, "product": product }),
        )
        .await;
    let expected = json!({
        "new": { "name": "Newcomer", "contracts": { "totalCount": 1 } },
        "gone": { "deletedInStripe": true, "stripeCustomers": [{ "deletedInStripe": true }] },
        "contract": { "sourceStatus": "canceled" },
        "product": { "name": "Another name" },
    });
    assert_eq!(seen, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_s_new_name_shows_on_the_contracts_that_name_it() {
    let app = imported().await;
    let line = app
        .graphql("{ contractLines(first: 50) { nodes { stripeProductId } } }", json!({}))
        .await;
    let mut lines = line["contractLines"]["nodes"].as_array().unwrap().iter();
    let product = lines
        .find_map(|line| line["stripeProductId"].as_str())
        .unwrap()
        .to_owned();
    app.sandbox()
        .world()
        .update(Kind::Product, &product, json!({ "name": "Brand new" }));
    let_an_hour_pass(&app).await;
    let query = "query($id: String!) { product(ref: {stripe: {stripeId: $id}}) { id } }";
    let id = app.graphql(query, json!({ "id": product })).await["product"]["id"].take();
    let query = "query($id: ID!) { contractLines(first: 100, filter: {productId: $id}) { nodes { productName product { name } } } }";
    let lines = app.graphql(query, json!({ "id": id })).await["contractLines"]["nodes"].take();
    assert!(!lines.as_array().unwrap().is_empty());
    for line in lines.as_array().unwrap() {
        assert_eq!(
            line,
            &json!({ "productName": "Brand new", "product": { "name": "Brand new" } })
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_has_its_effect_once() {
    let app = imported().await;
    let id = app.graphql("{ integrations { id } }", json!({})).await["integrations"][0]["id"].take();
    let each_minute = "mutation($id: ID!) {
        updateSettings(input: {integrationId: $id, pollIntervalSeconds: 60}) { userErrors { code } }
    }";
    app.admin()
        .mutate("updateSettings", each_minute, json!({ "id": id }))
        .await;
    let world = app.sandbox().world();
    let created = world.create_customer(json!({ "name": "Once" }));
    let happened = world.events_after(0).pop().unwrap()["created"].as_i64().unwrap();
    let_pass(&app, 2 * MINUTE).await;
    let remembered = stripe_event::Entity::find().count(app.db().read()).await.unwrap();
    let about = |part: &str| {
        let requests = app
            .sandbox()
            .requests()
            .into_iter()
            .map(|request| request.path_and_query);
        requests.filter(|path| path.contains(part)).collect::<Vec<_>>()
    };
    // What the event tells is whole: nothing has to be read.
    assert_eq!((about(&created), remembered > 0), (vec![], true));
    app.sandbox().clear_requests();
    let_pass(&app, 2 * MINUTE).await;
    // This look has read the event again, because it begins before the end of the last.
    let since = about("/v1/events?").into_iter().filter_map(|path| {
        let (_, since) = path.split_once("created%5Bgte%5D=")?;
        since.split('&').next()?.parse::<i64>().ok()
    });
    assert!(since.min().unwrap() <= happened);
    assert_eq!(about(&created), Vec::<String>::new());
    assert_eq!(
        stripe_event::Entity::find().count(app.db().read()).await.unwrap(),
        remembered
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_looked_at_before_the_first_import_or_while_sync_is_off() {
    let app = TestApp::builder().sandbox(Options::default()).start().await;
    let id = app.admin().connect_stripe(app.sandbox().key(), 30).await;
    app.clock.advance(HOUR);
    let looks = async || app.graphql("{ runs { totalCount } }", json!({})).await["runs"]["totalCount"].take();
    tributary::jobs::queue_due(app.app()).await.unwrap();
    assert_eq!(looks().await, 0);
    app.admin().import(&id).await;
    let_an_hour_pass(&app).await;
    app.stop_sync(&id).await;
    let before = looks().await;
    app.clock.advance(HOUR);
    tributary::jobs::queue_due(app.app()).await.unwrap();
    assert_eq!(looks().await, before);
}
