//! The import: customers, then products, then contracts. Each page's rows and the checkpoint that knows of them are one
//! transaction, so a run that dies at any point goes on where it was.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use entity::kind::{RunState, StripeKind, SyncObject};
use serde::{Deserialize, Serialize};
use tokio::time::interval;
use tokio_util::sync::CancellationToken;

use super::apply::apply;
use super::fetch::{self, Fetched};
use super::lists::{self, List};
use super::progress::{Halt, Progress};
use super::reading::Reading;
use super::road::Road;
use super::rules::Rules;
use super::span::Span;
use super::tally::Tally;
use super::{fill, paid, remap};
use crate::store::SourceKey;
use crate::stripe;

const SIGN_OF_LIFE: Duration = Duration::from_secs(5);
/// Readings of one transaction: one sync to disk for several pages when the writer is the slow side.
const BATCH: usize = 500;

/// How far an import has got.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Checkpoint {
    /// Objects created from this second on are left to the events, Unix seconds of Stripe's clock.
    t0: i64,
    /// Phases that are done.
    phases_done: usize,
    /// The stretches of the present phase that are still to be read; `None` before it begins.
    spans: Option<BTreeMap<u32, Span>>,
    /// Seconds of all stretches of the present phase.
    seconds: i64,
    /// Objects to be read by their ids, because their page could not be placed in time.
    alone: Vec<SourceKey>,
}

/// How an import ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// With everything done, or with objects or lists failed.
    pub state: RunState,
    /// Up to when Stripe's lists were read, Unix seconds of Stripe's clock. Events from here on are not in.
    pub t0: i64,
}

/// Runs the import to its end or to a halt.
pub async fn run(progress: &mut Progress, rules: &Rules, stop: &CancellationToken) -> Result<Ended, Halt> {
    let mut checkpoint = match progress.checkpoint::<Checkpoint>() {
        Some(checkpoint) => checkpoint,
        None => Checkpoint {
            t0: fix_upper_bound(progress).await?,
            ..Checkpoint::default()
        },
    };
    let objects = progress.run().objects.0.clone();
    for object in objects.into_iter().skip(checkpoint.phases_done) {
        progress.begin(object);
        read_lists(progress, rules, &mut checkpoint, object, stop).await?;
        fill::missing(progress, rules, fills(progress, object), object, &checkpoint, stop).await?;
        remap::drain(progress, rules, &checkpoint, stop).await?;
        end_phase(progress, &mut checkpoint, object).await?;
    }
    let is_clean = progress
        .run()
        .phases
        .0
        .iter()
        .all(|phase| phase.state == RunState::Succeeded);
    Ok(Ended {
        state: if is_clean {
            RunState::Succeeded
        } else {
            RunState::Partial
        },
        t0: checkpoint.t0,
    })
}

/// Stripe's present second, by its own clock.
async fn fix_upper_bound(progress: &Progress) -> Result<i64, Halt> {
    let newest = [("created[gte]", progress.run().queued_at.div_euclid(1000).to_string())];
    let page = progress.client().list(StripeKind::Customer, &newest).await;
    match page {
        Ok(page) => Ok(page.seen.min_ms.div_euclid(1000) + 1),
        // A key without the right to customers may still read the rest.
        Err(stripe::Error::PermissionMissing { .. }) => Ok(progress.run().queued_at.div_euclid(1000)),
        Err(error) => Err(error.into()),
    }
}

/// What is read by its id after a phase's lists. Customers only when their list was read: else every one would cost a request.
fn fills(progress: &Progress, object: SyncObject) -> &'static [StripeKind] {
    match object {
        SyncObject::Customer => &[],
        SyncObject::Product => &[StripeKind::Product],
        SyncObject::Contract if progress.run().objects.0.contains(&SyncObject::Customer) => &[
            StripeKind::Subscription,
            StripeKind::Customer,
            StripeKind::Price,
            StripeKind::Product,
            StripeKind::Coupon,
        ],
        SyncObject::Contract => &[
            StripeKind::Subscription,
            StripeKind::Price,
            StripeKind::Product,
            StripeKind::Coupon,
        ],
    }
}

async fn read_lists(
    progress: &mut Progress,
    rules: &Rules,
    checkpoint: &mut Checkpoint,
    object: SyncObject,
    stop: &CancellationToken,
) -> Result<(), Halt> {
    let lists = lists::lists(object, rules, checkpoint.t0);
    if checkpoint.spans.is_none() {
        let spans = lists::whole_spans(&lists, checkpoint.t0);
        checkpoint.seconds = spans.iter().map(Span::seconds_left).sum();
        checkpoint.spans = Some(spans.into_iter().map(|span| (span.id, span)).collect());
    }
    let spans = checkpoint
        .spans
        .iter()
        .flatten()
        .map(|(_, span)| span.clone())
        .collect();
    let reach = paid::Reach::of(rules, checkpoint.t0);
    settle_alone(progress, rules, checkpoint, object).await?;
    let (mut pages, fetchers) = fetch::start(progress.client(), lists.clone(), spans, reach);
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
    drop(fetchers);
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
    let mut readings = Vec::new();
    let mut nameless = 0;
    for page in batch {
        match page {
            Ok(page) => {
                nameless += page.nameless;
                move_on(checkpoint, page.span_id, page.rest, page.split_off);
                readings.extend(page.readings);
            }
            // The rest goes on without the list that the key may not read.
            Err((list, error @ stripe::Error::PermissionMissing { .. })) => {
                tracing::warn!(%error, list = ?lists[list].gives, "a list cannot be read");
                progress.phase(object).state = RunState::Failed;
                drop_list(checkpoint, list);
            }
            Err((_, error)) => return Err(error.into()),
        }
    }
    commit(progress, rules, checkpoint, object, readings, nameless).await?;
    settle_alone(progress, rules, checkpoint, object).await
}

/// Reads by their ids what could not be placed in time. The checkpoint knows of them until they are applied.
async fn settle_alone(
    progress: &mut Progress,
    rules: &Rules,
    checkpoint: &mut Checkpoint,
    object: SyncObject,
) -> Result<(), Halt> {
    if checkpoint.alone.is_empty() {
        return Ok(());
    }
    let readings = fetch::read_alone(progress.client(), checkpoint.alone.clone()).await?;
    checkpoint.alone.clear();
    commit(progress, rules, checkpoint, object, readings, 0).await
}

async fn commit(
    progress: &mut Progress,
    rules: &Rules,
    checkpoint: &mut Checkpoint,
    object: SyncObject,
    readings: Vec<Reading>,
    nameless: usize,
) -> Result<(), Halt> {
    let app = Arc::clone(progress.app());
    let road = Road {
        rules,
        run_id: progress.run().id,
        now_ms: app.clock.now_ms(),
    };
    let tx = app.db.begin().await?;
    let applied = apply(&tx, road, readings).await?;
    checkpoint.alone.extend(applied.alone);
    progress.count(object, applied.tally);
    progress.count(
        object,
        Tally {
            failed: u64::try_from(nameless).unwrap_or(u64::MAX),
            ..Tally::default()
        },
    );
    progress.phase(object).done_permille = done_permille(checkpoint);
    progress.commit(tx, checkpoint).await
}

fn move_on(checkpoint: &mut Checkpoint, span_id: u32, rest: Option<Span>, split_off: Option<Span>) {
    let spans = checkpoint.spans.get_or_insert_default();
    spans.remove(&span_id);
    spans.extend(rest.into_iter().chain(split_off).map(|span| (span.id, span)));
}

fn drop_list(checkpoint: &mut Checkpoint, list: usize) {
    checkpoint
        .spans
        .get_or_insert_default()
        .retain(|_, span| span.list != list);
}

fn done_permille(checkpoint: &Checkpoint) -> u32 {
    let left: i64 = checkpoint
        .spans
        .iter()
        .flatten()
        .map(|(_, span)| span.seconds_left())
        .sum();
    let done = (checkpoint.seconds - left).max(0).saturating_mul(1000) / checkpoint.seconds.max(1);
    u32::try_from(done.min(1000)).unwrap_or(1000)
}

async fn end_phase(progress: &mut Progress, checkpoint: &mut Checkpoint, object: SyncObject) -> Result<(), Halt> {
    let phase = progress.phase(object);
    if phase.state == RunState::Running {
        phase.state = if phase.failed == 0 {
            RunState::Succeeded
        } else {
            RunState::Partial
        };
        phase.done_permille = 1000;
    }
    checkpoint.phases_done += 1;
    checkpoint.spans = None;
    let app = Arc::clone(progress.app());
    progress.commit(app.db.begin().await?, checkpoint).await
}
