//! Whether writing works. Every commit tells, every failure too; where neither has told lately, the readiness check writes.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use entity::write_check;
use sea_orm::sea_query::Expr;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait};
use tokio::sync::MutexGuard;

use super::Failure;

/// For so long what the last commit has told is believed.
const TRUSTED: Duration = Duration::from_secs(3);

/// What is known of writing.
#[derive(Debug, Default)]
pub(super) struct Writable {
    committed_at: Mutex<Option<Instant>>,
    checking: tokio::sync::Mutex<()>,
}

/// What the readiness check does next.
pub(super) enum Next<'a> {
    /// Something was written a moment ago.
    Trust,
    /// It writes; nobody else does so while it holds this.
    Check(MutexGuard<'a, ()>),
}

impl Writable {
    pub(super) fn note_commit(&self) {
        self.set(Some(Instant::now()));
    }

    /// A failure to write; others tell nothing of writing.
    pub(super) fn note_failure(&self, error: &DbErr) {
        if matches!(Failure::of(error), Failure::DiskFull | Failure::Unwritable) {
            self.set(None);
        }
    }

    fn set(&self, committed_at: Option<Instant>) {
        *self.committed_at.lock().unwrap_or_else(PoisonError::into_inner) = committed_at;
    }

    fn is_trusted(&self) -> bool {
        let committed_at = *self.committed_at.lock().unwrap_or_else(PoisonError::into_inner);
        committed_at.is_some_and(|at| at.elapsed() < TRUSTED)
    }

    /// Waits for those who check; their writing is believed as any other.
    pub(super) async fn trust_or_turn(&self) -> Next<'_> {
        if self.is_trusted() {
            return Next::Trust;
        }
        let turn = self.checking.lock().await;
        if self.is_trusted() {
            Next::Trust
        } else {
            Next::Check(turn)
        }
    }
}

/// Writes the one row that stands for this.
pub(super) async fn write(conn: &impl ConnectionTrait, now_ms: i64) -> Result<(), DbErr> {
    write_check::Entity::update_many()
        .col_expr(write_check::Column::CheckedAt, Expr::value(now_ms))
        .exec(conn)
        .await
        .map(|_written| ())
}
