//! Maps again what waits for it where no events are taken out: sync is off, say, or the key is gone. What time alone has changed, and
//! what an upgrade has left, needs neither. Stripe is sent nothing.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::inbox::is_open;
use crate::app::App;
use crate::error::Error;
use crate::pull::halt::Halt;
use crate::pull::remap;
use crate::store::{self, lease, reference};

/// The integrations whose queues are being emptied here.
#[derive(Debug, Default)]
pub(super) struct Remaps {
    busy: Mutex<HashSet<Uuid>>,
}

impl Remaps {
    /// Begins to empty the queues that wait. Whoever takes events out, or is at work on a run, takes the queue along, and counts it.
    pub(super) async fn look(
        self: &Arc<Self>,
        app: &Arc<App>,
        stop: &CancellationToken,
        tasks: &TaskTracker,
    ) -> Result<(), Error> {
        for id in reference::list_integrations_queued(app.db.read()).await? {
            let integration = store::integration::find(app.db.read(), id).await?;
            let is_taken_along = integration.is_none_or(|integration| is_open(&integration))
                || lease::is_worked_on(app.db.read(), id, app.clock.now_ms()).await?;
            let Some(turn) = self.take(id).filter(|_| !is_taken_along) else {
                continue;
            };
            let (app, stop) = (Arc::clone(app), stop.clone());
            tasks.spawn(async move {
                if let Err(Halt::Failed(error)) = remap::drain_alone(&app, id, &stop).await {
                    tracing::warn!(%error, "records could not be mapped again; the next tick tries again");
                }
                drop(turn);
            });
        }
        Ok(())
    }

    fn take(self: &Arc<Self>, id: Uuid) -> Option<Turn> {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        busy.insert(id).then(|| Turn(Arc::clone(self), id))
    }
}

/// Given back when dropped.
struct Turn(Arc<Remaps>, Uuid);

impl Drop for Turn {
    fn drop(&mut self) {
        let mut busy = self.0.busy.lock().unwrap_or_else(PoisonError::into_inner);
        busy.remove(&self.1);
    }
}
