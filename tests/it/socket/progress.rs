//! `runProgress`: from where the run is to its end.

use entity::kind::Scope;
use sandbox::Options;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::support::Socket;
use crate::support::{EVERYTHING, TestApp};

const WATCH: &str = "subscription($id: ID!) {
    runProgress(id: $id) {
        id state finishedAt integration { id } startedBy { email } errors(first: 5) { totalCount }
        phases { object state fraction seen created updated unchanged skipped failed }
    }
}";

async fn connected(options: Options) -> (TestApp, String, Socket) {
    let app = TestApp::builder().sandbox(options).start().await;
    let id = app.admin().connect_stripe(app.sandbox().key(), 3650).await;
    let token = app.sign_in_token(Scope::Read).await;
    let socket = Socket::with_token(&app, &token).await;
    (app, id, socket)
}

/// The runs that come, to the `complete` of subscription `id`.
async fn to_the_end(socket: &mut Socket, id: &str) -> Vec<Value> {
    let mut runs = Vec::new();
    loop {
        let mut message = socket.hear().await;
        assert_eq!(message["id"], id, "{message}");
        if message["type"] == "complete" {
            return runs;
        }
        assert_eq!(message["payload"].get("errors"), None, "{message}");
        runs.push(message["payload"]["data"]["runProgress"].take());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_followed_to_its_end() {
    let options = Options {
        customers: 400,
        invoices: 1500,
        ..Options::default()
    };
    let (app, integration, mut socket) = connected(options).await;
    let id = app.admin().start_import(&integration, &EVERYTHING).await;
    let begun = Instant::now();
    socket.subscribe("1", WATCH, json!({ "id": id })).await;
    let runs = to_the_end(&mut socket, "1").await;
    let most = usize::try_from(2 * begun.elapsed().as_millis() / 1000 + 2).unwrap();
    assert!((2..=most).contains(&runs.len()), "{} updates", runs.len());
    assert!(runs.windows(2).all(|pair| pair[0] != pair[1]), "{runs:?}");
    let seen = |run: &Value| -> u64 {
        let phases = run["phases"].as_array().unwrap();
        phases.iter().map(|phase| phase["seen"].as_u64().unwrap()).sum()
    };
    assert!(runs.windows(2).all(|pair| seen(&pair[0]) <= seen(&pair[1])), "{runs:?}");
    let (last, before) = runs.split_last().unwrap();
    assert!(before.iter().all(|run| run["finishedAt"] == Value::Null));
    assert_eq!(
        (&last["state"], &last["integration"]["id"]),
        (&json!("SUCCEEDED"), &json!(integration))
    );
    let now = app.admin().run(&id).await;
    assert_eq!(last["phases"], now["phases"]);
    assert_ne!(last["finishedAt"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_has_ended_is_told_once() {
    let (app, integration, mut socket) = connected(Options::default()).await;
    let run = app.admin().import(&integration).await;
    socket.subscribe("1", WATCH, json!({ "id": run["id"] })).await;
    let runs = to_the_end(&mut socket, "1").await;
    assert_eq!(runs.len(), 1);
    assert_eq!((&runs[0]["id"], &runs[0]["state"]), (&run["id"], &json!("SUCCEEDED")));
    socket.assert_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_that_is_cut_off_sees_the_end_all_the_same() {
    let (app, integration, mut socket) = connected(Options::default()).await;
    let token = app.sign_in_token(Scope::Read).await;
    let id = app.admin().start_import(&integration, &EVERYTHING).await;
    let mut cuts = 0;
    loop {
        socket.subscribe("1", WATCH, json!({ "id": id })).await;
        let run = socket.event("1").await["runProgress"].take();
        if cuts >= 100 && run["finishedAt"] != Value::Null {
            assert_eq!(run["state"], "SUCCEEDED");
            return;
        }
        cuts += 1;
        socket = Socket::with_token(&app, &token).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_called_off_ends_its_watchers_too() {
    let (app, integration, mut socket) = connected(Options::default()).await;
    let id = app.admin().start_import(&integration, &EVERYTHING).await;
    socket.subscribe("1", WATCH, json!({ "id": id })).await;
    let first = socket.event("1").await;
    assert_eq!(first["runProgress"]["id"], id);
    let query = "mutation($id: ID!) { cancelRun(input: {id: $id}) { run { id } userErrors { code } } }";
    app.graphql(query, json!({ "id": id })).await;
    let now = app.admin().end_of_run(&id).await;
    let runs = to_the_end(&mut socket, "1").await;
    let last = runs.last().unwrap_or(&first["runProgress"]);
    assert_eq!(last["state"], now["state"]);
}
