//! The settings by which contracts and recurring revenue are reckoned. Changing one maps what is here again, without a request to Stripe.

use entity::integration::{ActiveModel, Model};
use entity::kind::{ChurnAt, CountInvoices, DayZone, DiscountCounts};
use sea_orm::Set;

/// For how many days a past due subscription may count.
pub(super) const PAST_DUE_DAYS: std::ops::RangeInclusive<i32> = 0..=365;

/// What is to change; what is not given stays.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reckoning {
    /// Whose days dates are.
    pub days: Option<DayZone>,
    /// Whether discounts of some months lower recurring revenue.
    pub repeating_discounts_in_mrr: Option<DiscountCounts>,
    /// Whether discounts of once lower recurring revenue.
    pub once_discounts_in_mrr: Option<DiscountCounts>,
    /// For how many days a past due subscription counts; the inner option: until it ends.
    pub past_due_counts_for_days: Option<Option<i32>>,
    /// When a subscription that will end ceases to count.
    pub churn_at: Option<ChurnAt>,
    /// Which invoices make contracts.
    pub count_open_invoices: Option<CountInvoices>,
}

impl Reckoning {
    /// Whether anything becomes another than it is.
    pub(super) fn differs_from(&self, known: &Model) -> bool {
        let Self {
            days,
            repeating_discounts_in_mrr: repeating,
            once_discounts_in_mrr: once,
            past_due_counts_for_days: past_due,
            churn_at,
            count_open_invoices: open,
        } = *self;
        differs(days, known.days)
            || differs(repeating, known.repeating_discounts_in_mrr)
            || differs(once, known.once_discounts_in_mrr)
            || differs(past_due, known.past_due_counts_for_days)
            || differs(churn_at, known.churn_at)
            || differs(open, known.count_open_invoices)
    }

    /// Writes what is given.
    pub(super) fn write(&self, row: &mut ActiveModel) {
        if let Some(days) = self.days {
            row.days = Set(days);
        }
        if let Some(counts) = self.repeating_discounts_in_mrr {
            row.repeating_discounts_in_mrr = Set(counts);
        }
        if let Some(counts) = self.once_discounts_in_mrr {
            row.once_discounts_in_mrr = Set(counts);
        }
        if let Some(days) = self.past_due_counts_for_days {
            row.past_due_counts_for_days = Set(days);
        }
        if let Some(churn_at) = self.churn_at {
            row.churn_at = Set(churn_at);
        }
        if let Some(count) = self.count_open_invoices {
            row.count_open_invoices = Set(count);
        }
    }
}

fn differs<T: PartialEq + Copy>(wish: Option<T>, known: T) -> bool {
    wish.is_some_and(|wish| wish != known)
}
