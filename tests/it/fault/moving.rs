//! The company goes on while its lists are read: objects come, change and go between any two pages.

use std::time::Duration;

use entity::kind::RunState;
use sandbox::{Kind, World};
use serde_json::{Value, json};

use super::support::{connected, integration, large, look, look_each_minute, mend, reconcile};
use crate::support::TestApp;

/// Requests before which something happens.
const EVENTFUL: u64 = 60;
const SECOND: Duration = Duration::from_secs(1);

fn living(world: &World, kind: Kind) -> Vec<Value> {
    let mut objects = world.truth(kind);
    objects.retain(|object| object["deleted"] != true);
    objects
}

/// The object of a kind that is so far down its list, by its id.
fn place(world: &World, kind: Kind, number: u64) -> String {
    let objects = living(world, kind);
    let at = usize::try_from(number * 7).unwrap() % objects.len();
    objects[at]["id"].as_str().unwrap().to_owned()
}

/// One thing of each sort.
fn happen(world: &World, number: u64) {
    let customer = world.create_customer(json!({ "name": format!("Came {number}") }));
    let product = world.create_product(json!({ "name": format!("Came {number}") }));
    let price = world.create_price(&product, 1_200, json!({}));
    world.create_subscription(&customer, &[&price]);
    world.create_paid_invoice(&customer, world.now(), world.now());
    world.create_paid_invoice(&customer, world.now() - 400 * 86_400, world.now());
    world.update(
        Kind::Customer,
        &place(world, Kind::Customer, number),
        json!({ "name": format!("Changed {number}") }),
    );
    world.update(
        Kind::Product,
        &place(world, Kind::Product, number),
        json!({ "name": format!("Changed {number}") }),
    );
    world.update(
        Kind::Invoice,
        &place(world, Kind::Invoice, number),
        json!({ "metadata": { "changed": number.to_string() } }),
    );
    world.cancel_subscription(&place(world, Kind::Subscription, number));
    world.delete_customer(&place(world, Kind::Customer, number + 3));
}

/// Has `act` happen before each of the next requests, one second after the other.
fn disturb(app: &TestApp, act: impl Fn(&World, u64) + Send + Sync + 'static) {
    let clock = app.clock.clone();
    let from = app.sandbox().request_count();
    app.sandbox().before_requests(move |number, world| {
        if number < from + EVENTFUL {
            act(world, number);
            world.advance_clock(1);
            clock.advance(SECOND);
        }
    });
}

async fn assert_all_is_here(app: &TestApp, id: &str) {
    app.sandbox().clear_acts();
    look_each_minute(app, id).await;
    assert_eq!(look(app).await.state, RunState::Succeeded);
    mend(app).await;
    app.prove(id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_comes_changes_and_goes_while_everything_is_imported_is_here_after_the_next_look() {
    let (app, id) = connected(large()).await;
    disturb(&app, happen);
    let run = app.admin().import(&id).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    assert!(
        app.sandbox().request_count() > EVENTFUL / 2,
        "it happened in the middle of it"
    );
    assert_all_is_here(&app, &id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_whose_cursor_is_deleted_is_read_on_from_where_it_was() {
    let (app, id) = connected(large()).await;
    disturb(&app, |world, _| {
        // The last of each page of the customers that are left, newest first.
        let mut customers = living(world, Kind::Customer);
        customers.sort_by_key(|customer| std::cmp::Reverse(customer["created"].as_i64()));
        for last in customers.chunks_exact(100).filter_map(|page| page.last()) {
            world.delete_customer(last["id"].as_str().unwrap());
        }
    });
    let run = app.admin().import(&id).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    let requests = app.sandbox().requests();
    let gone = requests.iter().filter(|request| request.status == 400).count();
    assert!(gone > 0, "a cursor was gone");
    assert_all_is_here(&app, &id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_while_events_are_looked_at_is_here_after_the_next_look() {
    let (app, id) = connected(large()).await;
    app.admin().import(&id).await;
    look_each_minute(&app, &id).await;
    for number in 0..40 {
        happen(app.sandbox().world(), number);
    }
    // In an old shape, so that each object is read by itself.
    app.sandbox().world().tell_in_old_version();
    disturb(&app, happen);
    look(&app).await;
    let behind = app.sandbox().world().now() - integration(&app).await.event_watermark.unwrap();
    assert!(behind >= 0, "it is never ahead of Stripe: {behind}");
    assert_all_is_here(&app, &id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_while_everything_is_compared_is_here_after_the_next_look() {
    let (app, id) = connected(large()).await;
    app.admin().import(&id).await;
    look_each_minute(&app, &id).await;
    disturb(&app, happen);
    let run = reconcile(&app, &id).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    assert_all_is_here(&app, &id).await;
}
