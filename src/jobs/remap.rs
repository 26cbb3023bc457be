//! Maps again what waits for it where nothing else is at work: what time alone has changed, and what an upgrade has left. Sends Stripe
//! nothing, so that it needs neither the key nor the switch.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use entity::integration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::app::App;
use crate::error::Error;
use crate::pull::halt::Halt;
use crate::pull::remap;
use crate::pull::rules::Rules;
use crate::store::{self, lease, reference};

/// The integrations whose queues are being emptied here.
#[derive(Debug, Default)]
pub(super) struct Remaps {
    busy: Mutex<HashSet<Uuid>>,
}

impl Remaps {
    /// Begins to empty the queues that wait. Whoever is at work for an integration takes its queue along, and counts it.
    pub(super) async fn look(
        self: &Arc<Self>,
        app: &Arc<App>,
        stop: &CancellationToken,
        tasks: &TaskTracker,
    ) -> Result<(), Error> {
        for id in reference::list_integrations_that_wait(app.db.read()).await? {
            let is_at_work =
                app.turns.is_taken(id) || lease::is_worked_on(app.db.read(), id, app.clock.now_ms()).await?;
            let Some(turn) = self.take(id).filter(|_| !is_at_work) else {
                continue;
            };
            let Some(integration) = store::integration::find(app.db.read(), id).await? else {
                continue;
            };
            let (app, stop) = (Arc::clone(app), stop.clone());
            tasks.spawn(async move {
                if let Err(Halt::Failed(error)) = empty(&app, &integration, &stop).await {
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

async fn empty(app: &Arc<App>, integration: &integration::Model, stop: &CancellationToken) -> Result<(), Halt> {
    let rules = Rules::load(app.db.read(), integration, app.clock.now_ms()).await?;
    remap::drain_alone(app, &rules, stop).await
}
