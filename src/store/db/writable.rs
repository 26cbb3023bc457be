//! Whether writing works. The readiness check writes a row; what it finds is believed for a few seconds, and so is each failure that
//! others meet. A commit of theirs proves nothing: one that changes nothing succeeds on a full disk as well.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use entity::write_check;
use sea_orm::sea_query::Expr;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait};
use tokio::sync::MutexGuard;

use super::Failure;

/// For so long what was found is believed. A small write may succeed where another has just found no room: a failure is believed
/// for as long.
const BELIEVED: Duration = Duration::from_secs(3);

/// What is known of writing.
#[derive(Debug, Default)]
pub(super) struct Writable {
    found: Mutex<Option<(Instant, Result<(), Failure>)>>,
    checking: tokio::sync::Mutex<()>,
}

/// What the readiness check does next.
pub(super) enum Next<'a> {
    /// It says what was found a moment ago.
    Believe(Result<(), Failure>),
    /// It writes; nobody else does so while it holds this.
    Check(MutexGuard<'a, ()>),
}

impl Writable {
    /// The check has written its row.
    pub(super) fn note_written(&self) {
        self.note(Ok(()));
    }

    /// A failure to write; others tell nothing of writing.
    pub(super) fn note_failure(&self, error: &DbErr) {
        let failure = Failure::of(error);
        if matches!(failure, Failure::DiskFull | Failure::Unwritable) {
            self.note(Err(failure));
        }
    }

    fn note(&self, found: Result<(), Failure>) {
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), found));
    }

    fn believed(&self) -> Option<Result<(), Failure>> {
        let found = *self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.filter(|(at, _)| at.elapsed() < BELIEVED).map(|(_, found)| found)
    }

    /// Waits for those who check; what they find is believed as well.
    pub(super) async fn believe_or_check(&self) -> Next<'_> {
        if let Some(found) = self.believed() {
            return Next::Believe(found);
        }
        let turn = self.checking.lock().await;
        self.believed().map_or(Next::Check(turn), Next::Believe)
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
