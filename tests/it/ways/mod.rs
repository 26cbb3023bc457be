//! Three ways in and one way through: what happened in Stripe ends in the same rows whether it is read from the lists, found by
//! looks at the events, or told by webhooks, in whatever order, however late and often.

mod acts;
mod hard;
pub(crate) mod rows;

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use sandbox::Options;
use serde_json::Value;

use crate::support::webhook::{hold_looks, look_now, thin, until_taken_out};
use crate::support::{TestApp, WebhookSender, assert_equals_truth};
use acts::ACTS;
use rows::{Rows, assert_same, rows};

/// How events come.
#[derive(Debug, Clone, Copy)]
enum Order {
    /// Each as soon as it has happened.
    AtOnce,
    /// All afterwards, each after the one before has had its effect.
    OneByOne,
    /// The same, the latest first.
    Reversed,
    /// All together, by a seed.
    Shuffled(u64),
    /// All together, each two times.
    Twice(u64),
    /// All together, each naming its object only.
    Thin(u64),
}

/// A server that has imported what there was before the acts.
async fn imported() -> (TestApp, String, WebhookSender) {
    let (app, id) = connected().await;
    let hooks = WebhookSender::connect(&app, &id).await;
    import(&app, &id).await;
    hold_looks(&app, &id).await;
    (app, id, hooks)
}

async fn connected() -> (TestApp, String) {
    let app = TestApp::builder().sandbox(Options::default()).start().await;
    let id = app.admin().connect_stripe(app.sandbox().key(), 3650).await;
    (app, id)
}

async fn import(app: &TestApp, id: &str) {
    let run = app.admin().import(id).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
}

/// Everything happens.
fn play(app: &TestApp) {
    let mut cast = acts::Cast::default();
    for act in ACTS {
        act.play(app, &mut cast);
    }
    acts::pass(app, 60);
}

/// By pages: all has happened before the import.
async fn by_pages() -> Rows {
    let (app, id) = connected().await;
    play(&app);
    import(&app, &id).await;
    end(&app).await
}

async fn by_looks(in_old_version: bool) -> Rows {
    let (app, id, _hooks) = imported().await;
    if in_old_version {
        app.sandbox().world().tell_in_old_version();
    }
    play(&app);
    look_now(&app, &id).await;
    end(&app).await
}

async fn by_webhooks(order: Order) -> Rows {
    let (app, _id, hooks) = imported().await;
    let world = app.sandbox().world();
    if let Order::AtOnce = order {
        let (mut cast, mut known) = (acts::Cast::default(), 0);
        for act in ACTS {
            act.play(&app, &mut cast);
            let new = world.events_after(known);
            known += new.len();
            one_by_one(&app, &hooks, &new).await;
        }
        return end(&app).await;
    }
    play(&app);
    let mut events = world.events_after(0);
    match order {
        Order::AtOnce | Order::OneByOne => one_by_one(&app, &hooks, &events).await,
        Order::Reversed => {
            events.reverse();
            one_by_one(&app, &hooks, &events).await;
        }
        Order::Shuffled(seed) => together(&app, &hooks, events, seed).await,
        Order::Twice(seed) => together(&app, &hooks, [events.clone(), events].concat(), seed).await,
        Order::Thin(seed) => {
            // What names no object of ours would be lost; a snapshot tells it.
            let events = events.iter().map(|event| match event["type"].as_str().unwrap() {
                name if name.starts_with("customer.discount") || name.starts_with("credit_note") => event.clone(),
                _ => thin(event),
            });
            together(&app, &hooks, events.collect(), seed).await;
        }
    }
    end(&app).await
}

async fn one_by_one(app: &TestApp, hooks: &WebhookSender, events: &[Value]) {
    for event in events {
        hooks.send(app, event).await;
        until_taken_out(app).await;
    }
}

async fn together(app: &TestApp, hooks: &WebhookSender, mut events: Vec<Value>, seed: u64) {
    events.shuffle(&mut StdRng::seed_from_u64(seed));
    for event in &events {
        hooks.send(app, event).await;
    }
    until_taken_out(app).await;
}

async fn end(app: &TestApp) -> Rows {
    assert_equals_truth(app.db(), app.sandbox(), |_| true).await;
    rows(app).await
}

#[tokio::test(flavor = "multi_thread")]
async fn looks_end_in_the_rows_that_pages_do() {
    let pages = by_pages().await;
    assert_same("looks", &by_looks(false).await, &pages);
    assert_same("looks at events in an old shape", &by_looks(true).await, &pages);
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_in_a_row_end_in_the_rows_that_pages_do() {
    let pages = by_pages().await;
    for order in [Order::AtOnce, Order::OneByOne, Order::Reversed] {
        assert_same(&format!("{order:?}"), &by_webhooks(order).await, &pages);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_in_no_order_end_in_the_rows_that_pages_do() {
    let pages = by_pages().await;
    for seed in 1..=4 {
        for order in [Order::Shuffled(seed), Order::Twice(seed), Order::Thin(seed)] {
            assert_same(&format!("{order:?}"), &by_webhooks(order).await, &pages);
        }
    }
}
