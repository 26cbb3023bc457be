//! Maps again what waits for it where no events are taken out: sync is off, say, or the key is gone. What time alone has changed, and
//! what an upgrade has left, needs neither. Stripe is sent nothing.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::inbox::is_open;
use super::pause::{self, Pauses, unbroken};
use crate::app::App;
use crate::error::Error;
use crate::pull::halt::Halt;
use crate::pull::remap;
use crate::store::{self, free, remap_queue};

/// The integrations whose queues are being emptied here.
#[derive(Debug, Default)]
pub(super) struct Remaps {
    busy: Mutex<HashSet<Uuid>>,
    resting: Pauses,
}

impl Remaps {
    /// Begins to empty the queues that wait.
    pub(super) async fn look(
        self: &Arc<Self>,
        app: &Arc<App>,
        stop: &CancellationToken,
        tasks: &TaskTracker,
    ) -> Result<(), Error> {
        for id in remap_queue::list_integrations(app.db.read()).await? {
            if self.resting.rests(id, app.clock.now_ms()) || !is_for_here(app, id).await? {
                continue;
            }
            let Some(turn) = self.take(id) else { continue };
            let (app, stop) = (Arc::clone(app), stop.clone());
            tasks.spawn(async move { turn.drain(&app, &stop).await });
        }
        Ok(())
    }

    fn take(self: &Arc<Self>, id: Uuid) -> Option<Turn> {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        busy.insert(id).then(|| Turn(Arc::clone(self), id))
    }
}

/// Whoever takes events out, or is at work on a run, takes the queue along, and counts it; what is being removed is mapped no more.
async fn is_for_here(app: &App, id: Uuid) -> Result<bool, Error> {
    let Some(integration) = store::integration::find(app.db.read(), id).await? else {
        return Ok(false);
    };
    Ok(integration.purge_requested_at.is_none()
        && !is_open(&integration)
        && !free::is_worked_on(app.db.read(), id, app.clock.now_ms()).await?)
}

/// Given back when dropped.
struct Turn(Arc<Remaps>, Uuid);

impl Turn {
    async fn drain(self, app: &Arc<App>, stop: &CancellationToken) {
        let Self(remaps, id) = &self;
        match unbroken(remap::drain_alone(app, *id, stop)).await {
            Err(Halt::Failed(error)) => {
                pause::log(&error, *id, "records could not be mapped again yet");
                remaps.resting.begin(*id, app.clock.now_ms(), 0);
            }
            _ => remaps.resting.forget(*id),
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut busy = self.0.busy.lock().unwrap_or_else(PoisonError::into_inner);
        busy.remove(&self.1);
    }
}
