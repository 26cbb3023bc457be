//! Everything that is kept and was mapped by other rules than today's: a mapping was edited, or the product maps otherwise than it did.
//! A record is written whole or not at all, and the checkpoint with it, so a run that dies goes on where it was.

use std::sync::Arc;

use entity::kind::{RunState, StripeKind, SyncObject};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{drain, item, parsed, write};
use crate::app::App;
use crate::crash;
use crate::error::Error;
use crate::pull::halt::Halt;
use crate::pull::holder::{Holder, Writer};
use crate::pull::progress::Progress;
use crate::pull::record::Item;
use crate::pull::road::Road;
use crate::pull::rules::Rules;
use crate::store::source::{self, Kept};
use crate::store::{Db, turn};

/// Objects of one transaction.
const BATCH: u64 = 1_000;
/// Batches that may wait for the writer.
const WAITING: usize = 2;

/// What is to be mapped, decoded as far as that needs it.
type Ahead = (Kept, Option<Value>);

/// How far a run has got.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Place {
    /// Kinds that are done.
    kinds_done: usize,
    /// The last object of the present kind.
    after: String,
    /// Objects of the present kind that were to be mapped when it began.
    of: Option<u64>,
    /// Of them, those that are done.
    done: u64,
}

/// Runs to the end or to a halt.
pub async fn run(progress: &mut Progress, rules: &Rules, stop: &CancellationToken) -> Result<RunState, Halt> {
    let mut place: Place = progress.checkpoint().unwrap_or_default();
    let objects = progress.run().objects.0.clone();
    let mut all = Vec::new();
    for object in &objects {
        all.extend(kinds(*object).iter().map(|kind| (*object, *kind)));
    }
    for (object, kind) in all.into_iter().skip(place.kinds_done) {
        progress.begin(object);
        map_kind(progress, rules, stop, &mut place, (object, kind)).await?;
        place = Place {
            kinds_done: place.kinds_done + 1,
            ..Place::default()
        };
    }
    drain(progress, rules.integration_id, stop).await?;
    for object in &objects {
        progress.end_phase(*object);
    }
    Ok(crate::pull::catch_up::end_of(progress))
}

/// What makes the records of a noun. A contract shows its subscription, so that comes first.
fn kinds(object: SyncObject) -> &'static [StripeKind] {
    match object {
        SyncObject::Customer => &[StripeKind::Customer],
        SyncObject::Product => &[StripeKind::Product],
        SyncObject::Contract => &[StripeKind::Subscription, StripeKind::Invoice],
    }
}

async fn map_kind(
    progress: &mut Progress,
    rules: &Rules,
    stop: &CancellationToken,
    place: &mut Place,
    (object, kind): (SyncObject, StripeKind),
) -> Result<(), Halt> {
    let app = Arc::clone(progress.app());
    let stamp = rules.stamp(kind);
    let of = match place.of {
        Some(of) => of,
        None => source::count_mapped_otherwise(app.db.read(), rules.integration_id, kind, stamp).await?,
    };
    place.of = Some(of);
    let mut batches = read_ahead(&app.db, rules.integration_id, (kind, stamp), place.after.clone());
    while let Some(batch) = batches.recv().await {
        if stop.is_cancelled() {
            return Err(Halt::Paused);
        }
        let batch = batch?;
        let Some(last) = batch.last() else { break };
        place.after.clone_from(&last.0.stripe_id);
        place.done += u64::try_from(batch.len()).unwrap_or_default();
        let done_permille = place.done.saturating_mul(1000) / of.max(1);
        progress.phase(object).done_permille = u32::try_from(done_permille.min(1000)).unwrap_or(1000);
        map_batch(&app, progress, rules, place, (object, kind), batch).await?;
    }
    Ok(())
}

/// Reads and decodes while the batch before is written.
fn read_ahead(
    db: &Db,
    integration_id: Uuid,
    (kind, stamp): (StripeKind, i64),
    mut after: String,
) -> mpsc::Receiver<Result<Vec<Ahead>, Error>> {
    let (sender, batches) = mpsc::channel(WAITING);
    let db = db.clone();
    tokio::spawn(async move {
        loop {
            let batch = read(&db, integration_id, (kind, stamp), &after).await;
            let last = batch.as_ref().ok().and_then(|batch| batch.last());
            let last = last.map(|(kept, _)| kept.stripe_id.clone());
            // A closed channel means that the run has stopped for a reason of its own.
            if sender.send(batch).await.is_err() {
                return;
            }
            match last {
                Some(last) => after = last,
                None => return,
            }
        }
    });
    batches
}

async fn read(
    db: &Db,
    integration_id: Uuid,
    (kind, stamp): (StripeKind, i64),
    after: &str,
) -> Result<Vec<Ahead>, Error> {
    let batch = source::list_mapped_otherwise(db.read(), integration_id, kind, stamp, after, BATCH).await?;
    let decoded = batch.into_iter().map(|kept| {
        let value = parsed(kind, &kept.body)?;
        Ok((kept, value))
    });
    decoded.collect()
}

async fn map_batch(
    app: &App,
    progress: &mut Progress,
    rules: &Rules,
    place: &Place,
    (object, kind): (SyncObject, StripeKind),
    batch: Vec<Ahead>,
) -> Result<(), Halt> {
    let tx = app.db.begin().await?;
    turn::take(&tx, rules.integration_id).await?;
    let ids = batch.iter().map(|(kept, _)| kept.stripe_id.as_str()).collect();
    let now_so = source::find_stored(&tx, rules.integration_id, kind, ids).await?;
    // What was written since the batch was read was mapped by today's rules.
    let is_as_read = |(kept, _): &&Ahead| {
        now_so
            .get(&kept.stripe_id)
            .is_some_and(|stored| stored.digest == kept.digest && stored.deleted == kept.body.deleted)
    };
    let items: Vec<Item<'_>> = batch
        .iter()
        .filter(is_as_read)
        .map(|(kept, value)| item(&kept.stripe_id, &kept.body, value.as_ref(), rules.stamp(kind)))
        .collect();
    let road = Road {
        rules,
        run_id: progress.run_id(),
        now_ms: app.clock.now_ms(),
    };
    let tally = write(&tx, road, kind, &items).await?;
    progress.count(object, tally);
    progress.keep(place)?;
    crash::point("remap.batch_written");
    progress.commit(tx).await?;
    crash::point("remap.batch_committed");
    Ok(())
}
