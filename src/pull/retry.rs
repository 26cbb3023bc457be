//! Reads single objects again: those that failed, or one that somebody wants to be sure of.

use std::collections::HashSet;
use std::sync::Arc;

use entity::kind::{RunState, StripeKind};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::absent;
use super::alone::{self, by_kind};
use super::apply::apply;
use super::broken;
use super::catch_up::end_of;
use super::fill;
use super::halt::Halt;
use super::holder::{Holder, Writer};
use super::progress::Progress;
use super::reading::Reading;
use super::remap;
use super::road::Road;
use super::rules::Rules;
use super::scope::is_in_window;
use super::tally::{by_noun, noun_of};
use crate::app::App;
use crate::error::Error;
use crate::store::{SourceKey, failure};

/// Objects of one transaction.
const BATCH: usize = 50;

/// What is to be read again: the checkpoint of such a run, from the moment it is queued.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Errand {
    /// The objects.
    pub keys: Vec<SourceKey>,
}

/// Runs to the end or to a halt.
pub async fn run(progress: &mut Progress, rules: &Rules, stop: &CancellationToken) -> Result<RunState, Halt> {
    progress.client().ask_for_tiers_in(rules.currencies.iter().cloned());
    let known: Option<Errand> = progress.checkpoint();
    let mut errand = known.ok_or_else(|| Error::Internal("nobody knows what was to be read again".to_owned()))?;
    while !errand.keys.is_empty() {
        if stop.is_cancelled() {
            return Err(Halt::Paused);
        }
        let batch: Vec<SourceKey> = errand.keys.iter().take(BATCH).cloned().collect();
        let unsure = read_again(progress, rules, &mut errand, batch).await?;
        errand.keys.extend(unsure);
    }
    remap::drain(progress, rules.integration_id, stop).await?;
    Ok(end_of(progress))
}

/// The window moves on while an invoice waits to be read again: what an event has brought, or was in scope of what has been imported,
/// belongs here all the same.
async fn bring_in(app: &App, rules: &Rules, readings: &mut [Reading]) -> Result<(), Halt> {
    let invoices = readings.iter().filter(|reading| reading.kind == StripeKind::Invoice);
    let ids = invoices.map(|reading| reading.stripe_id.as_str()).collect();
    let told = failure::find_brought_in(app.db.read(), rules.integration_id, ids).await?;
    for reading in readings {
        let is_covered = |invoice| rules.covered_from.is_some_and(|from| is_in_window(invoice, from));
        reading.brought_in = reading.kind == StripeKind::Invoice
            && (told.contains(&reading.stripe_id) || reading.value.as_ref().is_some_and(is_covered));
    }
    Ok(())
}

/// Gives what could not be placed in time and has to be read once more.
async fn read_again(
    progress: &mut Progress,
    rules: &Rules,
    errand: &mut Errand,
    batch: Vec<SourceKey>,
) -> Result<Vec<SourceKey>, Halt> {
    let app = Arc::clone(progress.app());
    let done = batch.len();
    let wanted = alone::wanted(app.db.read(), rules.integration_id, batch).await?;
    let (readings, mut broken) = alone::read(progress.client(), &rules.rights, wanted).await?;
    let (mut readings, absent) = absent::part(app.db.read(), rules.integration_id, readings).await?;
    bring_in(&app, rules, &mut readings).await?;
    let (readings, more_broken) = fill::complete(progress, rules, readings).await?;
    broken.extend(more_broken);
    let road = Road {
        rules,
        run_id: progress.run_id(),
        now_ms: app.clock.now_ms(),
    };
    let tx = app.db.begin().await?;
    let keys: Vec<SourceKey> = readings
        .iter()
        .map(|read| (read.kind, read.stripe_id.clone()))
        .collect();
    let (mut unsure, mut failed) = (Vec::new(), HashSet::new());
    for (noun, readings) in by_noun(readings) {
        progress.begin(noun);
        let applied = apply(&tx, road, readings).await?;
        progress.count(noun, applied.tally);
        failed.extend(applied.failed);
        unsure.extend(applied.alone);
    }
    let well: Vec<SourceKey> = keys
        .into_iter()
        .filter(|key| !failed.contains(key) && !unsure.contains(key))
        .collect();
    for (kind, ids) in by_kind(&well) {
        failure::resolve(&tx, rules.integration_id, kind, ids, road.now_ms).await?;
    }
    for one in &broken {
        let noun = noun_of(one.0.0);
        progress.begin(noun);
        let tally = broken::record(&tx, road, std::slice::from_ref(one)).await?;
        progress.count(noun, tally);
    }
    for one in &absent {
        let noun = noun_of(one.0);
        progress.begin(noun);
        let tally = absent::record(&tx, road, one).await?;
        progress.count(noun, tally);
    }
    errand.keys.drain(..done);
    let left = Errand {
        keys: errand.keys.iter().chain(&unsure).cloned().collect(),
    };
    progress.keep(&left)?;
    progress.commit(tx).await?;
    Ok(unsure)
}
