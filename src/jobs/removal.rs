//! Takes away what people have asked to be removed, piece by piece: all that tells of an erased person, all of a purged integration.
//! Each piece is a transaction and can be done twice, so a process that dies in between goes on.

mod person;
mod purge;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::error::Error;
use crate::store;

/// One remover a process.
#[derive(Debug, Default)]
pub(super) struct Removal {
    is_at_work: AtomicBool,
}

impl Removal {
    /// Begins to remove what was asked for, unless that has begun.
    pub(super) async fn look(
        self: &Arc<Self>,
        app: &Arc<App>,
        stop: &CancellationToken,
        tasks: &TaskTracker,
    ) -> Result<(), Error> {
        if self.is_at_work.load(Ordering::SeqCst) || !(app.db.owes_flush() || is_asked_for(app).await?) {
            return Ok(());
        }
        self.is_at_work.store(true, Ordering::SeqCst);
        let (removal, app, stop) = (Arc::clone(self), Arc::clone(app), stop.clone());
        tasks.spawn(async move {
            if let Err(error) = remove(&app, &stop).await {
                tracing::warn!(%error, "what is to be removed is not removed yet; the next tick goes on");
            }
            removal.is_at_work.store(false, Ordering::SeqCst);
        });
        Ok(())
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
