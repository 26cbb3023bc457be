//! Connections to PostgreSQL: some that read for the API's callers, some for all other work, one for the readiness check. So a caller who
//! asks for too much holds up neither sync nor the check.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::sqlx::postgres::{PgConnection, PgPoolOptions};
use sea_orm::sqlx::{self, AssertSqlSafe, Connection, Executor};
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbErr};
use tokio::time::timeout;

use super::Pools;
use super::api_request::STATEMENT_LIMIT;
use super::reader::Abandoned;

const CALLERS: u32 = 6;
const WORKERS: u32 = 8;
/// How long somebody waits for a free connection.
const WAIT: Duration = Duration::from_secs(10);
/// How long a caller waits for one: less than an operation may take, so that the answer says why.
const CALLER_WAIT: Duration = Duration::from_secs(5);
const CHECK_WAIT: Duration = Duration::from_secs(2);
/// The first version that looks, while it works, whether its client is still there.
const LOOKS_FOR_CLIENT: u32 = 140_000;
/// How often it looks, milliseconds.
const LOOK_MS: u32 = 500;
/// How long a statement that nobody waits for may still take before its connection is closed.
const GRACE: Duration = Duration::from_millis(250);

pub(super) async fn open(url: &str, abandoned: &Arc<Abandoned>) -> Result<Pools, DbErr> {
    let write = Database::connect(options(url, WORKERS, WAIT, Duration::ZERO, abandoned)).await?;
    Ok(Pools {
        callers: connect_when_needed(options(url, CALLERS, CALLER_WAIT, STATEMENT_LIMIT, abandoned)).await?,
        check: connect_when_needed(options(url, 1, CHECK_WAIT, CHECK_WAIT, abandoned)).await?,
        work: write.clone(),
        write,
    })
}

async fn connect_when_needed(mut options: ConnectOptions) -> Result<DatabaseConnection, DbErr> {
    options.connect_lazy(true);
    Database::connect(options).await
}

/// `limit` is how long a statement may take; zero is for ever.
fn options(url: &str, connections: u32, wait: Duration, limit: Duration, abandoned: &Arc<Abandoned>) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    let abandoned = Arc::clone(abandoned);
    options
        .max_connections(connections)
        .acquire_timeout(wait)
        .sqlx_logging(false)
        .map_sqlx_postgres_pool_opts(move |pool| checked(pool, limit, Arc::clone(&abandoned)));
    options
}

fn checked(pool: PgPoolOptions, limit: Duration, abandoned: Arc<Abandoned>) -> PgPoolOptions {
    pool.after_connect(move |connection, _| Box::pin(set_up(connection, limit)))
        .after_release(move |connection, _| {
            let may_be_busy = abandoned.lately();
            Box::pin(async move { is_settled(connection, may_be_busy).await })
        })
        .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
}

/// Compiling a statement costs PostgreSQL more than most of ours take; it decides so by an estimate that is far off for sums.
async fn set_up(connection: &mut PgConnection, limit: Duration) -> Result<(), sqlx::Error> {
    let look = if connection.server_version_num() >= Some(LOOKS_FOR_CLIENT) {
        format!("SET client_connection_check_interval = {LOOK_MS};")
    } else {
        String::new()
    };
    let sql = format!("SET jit = off; SET statement_timeout = {}; {look}", limit.as_millis());
    connection.execute(AssertSqlSafe(sql)).await.map(|_done| ())
}

/// Whether the connection is as new. PostgreSQL works on for somebody who has left; closing the connection is how to tell it.
async fn is_settled(connection: &mut PgConnection, may_be_busy: bool) -> Result<bool, sqlx::Error> {
    if may_be_busy {
        match timeout(GRACE, connection.ping()).await {
            Ok(answer) => answer?,
            Err(_elapsed) => return Ok(false),
        }
    }
    Ok(!connection.is_in_transaction())
}
