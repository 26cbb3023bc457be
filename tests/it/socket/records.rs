//! `recordsChanged`: nothing is missed and nothing repeated, however often the connection is lost.

use std::time::Duration;

use entity::kind::{Scope, SyncObject};
use sandbox::{Kind, Options};
use serde_json::{Value, json};
use tributary::store::change::{self, Changed};
use uuid::Uuid;

use super::support::Socket;
use crate::support::{EVERYTHING, TestApp};

const WATCH: &str = "subscription($integration: ID, $objects: [SyncObject!], $after: String) {
    recordsChanged(integrationId: $integration, objects: $objects, after: $after) { cursor created updated }
}";
const HOUR: Duration = Duration::from_hours(1);
/// That of the changes that a test makes up.
const INTEGRATION: Uuid = Uuid::from_u128(7);

/// Notes that `count` clients were made, as a run does; gives their global ids.
pub(super) async fn change(app: &TestApp, count: usize) -> Vec<String> {
    let ids = change_elsewhere(app, SyncObject::Customer, count).await;
    app.app().changed.send_replace(());
    ids
}

/// The same by another process, whose commits nobody is told of.
async fn change_elsewhere(app: &TestApp, object: SyncObject, count: usize) -> Vec<String> {
    change_often_elsewhere(app, object, 1, count).await
}

/// So many changes in one transaction, each of `count` records.
pub(super) async fn change_often_elsewhere(
    app: &TestApp,
    object: SyncObject,
    changes: usize,
    count: usize,
) -> Vec<String> {
    let ids: Vec<Uuid> = (0..count * changes).map(|_| Uuid::now_v7()).collect();
    let prefix = match object {
        SyncObject::Customer => "client",
        SyncObject::Product => "product",
        SyncObject::Contract => "contract",
    };
    let global = ids.iter().map(|id| format!("{prefix}_{}", id.simple())).collect();
    let tx = app.db().begin().await.unwrap();
    for ids in ids.chunks(count) {
        let batch = Changed::of(ids.to_vec(), |_| true);
        change::note(&tx, INTEGRATION, object, batch, app.clock.now_ms())
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
    global
}

/// A subscriber that goes on where it left off.
#[derive(Default)]
struct Reader {
    variables: Value,
    seen: Vec<String>,
    messages: usize,
}

impl Reader {
    fn of(variables: Value) -> Self {
        Self {
            variables,
            ..Self::default()
        }
    }

    async fn connect(&self, app: &TestApp, token: &str) -> Socket {
        let mut socket = Socket::with_token(app, token).await;
        socket.subscribe("1", WATCH, self.variables.clone()).await;
        socket
    }

    /// Takes one message.
    async fn read(&mut self, socket: &mut Socket) {
        let event = socket.event("1").await["recordsChanged"].take();
        let ids = |list: &str| event[list].as_array().unwrap().iter();
        let new = ids("created").map(|id| (id, "created"));
        let changed = ids("updated").map(|id| (id, "updated"));
        let before = self.seen.len();
        self.seen.extend(
            new.chain(changed)
                .map(|(id, how)| format!("{how} {}", id.as_str().unwrap())),
        );
        assert!(self.seen.len() - before <= 250);
        self.variables["after"] = event["cursor"].clone();
        self.messages += 1;
    }

    /// Takes messages until there are so many ids.
    async fn read_until(&mut self, socket: &mut Socket, ids: usize) {
        while self.seen.len() < ids {
            self.read(socket).await;
        }
    }
}

fn created(ids: &[String]) -> Vec<String> {
    ids.iter().map(|id| format!("created {id}")).collect()
}

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
    change::forget_before(app.db().write(), i64::MAX).await.unwrap();
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
    change::forget_before(app.db().write(), app.clock.now_ms() - day)
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

#[tokio::test(flavor = "multi_thread")]
async fn many_that_commit_at_once_are_told_in_one_order() {
    let (app, token) = start().await;
    let app = std::sync::Arc::new(app);
    let (mut one, mut other) = (Reader::of(json!({})), Reader::of(json!({})));
    let mut first = one.connect(&app, &token).await;
    one.read(&mut first).await;
    other.variables = one.variables.clone();
    let writers = (0..8).map(|_| {
        let app = std::sync::Arc::clone(&app);
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
