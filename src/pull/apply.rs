//! The one way through: news? keep the source, map it, write the record, queue what depends on it. All in the caller's
//! transaction, so that a reading has its whole effect or none.

use std::collections::{BTreeMap, HashMap};

use entity::kind::{RecordState, StripeKind};
use uuid::Uuid;

use super::erased;
use super::names::{Named, names_to_keep, queue_dependents};
use super::news::{self, News, State, Way};
use super::outcome::Outcome;
use super::reading::{Origin, Reading};
use super::record::{self, Item, Written};
use super::road::Road;
use super::rules::Rules;
use super::scope;
use super::tally::{Tally, makes_records};
use super::twice::Others;
use super::{terms, tiers};
use crate::crash;
use crate::error::Error;
use crate::map::MapError;
use crate::store::Transaction;
use crate::store::source::Stored;
use crate::store::{SourceKey, currency, failure, reference, source, turn};
use crate::stripe::Seen;

/// What came of a batch.
#[derive(Debug, Default)]
pub struct Applied {
    /// What became of the objects.
    pub tally: Tally,
    /// Objects to be read by their id, because their reading cannot be placed in time. They are not counted yet.
    pub alone: Vec<SourceKey>,
    /// Objects that could not be mapped.
    pub failed: Vec<SourceKey>,
}

/// Applies a batch. What a record shows goes before it.
pub async fn apply(tx: &Transaction, road: Road<'_>, readings: Vec<Reading>) -> Result<Applied, Error> {
    turn::take(tx, road.rules.integration_id).await?;
    let others = Others::find(tx, road.rules.integration_id).await?;
    let readings = erased::shield(tx, road.rules.integration_id, readings).await?;
    note_currencies(tx, road.rules, &readings).await?;
    let mut by_kind: BTreeMap<u8, Vec<Reading>> = BTreeMap::new();
    for mut reading in readings {
        let of_discounts = std::mem::take(&mut reading.terms);
        if !of_discounts.is_empty() {
            terms::keep(
                tx,
                road.rules.integration_id,
                (reading.kind, &reading.stripe_id),
                of_discounts,
            )
            .await?;
        }
        by_kind.entry(rank(reading.kind)).or_default().push(reading);
    }
    let mut applied = Applied::default();
    for readings in by_kind.into_values() {
        apply_kind(tx, road, readings, &others, &mut applied).await?;
    }
    Ok(applied)
}

/// Prices are asked for by the currencies that subscriptions have.
async fn note_currencies(tx: &Transaction, rules: &Rules, readings: &[Reading]) -> Result<(), Error> {
    let mut new = tiers::currencies(readings.iter());
    new.retain(|currency| !rules.currencies.contains(currency));
    Ok(currency::add(tx, rules.integration_id, new).await?)
}

fn rank(kind: StripeKind) -> u8 {
    match kind {
        StripeKind::Product => 0,
        StripeKind::Price => 1,
        StripeKind::Coupon => 2,
        StripeKind::Customer => 3,
        StripeKind::Subscription => 4,
        StripeKind::CreditNote => 5,
        StripeKind::Refund => 6,
        StripeKind::Invoice => 7,
    }
}

async fn apply_kind(
    tx: &Transaction,
    road: Road<'_>,
    readings: Vec<Reading>,
    others: &Others,
    applied: &mut Applied,
) -> Result<(), Error> {
    let readings = latest_of_each(readings);
    let Some(kind) = readings.first().map(|reading| reading.kind) else {
        return Ok(());
    };
    let ids = readings.iter().map(|reading| reading.stripe_id.as_str()).collect();
    let stored = source::find_stored(tx, road.rules.integration_id, kind, ids).await?;
    let mut sorted = Sorted::default();
    for reading in readings {
        sorted.sort(road.rules, reading, &stored, applied);
    }
    let new = sorted.to_write.iter();
    let new = new.filter(|reading| !stored.contains_key(&reading.stripe_id));
    others.refuse(tx, kind, new).await?;
    mark_seen(tx, road.rules.integration_id, kind, &sorted.seen_later).await?;
    write(tx, road, kind, sorted.to_write, &stored, applied).await
}

/// PostgreSQL refuses to touch a row twice in one statement, and the later reading of one page is the one that counts.
fn latest_of_each(readings: Vec<Reading>) -> Vec<Reading> {
    let mut at: HashMap<String, usize> = HashMap::with_capacity(readings.len());
    let mut kept: Vec<Reading> = Vec::with_capacity(readings.len());
    for reading in readings {
        let index = *at.entry(reading.stripe_id.clone()).or_insert(kept.len());
        if index == kept.len() {
            kept.push(reading);
        } else {
            kept[index] = reading;
        }
    }
    kept
}

/// The readings of one kind, by what is to be done with them.
#[derive(Default)]
struct Sorted {
    to_write: Vec<Reading>,
    seen_later: Vec<(String, Seen)>,
}

impl Sorted {
    fn sort(&mut self, rules: &Rules, reading: Reading, stored: &HashMap<String, Stored>, applied: &mut Applied) {
        let Some(stored) = stored.get(&reading.stripe_id) else {
            if let Some(code) = scope::refuses(rules, &reading) {
                applied.tally.count(reading.kind, &Outcome::Skipped(code));
            } else {
                self.to_write.push(reading);
            }
            return;
        };
        match judge(&reading, stored) {
            News::Apply => self.to_write.push(reading),
            News::ReadAlone if reading.origin == Origin::Alone(Some(held(stored))) => self.to_write.push(reading),
            News::ReadAlone => applied.alone.push((reading.kind, reading.stripe_id)),
            News::Same { later } if is_due_again(rules, &reading, stored) => {
                // An earlier sight of the same must not make what is here look older than it is.
                let seen = if later { reading.seen } else { held(stored) };
                self.to_write.push(reading.at(seen));
            }
            News::Same { later } => {
                applied.tally.count(reading.kind, &outcome_so_far(stored));
                if later {
                    self.seen_later.push((reading.stripe_id, reading.seen));
                }
            }
            News::Drop => applied.tally.count(reading.kind, &outcome_so_far(stored)),
        }
    }
}

fn held(stored: &Stored) -> Seen {
    Seen {
        min_ms: stored.seen_min,
        max_ms: stored.seen_max,
    }
}

fn judge(reading: &Reading, stored: &Stored) -> News {
    let way = match reading.origin {
        Origin::Listed | Origin::Alone(_) => Way::Read,
        Origin::Told => Way::Told,
    };
    news::judge(
        way,
        State {
            seen: reading.seen,
            digest: &reading.digest,
            deleted: reading.value.is_none(),
        },
        State {
            seen: held(stored),
            digest: &stored.digest,
            deleted: stored.deleted,
        },
    )
}

/// Unchanged objects are mapped again when the rules have changed, and when the last time ended short of a whole record.
fn is_due_again(rules: &Rules, reading: &Reading, stored: &Stored) -> bool {
    matches!(stored.state, RecordState::Failed | RecordState::Pending)
        || makes_records(reading.kind) && stored.map_stamp != rules.stamp(reading.kind)
}

fn outcome_so_far(stored: &Stored) -> Outcome {
    match stored.state {
        RecordState::Skipped => Outcome::Skipped("SKIPPED_BEFORE"),
        RecordState::Imported | RecordState::Pending | RecordState::Failed => Outcome::Unchanged,
    }
}

async fn mark_seen(
    tx: &Transaction,
    integration_id: Uuid,
    kind: StripeKind,
    seen: &[(String, Seen)],
) -> Result<(), Error> {
    let mut by_bounds: HashMap<(i64, i64), Vec<&str>> = HashMap::new();
    for (id, seen) in seen {
        by_bounds.entry((seen.min_ms, seen.max_ms)).or_default().push(id);
    }
    for ((min_ms, max_ms), ids) in by_bounds {
        source::mark_seen(tx, integration_id, kind, ids, Seen { min_ms, max_ms }).await?;
    }
    Ok(())
}

async fn write(
    tx: &Transaction,
    road: Road<'_>,
    kind: StripeKind,
    readings: Vec<Reading>,
    stored: &HashMap<String, Stored>,
    applied: &mut Applied,
) -> Result<(), Error> {
    if readings.is_empty() {
        return Ok(());
    }
    let items: Vec<Item<'_>> = readings.iter().map(Item::of_reading).collect();
    let written = record::write(tx, road, kind, &items).await?;
    crash::point("apply.records_written");
    for (item, written) in items.iter().zip(&written) {
        applied.tally.count(kind, &written.outcome);
        if matches!(written.outcome, Outcome::Failed(_)) {
            applied.failed.push((kind, item.stripe_id.to_owned()));
        }
    }
    settle_failures(tx, road, kind, &items, &written).await?;
    let shown = readings.iter().map(|reading| Named {
        stripe_id: &reading.stripe_id,
        names: reading.names.iter().collect(),
    });
    queue_dependents(tx, road.rules.integration_id, kind, shown).await?;
    let (lost, kept): (Vec<_>, Vec<_>) = readings
        .into_iter()
        .zip(written)
        .partition(|(reading, _)| reading.value.is_none() && stored.contains_key(&reading.stripe_id));
    for (reading, _) in &lost {
        source::mark_deleted(
            tx,
            road.rules.integration_id,
            kind,
            vec![&reading.stripe_id],
            reading.seen,
        )
        .await?;
    }
    keep(tx, road, kind, kept, stored).await
}

/// Writes the source objects with what they name.
async fn keep(
    tx: &Transaction,
    road: Road<'_>,
    kind: StripeKind,
    kept: Vec<(Reading, Written)>,
    stored: &HashMap<String, Stored>,
) -> Result<(), Error> {
    let known = kept
        .iter()
        .map(|(reading, _)| reading.stripe_id.as_str())
        .filter(|id| stored.contains_key(*id))
        .collect();
    let named = names_to_keep(tx, road.rules.integration_id, kind, kept.iter().map(named)).await?;
    reference::replace(tx, road.rules.integration_id, kind, known, named).await?;
    let rows = kept.into_iter().map(|(reading, written)| {
        let (state, reason) = written.state();
        reading.into_row(road.rules, state, reason)
    });
    source::upsert(tx, rows.collect()).await?;
    crash::point("apply.sources_kept");
    Ok(())
}

fn named((reading, written): &(Reading, Written)) -> Named<'_> {
    Named {
        stripe_id: &reading.stripe_id,
        names: reading.names.iter().chain(written.names()).collect(),
    }
}

/// Records the failures and closes those of objects that work now. What Stripe did not give when it was read is still to be read,
/// whatever can be made of what was kept or told.
pub(super) async fn settle_failures(
    tx: &Transaction,
    road: Road<'_>,
    kind: StripeKind,
    items: &[Item<'_>],
    written: &[Written],
) -> Result<(), Error> {
    let integration_id = road.rules.integration_id;
    let mut failures: Vec<(&Item<'_>, &MapError)> = Vec::new();
    let (mut given, mut mapped) = (Vec::new(), Vec::new());
    for (item, written) in items.iter().zip(written) {
        match &written.outcome {
            Outcome::Failed(error) => failures.push((item, error)),
            _ if item.is_read => given.push(item.stripe_id),
            _ => mapped.push(item.stripe_id),
        }
    }
    failure::resolve(tx, integration_id, kind, given, road.now_ms).await?;
    failure::resolve_mapping(tx, integration_id, kind, mapped, road.now_ms).await?;
    let not_read = failures.iter().filter(|(item, _)| !item.is_read);
    let not_read = not_read.map(|(item, _)| item.stripe_id).collect();
    let unread = failure::find_unread(tx, integration_id, kind, not_read).await?;
    let failures = failures.into_iter().map(|(item, error)| (item.stripe_id, error));
    let failures = failures.filter(|(stripe_id, _)| !unread.contains(*stripe_id)).collect();
    Ok(failure::record(tx, integration_id, road.run_id, kind, failures, road.now_ms).await?)
}
