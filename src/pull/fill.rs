//! Fetches what is named and not here: inline prices that no list has, deleted customers, products of other times. Needs no
//! checkpoint: what is missing is asked of the database.

use entity::kind::{RunState, StripeKind, SyncObject};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::apply::apply;
use super::fetch;
use super::progress::{Halt, Progress};
use super::road::Road;
use super::rules::Rules;
use crate::error::Error;
use crate::store::{SourceKey, reference};
use crate::stripe;

const BATCH: u64 = 100;

/// Fetches all missing objects of `kinds`, and what those name in turn.
pub(super) async fn missing(
    progress: &mut Progress,
    rules: &Rules,
    kinds: &[StripeKind],
    object: SyncObject,
    checkpoint: &impl Serialize,
    stop: &CancellationToken,
) -> Result<(), Halt> {
    for kind in kinds {
        let mut after = String::new();
        loop {
            let read = progress.app().db.read();
            let ids = reference::list_missing(read, rules.integration_id, *kind, &after, BATCH).await?;
            let Some(last) = ids.last().cloned() else { break };
            let keys = ids.into_iter().map(|id| (*kind, id)).collect();
            match fetch_and_apply(progress, rules, keys, object, checkpoint, stop).await {
                // What the key may not read stays missing, and the rest goes on.
                Err(Halt::Failed(Error::Stripe(stripe::Error::PermissionMissing { .. }))) => {
                    progress.phase(object).state = RunState::Failed;
                    break;
                }
                done => done?,
            }
            after = last;
        }
    }
    Ok(())
}

/// Reads `keys` by their ids and applies them.
async fn fetch_and_apply(
    progress: &mut Progress,
    rules: &Rules,
    keys: Vec<SourceKey>,
    object: SyncObject,
    checkpoint: &impl Serialize,
    stop: &CancellationToken,
) -> Result<(), Halt> {
    if stop.is_cancelled() {
        return Err(Halt::Paused);
    }
    let readings = fetch::read_alone(progress.client(), keys).await?;
    let app = std::sync::Arc::clone(progress.app());
    let tx = app.db.begin().await?;
    let road = Road {
        rules,
        run_id: progress.run().id,
        now_ms: app.clock.now_ms(),
    };
    let applied = apply(&tx, road, readings).await?;
    progress.count(object, applied.tally);
    progress.commit(tx, checkpoint).await
}
