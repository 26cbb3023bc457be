//! `recordsChanged`: what is told, and from where on.

use std::time::Duration;

use entity::kind::{Scope, SyncObject};
use sandbox::Options;
use serde_json::{Value, json};
use tributary::store::change as store;

use super::feed::{Reader, WATCH, change, change_elsewhere, created};
use super::support::Socket;
use crate::support::TestApp;

const HOUR: Duration = Duration::from_hours(1);

async fn start() -> (TestApp, String) {
    let app = TestApp::start().await;
    let token = app.sign_in_token(Scope::Read).await;
    (app, token)
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_cursor_it_begins_now_and_says_where_that_is() {
    let (app, token) = start().await;
    change(&app, 5).await;
    let mut reader = Reader::of(json!({}));
    let mut socket = reader.connect(&app, &token).await;
    reader.read(&mut socket).await;
    assert!(reader.seen.is_empty());
    drop(socket);
    let missed = change(&app, 2).await;
    let mut socket = reader.connect(&app, &token).await;
    reader.read_until(&mut socket, 2).await;
    assert_eq!(reader.seen, created(&missed));
    socket.assert_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_process_commits_is_seen_too() {
    let (app, token) = start().await;
    let mut reader = Reader::of(json!({}));
    let mut socket = reader.connect(&app, &token).await;
    reader.read(&mut socket).await;
    let ids = change_elsewhere(&app, SyncObject::Contract, 1).await;
    reader.read_until(&mut socket, 1).await;
    assert_eq!(reader.seen, created(&ids));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_big_batch_comes_in_parts_each_of_which_can_be_gone_on_from() {
    let (app, token) = start().await;
    let mut whole = Reader::of(json!({}));
    let mut socket = whole.connect(&app, &token).await;
    whole.read(&mut socket).await;
    let start = whole.variables.clone();
    let mut ids = change(&app, 620).await;
    ids.extend(change(&app, 3).await);
    ids.extend(change(&app, 250).await);
    whole.read_until(&mut socket, 873).await;
    assert_eq!(whole.seen, created(&ids));
    assert!(whole.messages >= 5, "{}", whole.messages);

    let mut cut = Reader::of(start);
    while cut.seen.len() < 873 {
        let mut socket = cut.connect(&app, &token).await;
        cut.read(&mut socket).await;
    }
    assert_eq!(cut.seen, created(&ids));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_was_asked_for_is_told() {
    let app = TestApp::builder().sandbox(Options::default()).start().await;
    let token = app.sign_in_token(Scope::Read).await;
    let id = app.admin().connect_stripe(app.sandbox().key(), 3650).await;
    let mut of_one = Reader::of(json!({ "integration": id }));
    let mut of_products = Reader::of(json!({ "objects": ["PRODUCT"] }));
    let (mut one, mut products) = (
        of_one.connect(&app, &token).await,
        of_products.connect(&app, &token).await,
    );
    of_one.read(&mut one).await;
    of_products.read(&mut products).await;
    change(&app, 3).await;
    app.admin().import(&id).await;
    let count = async |list: &str| {
        let query = format!("{{ {list} {{ totalCount }} }}");
        let answer = app.graphql(&query, json!({})).await;
        usize::try_from(answer[list]["totalCount"].as_u64().unwrap()).unwrap()
    };
    let (clients, here, contracts) = (
        count("clients").await,
        count("products").await,
        count("contracts").await,
    );
    let told_new = |reader: &Reader| reader.seen.iter().filter(|id| id.starts_with("created ")).count();
    while told_new(&of_products) < here {
        of_products.read(&mut products).await;
    }
    while told_new(&of_one) < clients + here + contracts {
        of_one.read(&mut one).await;
    }
    let last = created(&change_elsewhere(&app, SyncObject::Product, 1).await).remove(0);
    while of_products.seen.last() != Some(&last) {
        of_products.read(&mut products).await;
    }
    assert_eq!(told_new(&of_products), here + 1);
    assert!(of_products.seen.iter().all(|id| id.contains(" product_")));
    assert_eq!(told_new(&of_one), clients + here + contracts);
    let mut made = of_one.seen;
    made.retain(|id| id.starts_with("created "));
    made.sort();
    made.dedup();
    assert_eq!(made.len(), clients + here + contracts);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_told_nothing_for_an_hour_gets_a_new_cursor() {
    let (app, token) = start().await;
    let mut reader = Reader::of(json!({ "objects": ["CUSTOMER"] }));
    let mut socket = reader.connect(&app, &token).await;
    reader.read(&mut socket).await;
    let first = reader.variables["after"].clone();
    app.clock.advance(HOUR);
    change_elsewhere(&app, SyncObject::Product, 1).await;
    reader.read(&mut socket).await;
    assert_ne!(reader.variables["after"], first);
    assert!(reader.seen.is_empty());
    // It outlives what it has passed over.
    store::forget_before(app.db().write(), i64::MAX).await.unwrap();
    let ids = change(&app, 1).await;
    let mut socket = reader.connect(&app, &token).await;
    reader.read(&mut socket).await;
    assert_eq!(reader.seen, created(&ids));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_that_cannot_be_gone_on_from_is_refused() {
    let (app, token) = start().await;
    let mut reader = Reader::of(json!({}));
    let mut socket = reader.connect(&app, &token).await;
    reader.read(&mut socket).await;
    change(&app, 300).await;
    reader.read(&mut socket).await;
    let good = reader.variables["after"].as_str().unwrap().to_owned();
    let runs = app.graphql("{ runs { pageInfo { endCursor } } }", json!({})).await;
    assert_eq!(runs["runs"]["pageInfo"]["endCursor"], Value::Null);
    let clients =
        hex::encode(r#"["0011223344556677",{"key":{"Number":1},"id":"00000000-0000-0000-0000-000000000000"}]"#);
    let edited = hex::encode(
        String::from_utf8(hex::decode(&good).unwrap())
            .unwrap()
            .replace("\"inside\":250", "\"inside\":25"),
    );
    assert_ne!(edited, good);
    let long = "0".repeat(50_000);
    for (variables, what) in [
        (json!({ "after": "" }), "empty"),
        (json!({ "after": "zz" }), "junk"),
        (json!({ "after": clients }), "of a list"),
        (json!({ "after": edited }), "edited"),
        (json!({ "after": &good[..good.len() - 2] }), "cut"),
        (json!({ "after": long }), "long"),
        (json!({ "after": good, "objects": ["PRODUCT"] }), "of other objects"),
    ] {
        socket.subscribe("2", WATCH, variables).await;
        assert_eq!(refused(&mut socket, "2").await, "INVALID", "{what}");
    }
    let other = TestApp::start().await;
    let elsewhere = other.sign_in_token(Scope::Read).await;
    let mut stranger = Socket::with_token(&other, &elsewhere).await;
    stranger.subscribe("1", WATCH, json!({ "after": good })).await;
    assert_eq!(refused(&mut stranger, "1").await, "INVALID", "of another database");

    app.clock.advance(HOUR * 25);
    change(&app, 1).await;
    let day = 24 * 60 * 60 * 1000;
    store::forget_before(app.db().write(), app.clock.now_ms() - day)
        .await
        .unwrap();
    let mut late = Socket::with_token(&app, &token).await;
    late.subscribe("1", WATCH, json!({ "after": good })).await;
    assert_eq!(refused(&mut late, "1").await, "OUT_OF_RANGE", "too old");
}

/// The reason for which a cursor is refused.
async fn refused(socket: &mut Socket, id: &str) -> Value {
    loop {
        let mut message = socket.hear().await;
        if message["id"] == id {
            assert_eq!(message["type"], "error", "{message}");
            let extensions = &mut message["payload"][0]["extensions"];
            assert_eq!(
                (&extensions["code"], &extensions["field"]),
                (&json!("BAD_USER_INPUT"), &json!(["after"]))
            );
            return extensions["reason"].take();
        }
    }
}
