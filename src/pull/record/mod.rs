//! From source objects to records: loads what is here, maps, and writes what differs.

mod client;
mod contract;
mod product;
mod refs;
mod terms;

use entity::kind::{ContractSource, RecordState, StripeKind, SyncObject};
use serde_json::Value;

pub(crate) use client::blank as blank_client;

use super::outcome::Outcome;
use super::reading::{Origin, Reading};
use super::road::Road;
use crate::error::Error;
use crate::map::MapError;
use crate::store::Transaction;
use crate::store::change::{self, Changed};
use crate::store::{SourceKey, remap_queue};

/// A source object that is to become a record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item<'a> {
    pub(super) stripe_id: &'a str,
    /// `None` when Stripe has deleted it, and for invoices and subscriptions that are mapped again from what is kept.
    pub(super) value: Option<&'a Value>,
    /// What was kept of it, where it is mapped again.
    pub(super) kept: Option<Kept<'a>>,
    /// Stripe has given it, when it was asked for it.
    pub(super) is_read: bool,
    /// When Stripe told of this state, Unix seconds; `None` where it is mapped again from what is kept.
    pub(super) told_at: Option<i64>,
}

/// What is kept of an object.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kept<'a> {
    /// Its JSON; of a deleted one what it was last, if that is known.
    pub(super) text: &'a [u8],
    /// Stripe no longer has it.
    pub(super) deleted: bool,
    /// What it names is to be read from the text: what is kept of the names may be of an older version.
    pub(super) is_stale: bool,
}

impl<'a> Item<'a> {
    pub(super) fn of_reading(reading: &'a Reading) -> Self {
        Self {
            stripe_id: &reading.stripe_id,
            value: reading.value.as_ref(),
            kept: None,
            is_read: reading.origin != Origin::Told,
            told_at: Some(
                reading
                    .told_at
                    .map_or(reading.seen.told_at(), |at| at.min(reading.seen.told_at())),
            ),
        }
    }
}

/// What became of an item, and what its record still misses.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) outcome: Outcome,
    pub(super) pending: Vec<SourceKey>,
    /// It misses what no id is known of: credit notes that its invoice states.
    pub(super) misses_credit: bool,
    /// What its record names though its object may be silent about it.
    pub(super) link: Option<SourceKey>,
}

impl From<Outcome> for Written {
    fn from(outcome: Outcome) -> Self {
        Self {
            outcome,
            pending: Vec::new(),
            misses_credit: false,
            link: None,
        }
    }
}

impl From<MapError> for Written {
    fn from(error: MapError) -> Self {
        Outcome::Failed(error).into()
    }
}

impl Written {
    /// What its record names, beside what its object does.
    pub(super) fn names(&self) -> impl Iterator<Item = &SourceKey> {
        self.pending.iter().chain(&self.link)
    }

    /// How the source object's row remembers it.
    pub(super) fn state(&self) -> (RecordState, Option<String>) {
        match &self.outcome {
            Outcome::Failed(error) => (RecordState::Failed, Some(error.code.to_owned())),
            // What makes no contract may be waited for all the same: recurring revenue reads it.
            Outcome::Skipped(code) if self.pending.is_empty() => (RecordState::Skipped, Some((*code).to_owned())),
            _ if self.pending.is_empty() && !self.misses_credit => (RecordState::Imported, None),
            _ => (RecordState::Pending, None),
        }
    }
}

/// Writes the records of `items`, in their order.
pub(super) async fn write(
    tx: &Transaction,
    road: Road<'_>,
    kind: StripeKind,
    items: &[Item<'_>],
) -> Result<Vec<Written>, Error> {
    match kind {
        StripeKind::Customer => client::write(tx, road, items).await,
        StripeKind::Product => product::write(tx, road, items).await,
        StripeKind::Invoice => contract::write(tx, road, ContractSource::Invoice, items).await,
        StripeKind::Subscription => contract::write(tx, road, ContractSource::Subscription, items).await,
        StripeKind::Price | StripeKind::Coupon | StripeKind::CreditNote | StripeKind::Refund => {
            Ok(items.iter().map(|item| check(road, kind, item)).collect())
        }
    }
}

/// What makes no record is only kept; where it cannot be reckoned with, that is a failure like any other.
fn check(road: Road<'_>, kind: StripeKind, item: &Item<'_>) -> Written {
    let Some(value) = item.value else {
        return Outcome::Unchanged.into();
    };
    let checked = is_of_mode(road, value).and_then(|()| crate::map::check(kind, value));
    let is_strange = kind == StripeKind::Refund && value["invoice"].is_null();
    match checked {
        Err(error) => error.into(),
        // It is kept so that nobody looks for its invoice again.
        Ok(()) if is_strange => Outcome::Skipped("NO_INVOICE").into(),
        Ok(()) => Outcome::Unchanged.into(),
    }
}

/// Notes which records of a noun were written, for those who watch.
async fn note(tx: &Transaction, road: Road<'_>, object: SyncObject, changed: Changed) -> Result<(), Error> {
    Ok(change::note(tx, road.rules.integration_id, object, changed, road.now_ms).await?)
}

/// What is not written because the direction is DISABLED.
fn left_aside<'a>(pulls: bool, items: &[Item<'a>]) -> Vec<&'a str> {
    let living = items.iter().filter(|item| !pulls && item.value.is_some());
    living.map(|item| item.stripe_id).collect()
}

/// A run goes by the rules that it began with. What they leave aside is mapped again where others are in force by now: the change of
/// the rules has queued only what was here then.
async fn queue_left_aside(
    tx: &Transaction,
    road: Road<'_>,
    kind: StripeKind,
    left_aside: Vec<&str>,
) -> Result<(), Error> {
    if !left_aside.is_empty() && road.rules.are_outdated(tx, kind, road.now_ms).await? {
        remap_queue::add_kept(tx, road.rules.integration_id, kind, left_aside).await?;
    }
    Ok(())
}

/// The kinds whose records show something of an object of `kind`.
pub(super) fn dependents(kind: StripeKind) -> &'static [StripeKind] {
    match kind {
        StripeKind::Price | StripeKind::Product | StripeKind::Coupon => {
            &[StripeKind::Invoice, StripeKind::Subscription]
        }
        // Its latest invoice tells whether it is paid, and how much tax its prices contain.
        StripeKind::Customer | StripeKind::Invoice => &[StripeKind::Subscription],
        StripeKind::Subscription => &[StripeKind::Invoice],
        StripeKind::CreditNote | StripeKind::Refund => &[],
    }
}

/// The kind whose records show something of the objects of `kind` that name them.
pub(super) fn shown_by_what_it_names(kind: StripeKind) -> Option<StripeKind> {
    match kind {
        // Its prices tell whether a product recurs, its credit notes and refunds what is left of an invoice.
        StripeKind::Price => Some(StripeKind::Product),
        StripeKind::CreditNote | StripeKind::Refund => Some(StripeKind::Invoice),
        _ => None,
    }
}

/// Whether objects of `kind` are looked for by the objects of kind `to` that they name.
pub(super) fn is_found_by(kind: StripeKind, to: StripeKind) -> bool {
    let gives_back = matches!(kind, StripeKind::CreditNote | StripeKind::Refund);
    dependents(to).contains(&kind) || gives_back && to == StripeKind::Invoice
}

/// Stripe's objects say which mode they are of; the other mode's must never get in.
fn is_of_mode(road: Road<'_>, value: &Value) -> Result<(), MapError> {
    check_mode(road, value["livemode"].as_bool())
}

fn check_mode(road: Road<'_>, livemode: Option<bool>) -> Result<(), MapError> {
    match livemode {
        Some(livemode) if livemode != road.rules.livemode => Err(MapError {
            code: "WRONG_MODE",
            message: "The object is of Stripe's other mode (live or test).".to_owned(),
            hint: Some(
                "Is Stripe's API behind --stripe-api-base? It answers with objects that the key is not for.".to_owned(),
            ),
        }),
        _ => Ok(()),
    }
}
