//! Takes events out of the inbox when some have come, outside of any look at Stripe's list, and maps again what is queued for that.

use std::sync::Arc;

use entity::integration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::pause::{self, Pauses, unbroken};
use super::work::{is_of_key, reason};
use super::{aftermath, rest};
use crate::app::App;
use crate::error::Error;
use crate::pull::halt::Halt;
use crate::pull::inbox::{Lane, drain};
use crate::pull::rules::Rules;
use crate::store;

/// The integrations whose events wait for Stripe or the database to come back.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    resting: Pauses,
}

impl Inbox {
    /// Begins to take out what waits, of each integration where nobody does. Taking out begins with what is to be mapped again.
    pub(super) async fn look(
        self: &Arc<Self>,
        app: &Arc<App>,
        stop: &CancellationToken,
        tasks: &TaskTracker,
    ) -> Result<(), Error> {
        let mut waiting = store::inbox::list_integrations_that_wait(app.db.read()).await?;
        waiting.extend(store::remap_queue::list_integrations(app.db.read()).await?);
        waiting.sort_unstable();
        waiting.dedup();
        for id in waiting {
            if app.turns.is_taken(id) || self.resting.rests(id, app.clock.now_ms()) {
                continue;
            }
            let Some(integration) = store::integration::find(app.db.read(), id).await? else {
                continue;
            };
            if is_open(&integration) {
                let (inbox, app, stop) = (Arc::clone(self), Arc::clone(app), stop.clone());
                tasks.spawn(async move { inbox.take_out(app, integration, stop).await });
            }
        }
        Ok(())
    }

    async fn take_out(&self, app: Arc<App>, integration: integration::Model, stop: CancellationToken) {
        match unbroken(Box::pin(take_out(&app, &integration, &stop))).await {
            Ok(()) | Err(Halt::Paused | Halt::Canceled | Halt::LeaseLost) => self.resting.forget(integration.id),
            Err(Halt::Failed(error)) => self.rest(&app, &integration, &error).await,
        }
    }

    async fn rest(&self, app: &App, integration: &integration::Model, error: &Error) {
        pause::log(error, integration.id, "events wait");
        if is_of_key(error) || matches!(error, Error::ConnectedTwice(_)) {
            let (code, message) = reason(error);
            if let Err(error) = aftermath::stop_pulling(app, integration, code, &message).await {
                tracing::error!(%error, "the schedule could not be stopped");
            }
        }
        self.resting
            .begin(integration.id, app.clock.now_ms(), rest::asked(error));
    }
}

/// Events have their effect once the first import has ended, and while sync is on.
pub(super) fn is_open(integration: &integration::Model) -> bool {
    integration.sync_enabled
        && integration.key_sealed.is_some()
        && integration.key_problem.is_none()
        && integration.event_watermark.is_some()
}

async fn take_out(app: &Arc<App>, integration: &integration::Model, stop: &CancellationToken) -> Result<(), Halt> {
    let Some(mut lane) = Lane::take(app, integration, None).await? else {
        return Ok(());
    };
    let rules = Rules::load(app.db.read(), integration, app.clock.now_ms()).await?;
    let drained = drain(&mut lane, &rules, stop).await;
    lane.leave().await?;
    drained
}
