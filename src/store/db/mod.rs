//! Opening the database, and the one way to begin a writing transaction.
//!
//! - [`Reader`] reads, with connections of their own for the API's callers ([`api_request`]).
//! - [`Transaction`] writes, all or nothing.
//! - [`Address`] says where it is.
//! - [`failure`] says what a failed statement means, [`writable`] whether writing works.
//! - [`lock`] keeps a second server off an SQLite file.
//! - `sqlite` and `postgres` open connections, and give none back to their pool that is not as new.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use migration::{Migrator, MigratorTrait};
use sea_orm::metric::Info;
use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, IsolationLevel,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};
use tracing::Instrument;

mod address;
pub mod api_request;
pub mod failure;
mod file;
mod postgres;
mod reader;
mod sqlite;
mod transaction;
mod writable;

pub use address::Address;
use address::Place;
pub use failure::Failure;
pub use file::{FileLock, lock};
pub use reader::Reader;
pub use transaction::Transaction;
use writable::Writable;

/// The database.
#[derive(Debug, Clone)]
pub struct Db {
    read: Reader,
    write: DatabaseConnection,
    /// For what the API's callers write.
    callers_write: DatabaseConnection,
    /// Whether writing works, asked beside all other work.
    check: DatabaseConnection,
    writable: Arc<Writable>,
    owes_flush: Arc<AtomicBool>,
}

/// The connections of a database, by what they are for.
#[derive(Debug)]
struct Pools {
    /// Reads of the API's callers.
    callers: DatabaseConnection,
    /// All other reads.
    work: DatabaseConnection,
    /// On SQLite one connection, which everybody waits for in turn.
    write: DatabaseConnection,
    /// Writes of the API's callers.
    callers_write: DatabaseConnection,
    /// For the readiness check, which nobody else may keep waiting where that can be helped.
    check: DatabaseConnection,
}

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another server works on the SQLite file.
    #[error("{0} is in use by another tributary server; stop it first, or give another --database-url")]
    InUse(PathBuf),
    /// The folder or file cannot be made or locked.
    #[error("cannot use {0}: {1}")]
    File(PathBuf, std::io::Error),
    /// The server does not let us in, or cannot be reached.
    #[error("cannot open {0}: {1}")]
    Postgres(String, String),
    /// It did not open or migrate.
    #[error("cannot open the database: {0}")]
    Database(#[from] DbErr),
}

impl Db {
    /// Opens and migrates.
    pub async fn open(address: &Address) -> Result<Self, OpenError> {
        let abandoned = Arc::default();
        let pools = match &address.0 {
            Place::Sqlite(file) => sqlite::open(&file::prepare(file)?).await?,
            Place::Postgres(server) => postgres::open(server, &abandoned).await?,
        };
        Migrator::up(&pools.write, None).await?;
        // A process that broke off may have left something in SQLite's log.
        let owes_flush = pools.write.get_database_backend() != DbBackend::Postgres;
        Ok(Self {
            read: Reader::new(pools.work, pools.callers, abandoned),
            write: pools.write,
            callers_write: pools.callers_write,
            check: pools.check,
            writable: Arc::default(),
            owes_flush: Arc::new(AtomicBool::new(owes_flush)),
        })
    }

    /// For reading.
    pub fn read(&self) -> &Reader {
        &self.read
    }

    /// Has `watch` told of each statement that is read with. For measuring.
    pub fn watch_reads(&mut self, watch: impl Fn(&Info<'_>) + Send + Sync + 'static) {
        self.read.watch(watch);
    }

    /// For one statement that writes. Anything longer wants [`Db::begin`].
    pub fn write(&self) -> &DatabaseConnection {
        if api_request::is_under_way() {
            &self.callers_write
        } else {
            &self.write
        }
    }

    /// Begins a writing transaction. On SQLite it takes the write lock at once: a transaction that reads first and then cannot
    /// write is the one failure that waiting does not cure.
    pub async fn begin(&self) -> Result<Transaction, DbErr> {
        self.begin_on(self.write()).await
    }

    async fn begin_on(&self, pool: &DatabaseConnection) -> Result<Transaction, DbErr> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        match begin_to_the_end(pool, options).await {
            Ok(begun) => Ok(Transaction::new(
                begun,
                Arc::clone(&self.writable),
                Arc::clone(self.read.abandoned()),
            )),
            Err(error) => {
                self.writable.note_failure(&error);
                Err(error)
            }
        }
    }

    /// Fails when the database does not answer, or nothing can be written now. Writes, unless that was tried a moment ago; `now_ms` is
    /// kept for people who look.
    pub async fn check_writable(&self, now_ms: i64) -> Result<(), Failure> {
        self.ping().await.map_err(|error| Failure::of(&error))?;
        let _one_at_a_time = match self.writable.believe_or_check().await {
            writable::Next::Believe(found) => return found,
            writable::Next::Check(turn) => turn,
        };
        self.write_check(now_ms).await.map_err(|error| Failure::of(&error))?;
        self.writable.note_written();
        Ok(())
    }

    async fn write_check(&self, now_ms: i64) -> Result<(), DbErr> {
        let tx = self.begin_on(&self.check).await?;
        writable::write(&tx, now_ms).await?;
        tx.commit().await
    }

    /// Asks the database for nothing, to see that it answers, and waits for nobody who writes.
    async fn ping(&self) -> Result<(), DbErr> {
        let connection = if self.is_postgres() {
            &self.check
        } else {
            self.read.work()
        };
        connection.ping().await
    }

    /// Something was removed that must not stay in SQLite's log. To be said once that is committed.
    pub fn owe_flush(&self) {
        self.owes_flush.store(!self.is_postgres(), Ordering::SeqCst);
    }

    /// Whether what was removed may still stand in SQLite's log.
    pub fn owes_flush(&self) -> bool {
        self.owes_flush.load(Ordering::SeqCst)
    }

    /// Writes SQLite's log into the file and empties it, so that what was overwritten stands nowhere any more; says whether that could
    /// be done, which somebody who reads may prevent. PostgreSQL looks after its own.
    pub async fn flush_log(&self) -> Result<bool, DbErr> {
        if self.is_postgres() {
            return Ok(true);
        }
        // What is removed while it is written owes a flush of its own.
        let owed = self.owes_flush.swap(false, Ordering::SeqCst);
        let is_done = sqlite::truncate_log(&self.write).await;
        if owed && !matches!(is_done, Ok(true)) {
            self.owe_flush();
        }
        is_done
    }

    /// Begins a view: what is read in it is as it was at the first look, whatever is written beside it.
    pub async fn begin_view(&self) -> Result<DatabaseTransaction, DbErr> {
        let options = TransactionOptions {
            // SQLite knows no other isolation.
            isolation_level: self.is_postgres().then_some(IsolationLevel::RepeatableRead),
            access_mode: self.is_postgres().then_some(AccessMode::ReadOnly),
            ..TransactionOptions::default()
        };
        begin_to_the_end(self.read.work(), options).await
    }

    /// Runs on PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        self.write.get_database_backend() == DbBackend::Postgres
    }

    /// Closes all connections.
    pub async fn close(self) -> Result<(), DbErr> {
        self.read.close().await?;
        self.check.close().await?;
        self.callers_write.close().await?;
        // It may be one of those already.
        self.write.close().await
    }
}

/// Begins in a task of its own, which goes on when its caller leaves. A BEGIN that is given up half-way leaves a PostgreSQL connection in
/// a transaction that the driver does not know of: what is written with that connection next is acknowledged, and lost.
async fn begin_to_the_end(
    pool: &DatabaseConnection,
    options: TransactionOptions,
) -> Result<DatabaseTransaction, DbErr> {
    let pool = pool.clone();
    let begin = async move { pool.begin_with_options(options).await };
    tokio::spawn(begin.in_current_span())
        .await
        .unwrap_or_else(|panic| Err(DbErr::Custom(format!("no transaction was begun: {panic}"))))
}

/// Unix milliseconds of the database's clock, which all replicas share. SQLite lives in this process: its clock is ours.
pub async fn now_ms(conn: &impl ConnectionTrait, own_now_ms: i64) -> Result<i64, DbErr> {
    if conn.get_database_backend() != DbBackend::Postgres {
        return Ok(own_now_ms);
    }
    let sql = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now_ms";
    let row = conn
        .query_one_raw(Statement::from_string(DbBackend::Postgres, sql))
        .await?;
    row.map_or(Ok(own_now_ms), |row| row.try_get("", "now_ms"))
}
