//! Takes up runs: one at a time an integration, as many side by side as there are integrations.

use std::sync::Arc;

use sea_orm::DbErr;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::inbox::Inbox;
use super::remap::Remaps;
use super::removal::Removal;
use super::{timetable, work};
use crate::app::App;
use crate::store::{free, lease};

/// Wakes with each tick, and at once when a run was queued here.
pub(super) async fn run(app: Arc<App>, stop: CancellationToken, tasks: TaskTracker) {
    let owner = app.turns.owner();
    let (inbox, remaps) = (Arc::new(Inbox::default()), Arc::new(Remaps::default()));
    let removal = Arc::new(Removal::default());
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = app.wake.notified() => {}
        }
        if let Err(error) = take_up_all(&app, owner, &stop, &tasks).await {
            tracing::warn!(%error, "runs could not be taken up; the next tick tries again");
        }
        if let Err(error) = inbox.look(&app, &stop, &tasks).await {
            tracing::warn!(%error, "events could not be looked for; the next tick tries again");
        }
        if let Err(error) = remaps.look(&app, &stop, &tasks).await {
            tracing::warn!(%error, "what waits to be mapped again could not be looked for; the next tick tries again");
        }
        if let Err(error) = removal.look(&app, &stop, &tasks).await {
            tracing::warn!(%error, "what is to be removed could not be looked for; the next tick tries again");
        }
    }
}

async fn take_up_all(app: &Arc<App>, owner: Uuid, stop: &CancellationToken, tasks: &TaskTracker) -> Result<(), DbErr> {
    timetable::queue_due(app).await?;
    while free::has_free(app.db.read(), app.clock.now_ms()).await? {
        let tx = app.db.begin().await?;
        let run = lease::take_up(&tx, owner, app.clock.now_ms()).await?;
        tx.commit().await?;
        let Some(run) = run else { return Ok(()) };
        app.changed.send_replace(());
        tasks.spawn(work::see_through(Arc::clone(app), run, stop.clone()));
    }
    Ok(())
}
