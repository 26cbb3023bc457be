//! Takes away what people have asked to be removed, piece by piece: all that tells of an erased person, all of a purged integration.
//! Each piece is a transaction and can be done twice, so a process that dies in between goes on.

mod person;
mod purge;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::pause::{self, Pauses, unbroken};
use crate::app::App;
use crate::error::Error;
use crate::pull::halt::Halt;
use crate::store;

/// One remover a process.
#[derive(Debug, Default)]
pub(super) struct Removal {
    is_at_work: AtomicBool,
    resting: Pauses,
}

/// What the one remover works on.
const EVERYTHING: Uuid = Uuid::nil();

impl Removal {
    /// Begins to remove what was asked for, unless that has begun.
    pub(super) async fn look(
        self: &Arc<Self>,
        app: &Arc<App>,
        stop: &CancellationToken,
        tasks: &TaskTracker,
    ) -> Result<(), Error> {
        let is_busy = self.is_at_work.load(Ordering::SeqCst);
        let is_asked = app.db.owes_flush() || is_asked_for(app).await?;
        if is_busy || !is_asked || self.resting.rests(EVERYTHING, app.clock.now_ms()) {
            return Ok(());
        }
        self.is_at_work.store(true, Ordering::SeqCst);
        let (turn, app, stop) = (Turn(Arc::clone(self)), Arc::clone(app), stop.clone());
        tasks.spawn(async move { turn.remove(&app, &stop).await });
        Ok(())
    }
}

/// Given back when dropped.
struct Turn(Arc<Removal>);

impl Turn {
    async fn remove(self, app: &App, stop: &CancellationToken) {
        let resting = &self.0.resting;
        match unbroken(async { Ok(remove(app, stop).await?) }).await {
            Err(Halt::Failed(error)) => {
                pause::log(&error, EVERYTHING, "what is to be removed is not removed yet");
                resting.begin(EVERYTHING, app.clock.now_ms(), 0);
            }
            _ => resting.forget(EVERYTHING),
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.is_at_work.store(false, Ordering::SeqCst);
    }
}

async fn is_asked_for(app: &App) -> Result<bool, Error> {
    let db = app.db.read();
    Ok(!store::erasure::list_open(db).await?.is_empty() || !store::purge::list_asked_for(db).await?.is_empty())
}

async fn remove(app: &App, stop: &CancellationToken) -> Result<(), Error> {
    person::remove(app, stop).await?;
    purge::remove(app, stop).await?;
    if app.db.owes_flush() && !app.db.flush_log().await? {
        tracing::info!(
            "what was removed still stands in the database's log, which somebody reads; the next tick tries again"
        );
    }
    Ok(())
}
