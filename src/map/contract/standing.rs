//! What a subscription's status means for its contract.

use entity::kind::{ContractStatus, PaymentState};

use super::Notes;
use crate::map::Refs;
use crate::stripe::object::Subscription;

/// How a subscription stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) status: ContractStatus,
    pub(super) payment: PaymentState,
    /// What it charges is recurring revenue.
    pub(super) counts: bool,
    /// When it was ended, Unix seconds.
    pub(super) ended_at: Option<i64>,
    /// When its payment state changes by time alone, Unix seconds.
    pub(super) changes_at: Option<i64>,
}

/// How `subscription` stands at `as_of`, Unix seconds.
pub(super) fn standing(subscription: &Subscription, refs: &Refs, as_of: i64, notes: &mut Notes) -> Standing {
    let is_paused = subscription.pause_collection.is_some();
    let at_end = subscription.cancel_at.filter(|at| *at <= as_of);
    let (status, payment, counts) = match subscription.status.as_str() {
        "canceled" => return ended(subscription.ended_at),
        "incomplete_expired" => (ContractStatus::Lost, PaymentState::None, false),
        _ if at_end.is_some() => {
            notes.warn("Its scheduled end has come; Stripe has not told of it yet.".to_owned());
            return ended(at_end);
        }
        "active" | "past_due" if is_paused => (ContractStatus::Active, PaymentState::Paused, true),
        "active" => (ContractStatus::Active, PaymentState::Paid, true),
        "past_due" => (ContractStatus::Active, PaymentState::PastDue, true),
        "trialing" => (ContractStatus::Forecasted, PaymentState::Trialing, false),
        "unpaid" => (ContractStatus::Overdue, PaymentState::Unpaid, false),
        "paused" => (ContractStatus::Active, PaymentState::Paused, false),
        // Never imported so, but here already it stays.
        "incomplete" => (ContractStatus::Forecasted, PaymentState::Unpaid, false),
        other => {
            notes.warn(format!(
                "Stripe's status {other} is not known here: it is shown as ACTIVE and not counted as recurring revenue."
            ));
            (ContractStatus::Active, PaymentState::None, false)
        }
    };
    let (payment, changes_at) = if payment == PaymentState::Paid {
        owed(subscription, refs, as_of)
    } else {
        (payment, None)
    };
    Standing {
        status,
        payment,
        counts,
        ended_at: None,
        changes_at,
    }
}

/// How the payment of an active subscription stands, and when that changes by time: where it is sent invoices, Stripe lets it be active
/// while the latest one waits to be paid.
fn owed(subscription: &Subscription, refs: &Refs, as_of: i64) -> (PaymentState, Option<i64>) {
    let latest = subscription
        .latest_invoice
        .as_ref()
        .filter(|_| subscription.is_sent_invoices());
    let Some(invoice) = latest.and_then(|id| refs.invoice(&id.0).here()) else {
        return (PaymentState::Paid, None);
    };
    match (invoice.status.as_str(), invoice.due_date) {
        ("open", Some(due)) if due <= as_of => (PaymentState::Unpaid, None),
        ("open", due) => (PaymentState::Due, due),
        ("uncollectible", _) => (PaymentState::Unpaid, None),
        _ => (PaymentState::Paid, None),
    }
}

fn ended(ended_at: Option<i64>) -> Standing {
    Standing {
        status: ContractStatus::Churned,
        payment: PaymentState::None,
        counts: false,
        ended_at,
        changes_at: None,
    }
}
