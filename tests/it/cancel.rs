//! Calling a run off, whatever state it is in and whatever happens to it at the same moment.

use std::time::Duration;

use entity::kind::RunState;
use entity::run;
use sea_orm::{ActiveModelTrait, ConnectionTrait, DbBackend, EntityTrait, IntoActiveModel, Statement};
use serde_json::{Value, json};
use tributary::graphql::id::IdType;
use tributary::store::lease;
use uuid::Uuid;

use crate::settings::support::{insert, ready};
use crate::support::{EVERYTHING, NOW_MS, TestApp, on_postgres, until};

const CANCEL: &str = "mutation($id: ID!) { cancelRun(input: {id: $id}) { run { state } userErrors { code } } }";

/// A server where nobody works, with an import that waits and was changed.
async fn with_import(change: impl FnOnce(&mut run::Model)) -> (TestApp, run::Model) {
    let app = TestApp::start().await;
    let mut row = ready();
    row.sync_enabled = true;
    let id = insert(&app, row).await;
    app.admin().start_import(&id, &EVERYTHING).await;
    let mut import = stored(&app).await;
    change(&mut import);
    let changed = import.clone().into_active_model().reset_all();
    changed.update(app.db().write()).await.unwrap();
    (app, import)
}

async fn cancel(app: &TestApp, id: Uuid) -> Value {
    let id = IdType::Run.encode(id).to_string();
    app.graphql(CANCEL, json!({ "id": id })).await["cancelRun"].take()
}

async fn stored(app: &TestApp) -> run::Model {
    run::Entity::find().one(app.db().read()).await.unwrap().unwrap()
}

/// Waits until a statement of this database waits for a row. On SQLite a writer waits before its first statement.
async fn somebody_waits(app: &TestApp) {
    if !on_postgres() {
        return;
    }
    let sql = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    until("somebody waits for the row", async || {
        let query = Statement::from_string(DbBackend::Postgres, sql);
        app.db().read().query_one_raw(query).await.unwrap().map(|_row| ())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_ends_while_it_is_called_off_has_ended() {
    for is_at_work in [true, false] {
        let (app, mut import) = with_import(|run| {
            run.state = RunState::Running;
            run.lease_until = is_at_work.then_some(i64::MAX);
        })
        .await;
        let tx = app.db().begin().await.unwrap();
        (import.state, import.finished_at) = (RunState::Succeeded, Some(NOW_MS));
        lease::finish(&tx, &import).await.unwrap();
        let end = async {
            somebody_waits(&app).await;
            tx.commit().await.unwrap();
        };
        let (answer, ()) = tokio::join!(cancel(&app, import.id), end);
        assert_eq!(answer["userErrors"], json!([{ "code": "RUN_NOT_ACTIVE" }]), "{answer}");
        assert_eq!(stored(&app).await.state, RunState::Succeeded);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_worker_is_gone_can_be_called_off_a_second_time() {
    let (app, import) = with_import(|run| {
        run.state = RunState::Running;
        run.lease_until = Some(i64::MAX);
    })
    .await;
    for _twice in 0..2 {
        assert_eq!(cancel(&app, import.id).await["run"]["state"], "CANCELING");
    }
    lease::release_all(app.db().write()).await.unwrap();
    assert_eq!(cancel(&app, import.id).await["run"]["state"], "CANCELED");
    let ended = stored(&app).await;
    assert_eq!((ended.finished_at, ended.import_slot), (Some(NOW_MS), None));
}

/// What a run that nobody works on shows of its phases, once one of them was under way.
async fn phases(app: &TestApp) -> Vec<(String, Value)> {
    app.clock.advance(Duration::from_hours(1));
    let query = "{ runs { nodes { state phases { state etaSeconds } } } }";
    let run = app.graphql(query, json!({})).await["runs"]["nodes"][0].take();
    assert_eq!(run["state"], "CANCELED", "{run}");
    let phases = run["phases"].as_array().unwrap().iter();
    phases
        .map(|phase| (phase["state"].as_str().unwrap().to_owned(), phase["etaSeconds"].clone()))
        .collect()
}

fn under_way(run: &mut run::Model) {
    run.state = RunState::Running;
    let [done, now, _later] = &mut run.phases.0[..] else {
        panic!("{run:?}")
    };
    (done.state, done.done_permille) = (RunState::Succeeded, 1000);
    (now.state, now.done_permille, now.started_at) = (RunState::Running, 500, Some(NOW_MS));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_phase_of_a_run_that_was_called_off_goes_on() {
    let expected = ["SUCCEEDED", "CANCELED", "CANCELED"].map(|state| (state.to_owned(), Value::Null));
    let (app, import) = with_import(under_way).await;
    cancel(&app, import.id).await;
    assert_eq!(phases(&app).await, expected);

    let (app, import) = with_import(under_way).await;
    let disconnect = "mutation($id: ID!) { disconnectStripe(input: {integrationId: $id, confirmName: \"Example\"}) { userErrors { code } } }";
    let id = IdType::Integration.encode(import.integration_id).to_string();
    app.admin()
        .mutate("disconnectStripe", disconnect, json!({ "id": id }))
        .await;
    assert_eq!(phases(&app).await, expected);
}
