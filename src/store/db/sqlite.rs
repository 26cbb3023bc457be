//! Connections to SQLite: one that writes, some that read for the API's callers, some that read for all others.

use std::path::Path;
use std::time::Duration;

use sea_orm::sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sea_orm::sqlx::{self, Connection, Row};
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbErr};

use super::{Pools, api_request};

const CALLERS: u32 = 4;
const WORKERS: u32 = 3;
/// Pages of the log before they go into the file. An import writes the same index pages again and again: rarely is cheaper.
const CHECKPOINT_PAGES: &str = "16384";
/// KiB of page cache, as SQLite spells them. The operating system holds the rest.
const WRITER_CACHE: &str = "-24576";
const READER_CACHE: &str = "-4096";
/// How long somebody waits for a free connection, or for the file.
const WAIT: Duration = Duration::from_secs(10);
/// How long a caller waits for a connection: less than an operation may take, so that the answer says why.
const CALLER_WAIT: Duration = Duration::from_secs(5);
/// Steps of SQLite's machine between two looks whether a caller's statement may go on: some ten microseconds.
const STEPS: i32 = 1_000;

pub(super) async fn open(file: &Path) -> Result<Pools, DbErr> {
    outlive_size_limits();
    let write = Database::connect(options(file, 1, WRITER_CACHE, checked)).await?;
    let mut callers = options(file, CALLERS, READER_CACHE, limited);
    callers.acquire_timeout(CALLER_WAIT);
    Ok(Pools {
        callers: Database::connect(callers).await?,
        work: Database::connect(options(file, WORKERS, READER_CACHE, checked)).await?,
        callers_write: write.clone(),
        check: write.clone(),
        write,
    })
}

/// A write beyond the size that the process's files may have ends the process, unless somebody listens for the signal: then the write
/// fails as on a full disk.
#[cfg(unix)]
fn outlive_size_limits() {
    use tokio::signal::unix::{SignalKind, signal};

    /// The same number on Linux, the BSDs and macOS.
    const SIGXFSZ: i32 = 25;
    if let Err(error) = signal(SignalKind::from_raw(SIGXFSZ)) {
        tracing::warn!(%error, "a file that grows beyond the process's limit will end the process");
    }
}

#[cfg(not(unix))]
fn outlive_size_limits() {}

fn options(
    file: &Path,
    connections: u32,
    cache: &'static str,
    pool: fn(SqlitePoolOptions) -> SqlitePoolOptions,
) -> ConnectOptions {
    let mut options = ConnectOptions::new("sqlite::memory:");
    let file = file.to_owned();
    options
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(WAIT)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .sqlx_logging(false)
        .map_sqlx_sqlite_pool_opts(pool)
        .map_sqlx_sqlite_opts(move |_| {
            SqliteConnectOptions::new()
                .filename(&file)
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(WAIT)
                .pragma("cache_size", cache)
                // What is deleted is overwritten: a person's data must not stay in the file's free places.
                .pragma("secure_delete", "on")
                .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
                .statement_cache_capacity(100)
        });
    options
}

/// Looks at each connection when it comes back, and again before it is used.
fn checked(pool: SqlitePoolOptions) -> SqlitePoolOptions {
    pool.after_release(|connection, _| Box::pin(async move { is_settled(connection).await }))
        .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
}

/// The same, and ends each statement that takes too long or that nobody waits for.
fn limited(pool: SqlitePoolOptions) -> SqlitePoolOptions {
    checked(pool)
        .before_acquire(|connection, _| {
            Box::pin(async move {
                limit(connection).await?;
                Ok(!connection.is_in_transaction())
            })
        })
        .after_connect(|connection, _| Box::pin(limit(connection)))
}

/// The driver counts transactions by what it has sent. SQLite ends one by itself when the disk is full or fails; then the driver's
/// ROLLBACK fails, it goes on counting one that is not there, and its next "begin" makes a savepoint that nobody commits: what
/// is written from then on is acknowledged and lost. Such a connection is closed.
async fn is_settled(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    if connection.is_in_transaction() {
        // The rollback of whoever let the transaction go may still be under way.
        connection.ping().await?;
    }
    Ok(!connection.is_in_transaction())
}

async fn limit(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let mut handle = connection.lock_handle().await?;
    match api_request::statement() {
        Some(mut statement) => handle.set_progress_handler(STEPS, move || statement.may_go_on()),
        None => handle.remove_progress_handler(),
    }
    Ok(())
}

/// Writes the log into the file and empties it; says whether nobody who reads has prevented that.
pub(super) async fn truncate_log(write: &DatabaseConnection) -> Result<bool, DbErr> {
    let failed = |error: sqlx::Error| DbErr::Custom(format!("the log could not be written into the file: {error}"));
    let mut connection = write.get_sqlite_connection_pool().acquire().await.map_err(failed)?;
    // Whoever wants to write waits along, so it waits for readers but a moment. What waits otherwise is not used again.
    connection.close_on_drop();
    let patience = sqlx::query("PRAGMA busy_timeout = 500");
    patience.execute(&mut *connection).await.map_err(failed)?;
    let flush = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)");
    let row = flush.fetch_one(&mut *connection).await.map_err(failed)?;
    let is_busy: i32 = row.try_get(0).map_err(failed)?;
    Ok(is_busy == 0)
}
