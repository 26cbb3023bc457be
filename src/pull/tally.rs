//! What became of the objects of a page, counted.

use entity::kind::StripeKind;
use entity::list::RunPhase;

use super::outcome::Outcome;

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
    /// Counts an object. Prices, coupons and credit notes make no records of their own and are not counted.
    pub(super) fn count(&mut self, kind: StripeKind, outcome: &Outcome) {
        if !makes_records(kind) {
            return;
        }
        match outcome {
            Outcome::Created => self.created += 1,
            Outcome::Updated => self.updated += 1,
            Outcome::Unchanged => self.unchanged += 1,
            Outcome::Skipped(_) => self.skipped += 1,
            Outcome::Failed(_) => self.failed += 1,
        }
    }

    /// Adds the counts to a phase.
    pub(super) fn add_to(self, phase: &mut RunPhase) {
        phase.created += self.created;
        phase.updated += self.updated;
        phase.unchanged += self.unchanged;
        phase.skipped += self.skipped;
        phase.failed += self.failed;
        phase.seen += self.created + self.updated + self.unchanged + self.skipped + self.failed;
    }
}

/// Whether objects of `kind` make records.
pub(super) fn makes_records(kind: StripeKind) -> bool {
    matches!(
        kind,
        StripeKind::Customer | StripeKind::Product | StripeKind::Invoice | StripeKind::Subscription
    )
}
