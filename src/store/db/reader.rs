//! Reads: for the API's callers with connections of their own and within bounds, for all others without.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use sea_orm::metric::Info;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, Statement};

use super::api_request::ApiRequest;

/// Connections for reading.
#[derive(Debug, Clone)]
pub struct Reader {
    work: DatabaseConnection,
    callers: DatabaseConnection,
    abandoned: Arc<Abandoned>,
}

impl Reader {
    pub(super) fn new(work: DatabaseConnection, callers: DatabaseConnection, abandoned: Arc<Abandoned>) -> Self {
        Self {
            work,
            callers,
            abandoned,
        }
    }

    pub(super) fn watch(&mut self, watch: impl Fn(&Info<'_>) + Send + Sync + 'static) {
        let watch = Arc::new(watch);
        let same = Arc::clone(&watch);
        self.work.set_metric_callback(move |info| watch(info));
        self.callers.set_metric_callback(move |info| same(info));
    }

    /// When callers have left.
    pub(super) fn abandoned(&self) -> &Arc<Abandoned> {
        &self.abandoned
    }

    /// The connections that nobody but sync and its like reads with.
    pub(super) fn work(&self) -> &DatabaseConnection {
        &self.work
    }

    pub(super) async fn close(self) -> Result<(), DbErr> {
        self.callers.close().await?;
        self.work.close().await
    }

    async fn run<'a, T>(
        &'a self,
        ask: impl FnOnce(&'a DatabaseConnection) -> BoxFuture<'a, Result<T, DbErr>> + Send,
    ) -> Result<T, DbErr> {
        let Some(request) = ApiRequest::current() else {
            return ask(&self.work).await;
        };
        let is_left = Arc::default();
        let mut answering = Box::pin(request.run(&is_left, ask(&self.callers)));
        // Dropped before the statement is, whose connection goes back to the pool with that.
        let mut waiting = Waiting {
            is_left: Arc::clone(&is_left),
            abandoned: &self.abandoned,
            is_answered: false,
        };
        let answer = (&mut answering).await;
        waiting.is_answered = true;
        answer
    }
}

/// When a caller last left before a statement was answered.
#[derive(Debug, Default)]
pub(super) struct Abandoned(Mutex<Option<Instant>>);

impl Abandoned {
    /// For so long a connection that comes back may still be busy with it.
    const LATELY: Duration = Duration::from_secs(2);

    pub(super) fn note(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// A connection that comes back now may be busy with a statement that nobody waits for.
    pub(super) fn lately(&self) -> bool {
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_some_and(|last| last.elapsed() < Self::LATELY)
    }
}

/// Somebody who waits for the answer to a statement, and may leave.
struct Waiting<'a> {
    is_left: Arc<AtomicBool>,
    abandoned: &'a Abandoned,
    is_answered: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.is_answered {
            self.abandoned.note();
            self.is_left.store(true, Ordering::Relaxed);
        }
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Reader {
    fn get_database_backend(&self) -> DbBackend {
        self.work.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.run(|connection| connection.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let sql = sql.to_owned();
        self.run(|connection| Box::pin(async move { connection.execute_unprepared(&sql).await }))
            .await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.run(|connection| connection.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.run(|connection| connection.query_all_raw(statement)).await
    }
}
