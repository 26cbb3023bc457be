//! A writing transaction: all of it, or nothing. After a statement has failed it takes no more and cannot be committed.
//!
//! Neither database says so by itself. PostgreSQL answers the COMMIT of a transaction in which a statement has failed with success, and
//! rolls back. SQLite may have rolled back when the statement failed, and then executes the next one for itself, at once and for good.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement};

use super::reader::Abandoned;
use super::writable::Writable;

/// A writing transaction. Dropped without [`Transaction::commit`] it has done nothing.
#[derive(Debug)]
pub struct Transaction {
    inner: DatabaseTransaction,
    has_failed: AtomicBool,
    writable: Arc<Writable>,
    abandoned: Arc<Abandoned>,
}

impl Transaction {
    pub(super) fn new(inner: DatabaseTransaction, writable: Arc<Writable>, abandoned: Arc<Abandoned>) -> Self {
        Self {
            inner,
            has_failed: AtomicBool::new(false),
            writable,
            abandoned,
        }
    }

    /// Makes it last. Where this fails, nothing was written, unless the connection was lost before the answer.
    pub async fn commit(self) -> Result<(), DbErr> {
        self.refuse_after_failure()?;
        let committed = self.inner.commit().await;
        if let Err(error) = &committed {
            self.writable.note_failure(error);
        }
        committed
    }

    async fn run<T>(&self, statement: impl Future<Output = Result<T, DbErr>> + Send) -> Result<T, DbErr> {
        self.refuse_after_failure()?;
        let mut waiting = Waiting {
            transaction: self,
            is_done: false,
        };
        let done = statement.await;
        waiting.is_done = done.is_ok();
        if let Err(error) = &done {
            self.writable.note_failure(error);
        }
        done
    }

    fn refuse_after_failure(&self) -> Result<(), DbErr> {
        if self.has_failed.load(Ordering::Acquire) {
            let message = "a statement of this transaction has failed: it can only be begun again";
            return Err(DbErr::Custom(message.to_owned()));
        }
        Ok(())
    }
}

/// Somebody who waits for a statement. Whoever leaves before it is done does not learn whether it has failed: that counts as a failure.
struct Waiting<'a> {
    transaction: &'a Transaction,
    is_done: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.is_done {
            self.transaction.has_failed.store(true, Ordering::Release);
            self.transaction.abandoned.note();
        }
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.run(self.inner.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.run(self.inner.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.run(self.inner.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.run(self.inner.query_all_raw(statement)).await
    }
}
