//! What a subscription's status means: for its contract, for its invoices and for recurring revenue.

use entity::kind::{ChurnAt, ContractStatus, PaymentState};

use super::discount::Changes;
use super::{Moment, Notes};
use crate::map::Refs;
use crate::stripe::object::Subscription;

const DAY_SECONDS: i64 = 86_400;

/// How a subscription stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) status: ContractStatus,
    pub(super) payment: PaymentState,
    /// Of its invoices whose term is over and that nothing has renewed.
    pub(super) invoice_status: ContractStatus,
    /// What it charges is recurring revenue.
    pub(super) counts: bool,
    /// When it was ended, Unix seconds.
    pub(super) ended_at: Option<i64>,
}

impl Standing {
    fn of(status: ContractStatus, payment: PaymentState, invoice_status: ContractStatus) -> Self {
        Self {
            status,
            payment,
            invoice_status,
            counts: false,
            ended_at: None,
        }
    }

    fn counts(self) -> Self {
        Self { counts: true, ..self }
    }
}

/// How `subscription` stands at `as_of`, Unix seconds. Adds to `changes` when time has changed that, or will.
pub(super) fn standing(
    subscription: &Subscription,
    refs: &Refs,
    moment: &Moment<'_>,
    changes: &mut Changes,
    notes: &mut Notes,
) -> Standing {
    let (rules, as_of) = (moment.rules, moment.as_of);
    let mut standing = by_word(subscription, as_of, notes);
    if standing.payment == PaymentState::Paid {
        standing.payment = owed(subscription, refs, as_of, changes);
    }
    let end = subscription.cancel_at.filter(|_| !subscription.course().is_over());
    let trial_end = subscription.trial_end.filter(|_| subscription.status != "trialing");
    for at in [end, standing.ended_at, trial_end.filter(|at| *at <= as_of)]
        .into_iter()
        .flatten()
    {
        changes.add(at, as_of);
    }
    if rules.churn_at == ChurnAt::WhenScheduled && !subscription.course().renews() {
        standing.counts = false;
        if let Some(at) = subscription.canceled_at.filter(|at| *at <= as_of) {
            changes.add(at, as_of);
        }
    }
    if let Some(at) = counts_until(subscription, moment) {
        changes.add(at, as_of);
        standing.counts &= at > as_of;
    }
    standing
}

/// Until when a past due subscription counts: so many days from when it became past due; where nobody saw that, from the start of its period.
fn counts_until(subscription: &Subscription, moment: &Moment<'_>) -> Option<i64> {
    let days = moment
        .rules
        .past_due_counts_for_days
        .filter(|_| subscription.status == "past_due")?;
    let starts = subscription.items.iter().filter_map(|item| item.current_period_start);
    let since = moment.past_due_since.or_else(|| starts.max())?;
    Some(since.saturating_add(i64::from(days) * DAY_SECONDS))
}

fn by_word(subscription: &Subscription, as_of: i64, notes: &mut Notes) -> Standing {
    use ContractStatus::{Active, Ended, Forecasted, Lost, Overdue};
    let is_paused = subscription.pause_collection.is_some();
    match subscription.status.as_str() {
        "canceled" => ended(subscription, subscription.ended_at),
        "incomplete_expired" => Standing::of(Lost, PaymentState::None, Lost),
        _ if subscription.cancel_at.is_some_and(|at| at <= as_of) => {
            notes.warn("Its scheduled end has come; Stripe has not told of it yet.".to_owned());
            ended(subscription, subscription.cancel_at)
        }
        "active" if is_paused => Standing::of(Active, PaymentState::Paused, Ended).counts(),
        "past_due" if is_paused => Standing::of(Active, PaymentState::Paused, Overdue).counts(),
        "active" => Standing::of(Active, PaymentState::Paid, Ended).counts(),
        "past_due" => Standing::of(Active, PaymentState::PastDue, Overdue).counts(),
        "trialing" => Standing::of(Forecasted, PaymentState::Trialing, Ended),
        "unpaid" => Standing::of(Overdue, PaymentState::Unpaid, Overdue),
        "paused" => Standing::of(Active, PaymentState::Paused, Ended),
        // Never imported so, but here already it stays.
        "incomplete" => Standing::of(Forecasted, PaymentState::Unpaid, Overdue),
        other => {
            notes.warn(format!(
                "Stripe's status {other} is not known here: it is shown as ACTIVE and not counted as recurring revenue."
            ));
            Standing::of(Active, PaymentState::None, Overdue)
        }
    }
}

/// How the payment of an active subscription stands: where it is sent invoices, Stripe lets it be active while the latest one waits to be
/// paid.
fn owed(subscription: &Subscription, refs: &Refs, as_of: i64, changes: &mut Changes) -> PaymentState {
    let latest = subscription
        .latest_invoice
        .as_ref()
        .filter(|_| subscription.is_sent_invoices());
    let Some(invoice) = latest.and_then(|id| refs.invoice(&id.0).here()) else {
        return PaymentState::Paid;
    };
    match (invoice.status.as_str(), invoice.due_date) {
        ("open", Some(due)) if due <= as_of => PaymentState::Unpaid,
        ("open", due) => {
            if let Some(due) = due {
                changes.add(due, as_of);
            }
            PaymentState::Due
        }
        ("uncollectible", _) => PaymentState::Unpaid,
        _ => PaymentState::Paid,
    }
}

/// Ended at `ended_at`; in its trial it was given up before it began.
fn ended(subscription: &Subscription, ended_at: Option<i64>) -> Standing {
    let given_up = ended_at
        .zip(subscription.trial_end)
        .is_some_and(|(end, trial)| end <= trial);
    let outcome = if given_up {
        ContractStatus::Lost
    } else {
        ContractStatus::Churned
    };
    Standing {
        ended_at,
        ..Standing::of(outcome, PaymentState::None, outcome)
    }
}
