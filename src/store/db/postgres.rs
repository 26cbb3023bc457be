//! Connections to PostgreSQL: some that read for the API's callers, some that write for them, some for all other work, one for the readiness
//! check. So a caller who asks for too much holds up neither sync nor the check.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sea_orm::sqlx::{self, AssertSqlSafe, ConnectOptions as _, Connection, Executor};
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbErr};
use tokio::time::timeout;

use super::api_request::STATEMENT_LIMIT;
use super::reader::Abandoned;
use super::{OpenError, Pools, address};

const CALLERS: u32 = 6;
const CALLERS_WRITE: u32 = 4;
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

/// What connections are for.
#[derive(Debug, Clone, Copy)]
struct Use {
    connections: u32,
    /// How long somebody waits for a free one.
    wait: Duration,
    /// How long a statement may take.
    limit: Option<Duration>,
    /// How long a connection that comes back may take to answer; `None`: it is only asked after a caller has left.
    answers_within: Option<Duration>,
}

const WORK: Use = Use {
    connections: WORKERS,
    wait: WAIT,
    limit: None,
    answers_within: None,
};

pub(super) async fn open(server: &PgConnectOptions, abandoned: &Arc<Abandoned>) -> Result<Pools, OpenError> {
    reach(server).await?;
    let write = connect_when_needed(options(server, WORK, abandoned)).await?;
    let callers = Use {
        connections: CALLERS,
        wait: CALLER_WAIT,
        limit: Some(STATEMENT_LIMIT),
        answers_within: None,
    };
    let callers_write = Use {
        connections: CALLERS_WRITE,
        ..callers
    };
    let check = Use {
        connections: 1,
        wait: CHECK_WAIT,
        limit: Some(CHECK_WAIT),
        // One that was cut off would keep the check from being made with another.
        answers_within: Some(CHECK_WAIT),
    };
    Ok(Pools {
        callers: connect_when_needed(options(server, callers, abandoned)).await?,
        callers_write: connect_when_needed(options(server, callers_write, abandoned)).await?,
        check: connect_when_needed(options(server, check, abandoned)).await?,
        work: write.clone(),
        write,
    })
}

/// Sees whether the server lets us in. A pool that is refused asks again and again, and says in the end only that it took too long.
async fn reach(server: &PgConnectOptions) -> Result<(), OpenError> {
    let told = match timeout(WAIT, PgConnection::connect_with(server)).await {
        Ok(Ok(connection)) => {
            // It has served its purpose, however it ends.
            let _closed = connection.close().await;
            return Ok(());
        }
        Ok(Err(sqlx::Error::Io(error))) => error.to_string(),
        Ok(Err(sqlx::Error::Database(error))) => error.message().to_owned(),
        Ok(Err(error)) => error.to_string(),
        Err(_elapsed) => format!("no answer within {} s", WAIT.as_secs()),
    };
    Err(OpenError::Postgres(address::shown(server), told))
}

async fn connect_when_needed(mut options: ConnectOptions) -> Result<DatabaseConnection, DbErr> {
    options.connect_lazy(true);
    Database::connect(options).await
}

fn options(server: &PgConnectOptions, used: Use, abandoned: &Arc<Abandoned>) -> ConnectOptions {
    // What is given here may be shown in errors and logs; the password goes past it.
    let mut options = ConnectOptions::new("postgres://");
    let abandoned = Arc::clone(abandoned);
    let server = server.clone().disable_statement_logging();
    options
        .max_connections(used.connections)
        .acquire_timeout(used.wait)
        .sqlx_logging(false)
        .map_sqlx_postgres_opts(move |_none| server.clone())
        .map_sqlx_postgres_pool_opts(move |pool| checked(pool, used, Arc::clone(&abandoned)));
    options
}

fn checked(pool: PgPoolOptions, used: Use, abandoned: Arc<Abandoned>) -> PgPoolOptions {
    pool.after_connect(move |connection, _| Box::pin(set_up(connection, used.limit)))
        .after_release(move |connection, _| {
            let within = if abandoned.lately() {
                Some(GRACE)
            } else {
                used.answers_within
            };
            Box::pin(async move { is_settled(connection, within).await })
        })
        .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
}

/// Compiling a statement costs PostgreSQL more than most of ours take; it decides so by an estimate that is far off for sums.
async fn set_up(connection: &mut PgConnection, limit: Option<Duration>) -> Result<(), sqlx::Error> {
    connection.execute("SET jit = off").await?;
    if let Some(limit) = limit {
        let sql = format!("SET statement_timeout = {}", limit.as_millis());
        connection.execute(AssertSqlSafe(sql)).await?;
    }
    if connection.server_version_num() >= Some(LOOKS_FOR_CLIENT) {
        look_for_client(connection).await?;
    }
    Ok(())
}

/// PostgreSQL refuses this where its own system cannot tell; then statements that nobody waits for end by their time alone.
async fn look_for_client(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let sql = format!("SET client_connection_check_interval = {LOOK_MS}");
    match connection.execute(AssertSqlSafe(sql)).await {
        Err(sqlx::Error::Database(error)) => {
            tracing::debug!(%error, "PostgreSQL does not look for clients that have left");
            Ok(())
        }
        set => set.map(|_done| ()),
    }
}

/// Whether the connection is as new. PostgreSQL works on for somebody who has left; closing the connection is how to tell it.
async fn is_settled(connection: &mut PgConnection, within: Option<Duration>) -> Result<bool, sqlx::Error> {
    if let Some(within) = within {
        match timeout(within, connection.ping()).await {
            Ok(answer) => answer?,
            Err(_elapsed) => return Ok(false),
        }
    }
    Ok(!connection.is_in_transaction())
}
