//! Webhooks at their worst: many times, days late, some never, children before their parents, and of what is gone.

use std::sync::{Arc, Mutex};

use entity::kind::StripeKind;
use entity::{client, product, record_change, source_object};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use sandbox::Kind;
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use tributary::pull::inbox::effect::EVENT_TYPES;

use super::acts::{ACTS, Cast, pass};
use super::rows::assert_same;
use super::{by_pages, connected, end, import, imported, one_by_one, play};
use crate::support::webhook::{SECRET, hold_looks, inbox, look_now, until_taken_out};
use crate::support::{TestApp, WebhookSender, assert_equals_truth};

const THREE_DAYS: u32 = 3 * 86_400;

async fn changes(app: &TestApp) -> Vec<record_change::Model> {
    record_change::Entity::find().all(app.db().read()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_times_each_in_no_order_three_days_late_and_a_third_never() {
    let pages = by_pages().await;
    for seed in 1..=3 {
        let (app, id, hooks) = imported().await;
        play(&app);
        pass(&app, THREE_DAYS);
        let mut dice = StdRng::seed_from_u64(seed);
        // What looks do not ask for would be missed until the next reconcile.
        let is_asked_for = |event: &Value| EVENT_TYPES.map(Value::from).contains(&event["type"]);
        let all = app.sandbox().world().events_after(0);
        let mut told = all.clone();
        told.retain(|event| !is_asked_for(event) || dice.random_range(0..3) > 0);
        assert!(told.len() < all.len());
        let mut deliveries = vec![told.clone(); 10].concat();
        deliveries.shuffle(&mut dice);
        for event in &deliveries {
            hooks.send(&app, event).await;
        }
        until_taken_out(&app).await;
        assert_eq!(inbox(&app).await.len(), told.len(), "one row an event");

        let (changed, requests) = (changes(&app).await, app.sandbox().request_count());
        for event in &told {
            hooks.send(&app, event).await;
        }
        until_taken_out(&app).await;
        assert_eq!(changes(&app).await, changed, "what was told again has changed nothing");
        assert_eq!(app.sandbox().request_count(), requests, "and has cost nothing");

        look_now(&app, &id).await;
        assert_same(&format!("seed {seed}"), &end(&app).await, &pages);
        assert_eq!(
            inbox(&app).await.len(),
            all.len(),
            "one row an event, whichever way it came"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_may_come_before_its_parent_exists() {
    let (app, _id, hooks) = imported().await;
    pass(&app, 5);
    let world = app.sandbox().world();
    // Stripe does not know the product yet when the price and the contract are told of.
    let customer = world.create_customer(json!({ "name": "Early", "currency": "usd" }));
    let price = world.create_price("prod_of_later", 1_000, json!({}));
    let subscription = world.create_subscription(&customer, &[&price]);
    let mut events = world.events_after(0);
    events.reverse();
    one_by_one(&app, &hooks, &events).await;
    let query = "query($id: String!) {
        contract(ref: {stripe: {stripeId: $id}}) { client { name } lines(first: 5) { nodes { productName product { name } } } }
    }";
    let line = |name: Value, product: Value| {
        json!({ "contract": {
            "client": { "name": "Early" }, "lines": { "nodes": [{ "productName": name, "product": product }] },
        } })
    };
    let seen = app.graphql(query, json!({ "id": subscription })).await;
    assert_eq!(seen, line(Value::Null, Value::Null));
    pass(&app, 5);
    world.create_product(json!({ "id": "prod_of_later", "name": "Of later" }));
    one_by_one(&app, &hooks, &world.events_after(events.len())).await;
    let seen = app.graphql(query, json!({ "id": subscription })).await;
    assert_eq!(seen, line(json!("Of later"), json!({ "name": "Of later" })));
    assert_equals_truth(app.db(), app.sandbox(), |_| true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_does_not_come_back_by_a_late_event() {
    let (app, _id, hooks) = imported().await;
    pass(&app, 5);
    let world = app.sandbox().world();
    let customer = world.create_customer(json!({ "name": "Gone" }));
    let product = world.create_product(json!({ "name": "Gone" }));
    pass(&app, 60);
    world.update(Kind::Customer, &customer, json!({ "name": "Gone soon" }));
    pass(&app, 60);
    world.delete_customer(&customer);
    world.delete_product(&product);
    let mut events = world.events_after(0);
    events.reverse();
    let requests = app.sandbox().request_count();
    one_by_one(&app, &hooks, &events).await;
    assert_eq!(
        app.sandbox().request_count(),
        requests,
        "the latest event has told the end"
    );
    let clients = client::Entity::find().all(app.db().read()).await.unwrap();
    assert!(clients.iter().all(|client| !client.name.starts_with("Gone")));
    let products = product::Entity::find().all(app.db().read()).await.unwrap();
    assert!(products.iter().all(|row| row.stripe_id != product));
    let kept = source_object::Entity::find().all(app.db().read()).await.unwrap();
    for key in [(StripeKind::Customer, &customer), (StripeKind::Product, &product)] {
        let stub = kept.iter().find(|row| (row.kind, &row.stripe_id) == key).unwrap();
        assert!(stub.deleted, "{key:?}");
    }
    assert_equals_truth(app.db(), app.sandbox(), |_| true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_while_the_first_import_reads_is_here_in_the_end() {
    let (app, id) = connected().await;
    let hooks = WebhookSender::connect(&app, &id).await;
    app.sandbox().world().register_webhook(hooks.url(), SECRET);
    let (clock, played) = (app.clock.clone(), Arc::new(Mutex::new((Cast::default(), 0))));
    let counted = Arc::clone(&played);
    app.sandbox().before_requests(move |_, world| {
        let mut played = played.lock().unwrap();
        let (cast, next) = &mut *played;
        if let Some(act) = ACTS.get(*next) {
            act.play_in(world, &clock, cast);
            *next += 1;
        }
    });
    import(&app, &id).await;
    app.sandbox().clear_acts();
    let happened = counted.lock().unwrap().1;
    assert!(happened > 8, "{happened} acts in the course of the import");
    app.sandbox().world().webhooks_settled().await;
    hold_looks(&app, &id).await;
    until_taken_out(&app).await;
    assert_equals_truth(app.db(), app.sandbox(), |_| true).await;
}
