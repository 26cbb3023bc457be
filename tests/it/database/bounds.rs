//! What the API's callers ask of the database is bounded: one statement in time, one request in connections, all of them together in
//! what they may take from sync and from the readiness check; and nothing goes on for somebody who has left.

use std::time::Duration;

use futures_util::future::join_all;
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement};
use serde_json::json;
use tokio::time::{Instant, timeout};
use tributary::store::db::api_request;
use tributary::store::{Db, Failure};
use uuid::Uuid;

use crate::support::{TestApp, TestDatabase, on_postgres, until};

/// Longer than any bound that is tried.
const LONG: Duration = Duration::from_mins(1);

/// A statement that takes for ever.
fn endless(db: &Db) -> Statement {
    let sql = if db.is_postgres() {
        "SELECT pg_sleep(600)"
    } else {
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    };
    Statement::from_string(db.read().get_database_backend(), sql)
}

async fn read(db: &Db, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
    db.read().query_one_raw(statement).await
}

fn short(db: &Db) -> Statement {
    Statement::from_string(db.read().get_database_backend(), "SELECT 1 AS one")
}

async fn open() -> (TestDatabase, Db) {
    let database = TestDatabase::create().await;
    let db = database.open().await;
    (database, db)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_of_a_request_ends_when_its_time_is_over() {
    let (_database, db) = open().await;
    let begun = Instant::now();
    let asked = api_request::scope(api_request::alone(), read(&db, endless(&db)));
    let error = timeout(LONG, asked).await.unwrap().unwrap_err();
    assert_eq!(Failure::of(&error), Failure::TooSlow, "{error}");
    assert!(begun.elapsed() >= api_request::STATEMENT_LIMIT);
    api_request::scope(api_request::alone(), read(&db, short(&db)))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_end_when_their_caller_leaves() {
    let (_database, db) = open().await;
    for _ in 0..20 {
        let asked = api_request::scope(api_request::alone(), async {
            // One by itself, one by a task of the request's own, as loaders have.
            let own = db.clone();
            api_request::spawn(async move {
                let _ended = read(&own, endless(&own)).await;
            });
            read(&db, endless(&db)).await
        });
        assert!(timeout(Duration::from_millis(20), asked).await.is_err());
    }
    // Far less than the statements would have taken.
    let answered = timeout(Duration::from_secs(6), async {
        for _ in 0..8 {
            api_request::scope(api_request::alone(), read(&db, short(&db)))
                .await
                .unwrap();
        }
    });
    answered.await.expect("connections are free again");
    if on_postgres() {
        let busy = "SELECT count(*) AS busy FROM pg_stat_activity
            WHERE datname = current_database() AND query LIKE '%pg_sleep%' AND state = 'active' AND pid <> pg_backend_pid()";
        let busy = Statement::from_string(db.read().get_database_backend(), busy);
        until("PostgreSQL has ended all of them", async || {
            let row = read(&db, busy.clone()).await.unwrap().unwrap();
            (row.try_get::<i64>("", "busy").unwrap() == 0).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_who_ask_for_too_much_hold_up_neither_sync_nor_the_check() {
    let (_database, db) = open().await;
    let mut callers = Vec::new();
    for _ in 0..20 {
        let db = db.clone();
        callers.push(tokio::spawn(api_request::scope(api_request::alone(), async move {
            let _too_slow = read(&db, endless(&db)).await;
        })));
    }
    let others = async {
        for at in 0..20 {
            read(&db, short(&db)).await.unwrap();
            db.check_writable(at).await.unwrap();
            let tx = db.begin().await.unwrap();
            tx.execute_unprepared("UPDATE write_check SET checked_at = 1")
                .await
                .unwrap();
            tx.commit().await.unwrap();
        }
    };
    timeout(Duration::from_secs(5), others)
        .await
        .expect("nobody waits for the callers");
    for caller in callers {
        caller.abort();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_user_does_not_take_all_connections() {
    let (_database, db) = open().await;
    let (turns, user) = (api_request::Turns::default(), Uuid::now_v7());
    let mut greedy = Vec::new();
    for _ in 0..5 {
        let db = db.clone();
        let all = async move {
            let all = (0..4).map(|_| read(&db, endless(&db)));
            join_all(all).await.len()
        };
        greedy.push(tokio::spawn(api_request::scope(turns.of(user), all)));
    }
    let modest = async {
        for _ in 0..20 {
            api_request::scope(api_request::alone(), read(&db, short(&db)))
                .await
                .unwrap();
        }
    };
    timeout(Duration::from_secs(4), modest)
        .await
        .expect("others are answered");
    for request in greedy {
        request.abort();
    }
}

#[tokio::test]
async fn postgresql_compiles_no_statements_for_us() {
    if !on_postgres() {
        return;
    }
    let (_database, db) = open().await;
    let jit = Statement::from_string(db.read().get_database_backend(), "SELECT current_setting('jit') AS jit");
    let is_off = |row: Option<QueryResult>| row.unwrap().try_get::<String>("", "jit").unwrap() == "off";
    assert!(is_off(read(&db, jit.clone()).await.unwrap()), "for work");
    let asked = api_request::scope(api_request::alone(), read(&db, jit.clone()))
        .await
        .unwrap();
    assert!(is_off(asked), "for callers");
    assert!(is_off(db.write().query_one_raw(jit).await.unwrap()), "for writing");
}

/// Asks whether anybody of the server's waits for a lock.
const WAITING: &str = "SELECT count(*) AS waiting FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_ends_in_postgresql_when_its_client_hangs_up() {
    if !on_postgres() {
        return;
    }
    let app = TestApp::start().await;
    let holding = app.db().begin().await.unwrap();
    holding.execute_unprepared("LOCK TABLE client").await.unwrap();
    let waiting = async || {
        let statement = Statement::from_string(holding.get_database_backend(), WAITING);
        let row = read(app.db(), statement).await.unwrap().unwrap();
        row.try_get::<i64>("", "waiting").unwrap()
    };
    let asking = {
        let admin = app.admin().clone();
        tokio::spawn(async move { admin.post("{ clients { nodes { id } } }", json!({})).await.status })
    };
    until("the query waits", async || (waiting().await > 0).then_some(())).await;
    asking.abort();
    until("the query has ended", async || (waiting().await == 0).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mutations_that_wait_hold_up_neither_sync_nor_the_check() {
    if !on_postgres() {
        return;
    }
    let app = TestApp::start().await;
    let holding = app.db().begin().await.unwrap();
    holding.execute_unprepared("LOCK TABLE client").await.unwrap();
    let save = "mutation { saveClients(input: {clients: [{name: \"Acme\"}]}) { userErrors { code } } }";
    let asking: Vec<_> = (0..12)
        .map(|_| {
            let admin = app.admin().clone();
            tokio::spawn(async move { admin.post(save, json!({})).await.status })
        })
        .collect();
    let waiting = async || {
        let statement = Statement::from_string(holding.get_database_backend(), WAITING);
        let row = read(app.db(), statement).await.unwrap().unwrap();
        row.try_get::<i64>("", "waiting").unwrap()
    };
    until("mutations wait", async || (waiting().await > 1).then_some(())).await;
    let others = async {
        let tx = app.db().begin().await.unwrap();
        tx.execute_unprepared("UPDATE write_check SET checked_at = 1")
            .await
            .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(app.anybody().get("/readyz").await.status, 200);
    };
    timeout(Duration::from_secs(5), others)
        .await
        .expect("nobody waits for them");
    for mutation in asking {
        mutation.abort();
    }
    until("none is left", async || (waiting().await == 0).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_that_takes_too_long_says_so() {
    if !on_postgres() {
        return;
    }
    let app = TestApp::start().await;
    let holding = app.db().begin().await.unwrap();
    holding.execute_unprepared("LOCK TABLE client").await.unwrap();
    let answer = app.admin().post("{ clients { nodes { id } } }", json!({})).await;
    assert!(answer.text.contains("\"TIMEOUT\""), "{answer:?}");
    assert_eq!(app.anybody().get("/readyz").await.status, 200);
}
