//! Opening the database, and the one way to begin a writing transaction.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use migration::{Migrator, MigratorTrait};
use sea_orm::metric::Info;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::sqlx::{self, Row};
use sea_orm::{
    AccessMode, ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    IsolationLevel, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};

const SQLITE_READERS: u32 = 4;
/// Pages of the log before they go into the file. An import writes the same index pages again and again: rarely is cheaper.
const CHECKPOINT_PAGES: &str = "16384";
/// KiB of page cache, as SQLite spells them. The operating system holds the rest.
const WRITER_CACHE: &str = "-24576";
const READER_CACHE: &str = "-4096";
const POSTGRES_CONNECTIONS: u32 = 12;
const WAIT: Duration = Duration::from_secs(10);

/// The database. On SQLite a pool of one writer stands beside a pool of readers; on PostgreSQL both are the same pool.
#[derive(Debug, Clone)]
pub struct Db {
    read: DatabaseConnection,
    write: DatabaseConnection,
    owes_flush: Arc<AtomicBool>,
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
    /// It did not open or migrate.
    #[error("cannot open the database: {0}")]
    Database(#[from] DbErr),
}

impl Db {
    /// Opens and migrates.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        let db = match sqlite_file(url) {
            Some(file) => Self::open_sqlite(&file).await?,
            None => Self::open_postgres(url).await?,
        };
        Migrator::up(&db.write, None).await?;
        Ok(db)
    }

    async fn open_sqlite(file: &Path) -> Result<Self, OpenError> {
        if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|error| OpenError::File(folder.to_owned(), error))?;
        }
        let write = Database::connect(sqlite_options(file, 1, WRITER_CACHE)).await?;
        let read = Database::connect(sqlite_options(file, SQLITE_READERS, READER_CACHE)).await?;
        Ok(Self::of(read, write))
    }

    async fn open_postgres(url: &str) -> Result<Self, OpenError> {
        let mut options = ConnectOptions::new(url);
        options
            .max_connections(POSTGRES_CONNECTIONS)
            .acquire_timeout(WAIT)
            .sqlx_logging(false);
        let pool = Database::connect(options).await?;
        Ok(Self::of(pool.clone(), pool))
    }

    fn of(read: DatabaseConnection, write: DatabaseConnection) -> Self {
        // A process that broke off may have left something in the log.
        let owes_flush = write.get_database_backend() != DbBackend::Postgres;
        Self {
            read,
            write,
            owes_flush: Arc::new(AtomicBool::new(owes_flush)),
        }
    }

    /// For reading.
    pub fn read(&self) -> &DatabaseConnection {
        &self.read
    }

    /// Has `watch` told of each statement that is read with. For measuring.
    pub fn watch_reads(&mut self, watch: impl Fn(&Info<'_>) + Send + Sync + 'static) {
        self.read.set_metric_callback(watch);
    }

    /// For one statement that writes. Anything longer wants [`Db::begin`].
    pub fn write(&self) -> &DatabaseConnection {
        &self.write
    }

    /// Begins a writing transaction. On SQLite it takes the write lock at once: a transaction that reads first and then cannot
    /// write is the one failure that waiting does not cure.
    pub async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        self.write
            .begin_with_options(TransactionOptions {
                sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                ..TransactionOptions::default()
            })
            .await
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
        let is_done = self.truncate_log().await;
        if owed && !matches!(is_done, Ok(true)) {
            self.owe_flush();
        }
        is_done
    }

    async fn truncate_log(&self) -> Result<bool, DbErr> {
        let failed = |error: sqlx::Error| DbErr::Custom(format!("the log could not be written into the file: {error}"));
        let mut connection = self
            .write
            .get_sqlite_connection_pool()
            .acquire()
            .await
            .map_err(failed)?;
        // Whoever wants to write waits along, so it waits for readers but a moment. What waits otherwise is not used again.
        connection.close_on_drop();
        let patience = sqlx::query("PRAGMA busy_timeout = 500");
        patience.execute(&mut *connection).await.map_err(failed)?;
        let flush = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)");
        let row = flush.fetch_one(&mut *connection).await.map_err(failed)?;
        let is_busy: i32 = row.try_get(0).map_err(failed)?;
        Ok(is_busy == 0)
    }

    /// Begins a view: what is read in it is as it was at the first look, whatever is written beside it.
    pub async fn begin_view(&self) -> Result<DatabaseTransaction, DbErr> {
        // SQLite knows no other isolation.
        let isolation = self.is_postgres().then_some(IsolationLevel::RepeatableRead);
        let access = self.is_postgres().then_some(AccessMode::ReadOnly);
        self.read.begin_with_config(isolation, access).await
    }

    /// Runs on PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        self.write.get_database_backend() == DbBackend::Postgres
    }

    /// Closes all connections.
    pub async fn close(self) -> Result<(), DbErr> {
        self.read.close().await?;
        self.write.close().await
    }
}

/// Asks the database for nothing, to see that it answers.
pub async fn ping(db: &Db) -> Result<(), DbErr> {
    db.read.ping().await
}

fn sqlite_options(file: &Path, connections: u32, cache: &'static str) -> ConnectOptions {
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

/// The file of a `sqlite:` address; `None` for other addresses.
pub fn sqlite_file(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite:")?;
    Some(PathBuf::from(path.strip_prefix("//").unwrap_or(path)))
}

/// Held by the one server that works on an SQLite file; the operating system gives it up when the process ends, however it ends.
#[derive(Debug)]
pub struct FileLock {
    _file: Option<File>,
}

/// Takes the lock beside the SQLite file of `url`; PostgreSQL needs none.
pub fn lock(url: &str) -> Result<FileLock, OpenError> {
    let Some(database) = sqlite_file(url) else {
        return Ok(FileLock { _file: None });
    };
    let path = database.with_extension("lock");
    let fail = |error| OpenError::File(path.clone(), error);
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(fail)?;
    }
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(fail)?;
    match file.try_lock() {
        Ok(()) => Ok(FileLock { _file: Some(file) }),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(database)),
        Err(TryLockError::Error(error)) => Err(fail(error)),
    }
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
