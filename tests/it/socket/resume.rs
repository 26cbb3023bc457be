//! `recordsChanged`: nothing is missed and nothing repeated, however many write and however often the connection is lost.

use std::sync::Arc;

use entity::kind::Scope;
use sandbox::{Kind, Options};
use serde_json::json;

use super::feed::{Reader, change, created};
use crate::support::{EVERYTHING, TestApp};

#[tokio::test(flavor = "multi_thread")]
async fn many_that_commit_at_once_are_told_in_one_order() {
    let app = Arc::new(TestApp::start().await);
    let token = app.sign_in_token(Scope::Read).await;
    let (mut one, mut other) = (Reader::of(json!({})), Reader::of(json!({})));
    let mut first = one.connect(&app, &token).await;
    one.read(&mut first).await;
    other.variables = one.variables.clone();
    let writers = (0..8).map(|_| {
        let app = Arc::clone(&app);
        tokio::spawn(async move {
            let mut made = Vec::new();
            for count in 1..=10 {
                made.extend(change(&app, count).await);
            }
            made
        })
    });
    let writers: Vec<_> = writers.collect();
    one.read_until(&mut first, 8 * 55).await;
    let mut made = Vec::new();
    for writer in writers {
        made.extend(writer.await.unwrap());
    }
    let mut second = other.connect(&app, &token).await;
    other.read_until(&mut second, 8 * 55).await;
    assert_eq!(one.seen, other.seen);
    let (mut told, mut expected) = (one.seen, created(&made));
    told.sort();
    expected.sort();
    assert_eq!(told, expected);
}

/// Loses its connection after each message, and every second time before any.
async fn cut_on_and_on(app: &TestApp, token: &str, reader: &mut Reader, cuts: usize, news: impl AsyncFn()) {
    for cut in 0..cuts {
        let mut socket = reader.connect(app, token).await;
        if cut % 2 == 0 {
            news().await;
            reader.read(&mut socket).await;
        }
    }
}

fn rename_customers(app: &TestApp, count: usize) {
    let world = app.sandbox().world();
    let customers = world.truth(Kind::Customer);
    for customer in customers
        .iter()
        .filter(|customer| customer["deleted"] != true)
        .take(count)
    {
        let stripe_id = customer["id"].as_str().unwrap();
        world.update(Kind::Customer, stripe_id, json!({ "name": "Renamed" }));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_cut_off_a_hundred_times_sees_what_one_saw_that_never_was() {
    let options = Options {
        customers: 260,
        products: 12,
        invoices: 700,
        subscriptions: 240,
        ..Options::default()
    };
    let app = TestApp::builder().sandbox(options).start().await;
    let token = app.sign_in_token(Scope::Read).await;
    let id = app.admin().connect_stripe(app.sandbox().key(), 3650).await;
    let mut steady = Reader::of(json!({}));
    let mut connected = steady.connect(&app, &token).await;
    steady.read(&mut connected).await;
    let mut cut = Reader::of(steady.variables.clone());

    let run = app.admin().start_import(&id, &EVERYTHING).await;
    // As many as the import has messages for at least.
    cut_on_and_on(&app, &token, &mut cut, 10, async || {}).await;
    let (run, ()) = tokio::join!(
        app.admin().end_of_run(&run),
        cut_on_and_on(&app, &token, &mut cut, 40, async || {
            change(&app, 7).await;
        })
    );
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    rename_customers(&app, 30);
    let (again, ()) = tokio::join!(
        app.admin().import(&id),
        cut_on_and_on(&app, &token, &mut cut, 50, async || {
            change(&app, 300).await;
        })
    );
    assert_eq!(again["state"], "SUCCEEDED", "{again}");

    let last = created(&change(&app, 1).await).remove(0);
    while steady.seen.last() != Some(&last) {
        steady.read(&mut connected).await;
    }
    let mut socket = cut.connect(&app, &token).await;
    while cut.seen.last() != Some(&last) {
        cut.read(&mut socket).await;
    }
    let renamed = steady.seen.iter().filter(|id| id.starts_with("updated client_"));
    assert!(renamed.count() >= 30);
    assert_same(steady.seen, cut.seen);
}

/// In any order: integrations take turns, and who comes later finds more of each.
fn assert_same(mut one: Vec<String>, mut other: Vec<String>) {
    one.sort();
    other.sort();
    assert!(one.len() > 8_000, "{}", one.len());
    assert!(
        one == other,
        "{} were seen by one, {} by the other",
        one.len(),
        other.len()
    );
}
