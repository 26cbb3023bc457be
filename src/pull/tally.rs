//! What became of the objects of a page, counted.

use std::collections::BTreeMap;

use entity::kind::{StripeKind, SyncObject};
use entity::list::RunPhase;

use super::outcome::Outcome;
use super::reading::Reading;

/// Counts that add up: seen = created + updated + unchanged + skipped + failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Records made.
    pub created: u64,
    /// Records changed.
    pub updated: u64,
    /// Records that were already right.
    pub unchanged: u64,
    /// Objects that make no record.
    pub skipped: u64,
    /// Objects that could not be mapped.
    pub failed: u64,
}

impl Tally {
    /// Counts an object. Prices, coupons and credit notes make no records of their own and count only where they fail.
    pub(super) fn count(&mut self, kind: StripeKind, outcome: &Outcome) {
        match outcome {
            Outcome::Failed(_) => self.failed += 1,
            _ if !makes_records(kind) => {}
            Outcome::Created => self.created += 1,
            Outcome::Updated => self.updated += 1,
            Outcome::Unchanged => self.unchanged += 1,
            Outcome::Skipped(_) => self.skipped += 1,
        }
    }

    /// Adds another count.
    pub(super) fn add(&mut self, other: Self) {
        self.created += other.created;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
        self.skipped += other.skipped;
        self.failed += other.failed;
    }

    /// Adds the counts to a phase.
    pub(crate) fn add_to(self, phase: &mut RunPhase) {
        phase.created += self.created;
        phase.updated += self.updated;
        phase.unchanged += self.unchanged;
        phase.skipped += self.skipped;
        phase.failed += self.failed;
        phase.seen += self.created + self.updated + self.unchanged + self.skipped + self.failed;
    }
}

/// The phase that objects of `kind` belong to.
pub(super) fn noun_of(kind: StripeKind) -> SyncObject {
    match kind {
        StripeKind::Customer => SyncObject::Customer,
        StripeKind::Product | StripeKind::Price | StripeKind::Coupon => SyncObject::Product,
        StripeKind::Invoice | StripeKind::Subscription | StripeKind::CreditNote | StripeKind::Refund => {
            SyncObject::Contract
        }
    }
}

/// Readings by phase. Contracts show the others and go last.
pub(super) fn by_noun(readings: Vec<Reading>) -> Vec<(SyncObject, Vec<Reading>)> {
    let mut groups: BTreeMap<SyncObject, Vec<Reading>> = BTreeMap::new();
    for reading in readings {
        groups.entry(noun_of(reading.kind)).or_default().push(reading);
    }
    [SyncObject::Product, SyncObject::Customer, SyncObject::Contract]
        .into_iter()
        .filter_map(|noun| groups.remove_entry(&noun))
        .collect()
}

/// Whether objects of `kind` make records.
pub(super) fn makes_records(kind: StripeKind) -> bool {
    matches!(
        kind,
        StripeKind::Customer | StripeKind::Product | StripeKind::Invoice | StripeKind::Subscription
    )
}
