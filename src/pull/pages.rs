//! From the fetchers to the one writer: pages become rows, and the checkpoint that knows of them is in the same transaction.

use std::sync::Arc;
use std::time::Duration;

use entity::kind::{StripeKind, SyncObject};
use tokio::time::interval;
use tokio_util::sync::CancellationToken;

use super::alone;
use super::apply::apply;
use super::broken::{self, Broken};
use super::checkpoint::Checkpoint;
use super::fetch::{self, Fetched, Here};
use super::halt::Halt;
use super::holder::{Holder, Writer};
use super::lists::{self, List};
use super::paid;
use super::progress::Progress;
use super::reading::Reading;
use super::road::Road;
use super::rules::Rules;
use super::tally::Tally;
use crate::error::Error;
use crate::{crash, stripe};

const SIGN_OF_LIFE: Duration = Duration::from_secs(5);
/// Readings of one transaction: one sync to disk for several pages when the writer is the slow side.
const BATCH: usize = 500;

/// Reads the lists of a phase to their ends.
pub(super) async fn read_lists(
    progress: &mut Progress,
    rules: &Rules,
    checkpoint: &mut Checkpoint,
    object: SyncObject,
    stop: &CancellationToken,
) -> Result<(), Halt> {
    let lists = lists::lists(progress.run().kind, object, rules, checkpoint.t0);
    let t0 = checkpoint.t0;
    checkpoint.begin_phase(|| lists::whole_spans(&lists, t0));
    let reach = paid::Reach::of(progress.run().kind, rules, checkpoint.t0);
    settle_alone(progress, rules, checkpoint, object).await?;
    let (mut pages, mut fetchers) = fetch::start(
        progress.client(),
        rules.rights.clone(),
        lists.clone(),
        checkpoint.list_spans(),
        reach,
        Here {
            db: progress.app().db.clone(),
            integration_id: rules.integration_id,
        },
    );
    let mut signs = interval(SIGN_OF_LIFE);
    signs.reset();
    loop {
        let batch = tokio::select! {
            () = stop.cancelled() => return Err(Halt::Paused),
            _ = signs.tick() => { progress.renew().await?; continue }
            page = pages.recv() => match page {
                None => break,
                Some(first) => gather(first, &mut pages),
            },
        };
        write(progress, rules, checkpoint, object, &lists, batch).await?;
        signs.reset();
    }
    // One that broke down has left its stretch unread, and the end of the pages is not the end of the lists.
    while let Some(ended) = fetchers.join_next().await {
        ended.map_err(|panic| Error::Internal(format!("a list was not read to its end: {panic}")))?;
    }
    Ok(())
}

/// The pages that wait already go into the same transaction.
fn gather(first: Fetched, pages: &mut tokio::sync::mpsc::Receiver<Fetched>) -> Vec<Fetched> {
    let size = |page: &Fetched| page.as_ref().map_or(0, |page| page.readings.len());
    let mut readings = size(&first);
    let mut batch = vec![first];
    while readings < BATCH
        && let Ok(next) = pages.try_recv()
    {
        readings += size(&next);
        batch.push(next);
    }
    batch
}

async fn write(
    progress: &mut Progress,
    rules: &Rules,
    checkpoint: &mut Checkpoint,
    object: SyncObject,
    lists: &[List],
    batch: Vec<Fetched>,
) -> Result<(), Halt> {
    let (mut readings, mut broken) = (Vec::new(), Vec::new());
    let mut nameless = 0;
    for page in batch {
        match page {
            Ok(page) => {
                nameless += page.nameless;
                checkpoint.move_on(page.span_id, page.rest, page.split_off);
                readings.extend(page.readings);
                broken.extend(page.broken);
            }
            // The rest goes on without the list that the key never could read.
            Err((list, error @ stripe::Error::PermissionMissing { .. }))
                if !rules.rights.may_read(lists[list].right()) =>
            {
                tracing::warn!(%error, list = ?lists[list].gives, "a list cannot be read");
                // Records are whole without refunds but for what they say of them; the table of the key's rights tells it.
                if lists[list].right() != Some(StripeKind::Refund) {
                    progress.mark_unread(object);
                }
                checkpoint.drop_list(list);
            }
            Err((_, error)) => return Err(error.into()),
        }
    }
    let nameless = Tally {
        failed: u64::try_from(nameless).unwrap_or(u64::MAX),
        ..Tally::default()
    };
    progress.count(object, nameless);
    commit(progress, rules, checkpoint, object, readings, &broken).await?;
    settle_alone(progress, rules, checkpoint, object).await
}

/// Reads by their ids what could not be placed in time. The checkpoint knows of them until they are applied.
pub(super) async fn settle_alone(
    progress: &mut Progress,
    rules: &Rules,
    checkpoint: &mut Checkpoint,
    object: SyncObject,
) -> Result<(), Halt> {
    while !checkpoint.alone.is_empty() {
        let keys = checkpoint.alone.clone();
        let wanted = alone::wanted(progress.app().db.read(), rules.integration_id, keys).await?;
        let (readings, broken) = alone::read(progress.client(), &rules.rights, wanted).await?;
        checkpoint.alone.clear();
        commit(progress, rules, checkpoint, object, readings, &broken).await?;
    }
    Ok(())
}

/// Writes readings together with the checkpoint.
pub(super) async fn commit(
    progress: &mut Progress,
    rules: &Rules,
    checkpoint: &mut Checkpoint,
    object: SyncObject,
    readings: Vec<Reading>,
    broken: &[Broken],
) -> Result<(), Halt> {
    let app = Arc::clone(progress.app());
    let road = Road {
        rules,
        run_id: progress.run_id(),
        now_ms: app.clock.now_ms(),
    };
    let tx = app.db.begin().await?;
    crash::point("pages.begun");
    let applied = apply(&tx, road, readings).await?;
    checkpoint.alone.extend(applied.alone);
    progress.count(object, applied.tally);
    let failed = broken::record(&tx, road, broken).await?;
    progress.count(object, failed);
    progress.phase(object).done_permille = checkpoint.done_permille();
    progress.keep(checkpoint)?;
    crash::point("pages.before_commit");
    progress.commit(tx).await?;
    crash::point("pages.after_commit");
    Ok(())
}
