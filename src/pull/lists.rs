//! Which lists a phase reads, and down to when.

use entity::kind::{ContractSource, RunKind, StripeKind, SyncObject};

use super::rules::Rules;
use super::span::Span;

pub(super) const DAY_SECONDS: i64 = 86_400;
/// Stripe charges a `charge_automatically` invoice within weeks of creating it; dunning may take two months. This is enough where the
/// events tell of everything that was paid in the window.
const CHARGED_WITHIN_DAYS: i64 = 60;
/// An invoice is paid within a year, sent or charged; later ones are found by their `invoice.paid` event.
///
/// Stripe has no list by the day of payment. A year more of charged ones costs a request for each hundred: with n paid a month and a
/// window of 90 days 0.15 n in place of 0.05 n, of the 500 n that Stripe allows. Lists of what is open or uncollectible cost the same
/// again and would not find it: it is paid by now.
const PAID_WITHIN_DAYS: i64 = 365;
/// How long Stripe lists events.
pub(super) const EVENTS_KEPT_DAYS: i64 = 30;
/// An event is written a little after what it tells of.
const EVENT_MARGIN_SECONDS: i64 = 3_600;

/// What a list gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gives {
    /// Objects of a kind.
    Objects(StripeKind),
    /// Events that tell of invoices which the lists of invoices may not reach.
    PaidEvents,
}

/// One list of a phase.
#[derive(Debug, Clone)]
pub(super) struct List {
    pub(super) gives: Gives,
    pub(super) filter: Vec<(&'static str, String)>,
    low: i64,
    /// Where it ends, if before the upper bound of the run.
    high: Option<i64>,
}

impl List {
    fn of(kind: StripeKind, filter: &[(&'static str, &str)], low: i64) -> Self {
        let filter = filter
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect();
        Self {
            gives: Gives::Objects(kind),
            filter,
            low,
            high: None,
        }
    }

    /// What the key must be allowed to read; `None` = events.
    pub(super) fn right(&self) -> Option<StripeKind> {
        match self.gives {
            Gives::Objects(kind) => Some(kind),
            Gives::PaidEvents => None,
        }
    }
}

/// The lists of the phase of `object`. The order is part of checkpoints.
pub(super) fn lists(kind: RunKind, object: SyncObject, rules: &Rules, t0: i64) -> Vec<List> {
    match object {
        SyncObject::Customer | SyncObject::Product if kind == RunKind::Backfill => Vec::new(),
        SyncObject::Contract if kind == RunKind::Backfill => gap_lists(rules, t0),
        SyncObject::Customer => vec![List::of(StripeKind::Customer, &[], 0)],
        // Stripe lists active prices only, unless asked for the others; inline ones are in no list and are read when named.
        SyncObject::Product => vec![
            List::of(StripeKind::Product, &[], 0),
            List::of(StripeKind::Price, &[("active", "true")], 0),
            List::of(StripeKind::Price, &[("active", "false")], 0),
            List::of(StripeKind::Coupon, &[], 0),
        ],
        SyncObject::Contract => contract_lists(rules, t0),
    }
}

fn contract_lists(rules: &Rules, t0: i64) -> Vec<List> {
    // Without status=all the canceled ones are missing.
    let mut lists = vec![List::of(StripeKind::Subscription, &[("status", "all")], 0)];
    lists.extend(invoice_lists(rules, t0));
    lists.extend(unsettled_lists(rules));
    lists
}

/// Invoices that wait to be paid, or are given up. Those that were sent for a subscription are shown by its contract, however old they are;
/// a setting may let the others make contracts.
fn unsettled_lists(rules: &Rules) -> Vec<List> {
    let of = |status, low| List::of(StripeKind::Invoice, &[("status", status)], low);
    match (rules.keeps_owed(), rules.unsettled_from()) {
        (true, _) => vec![of("open", 0), of("uncollectible", sent_from(rules))],
        (false, Some(from)) => vec![of("open", from.max(0)), of("uncollectible", from.max(0))],
        (false, None) => Vec::new(),
    }
}

/// What a wider lookback lets in: invoices from the new beginning of the window up to the old one. Only they have a window.
fn gap_lists(rules: &Rules, t0: i64) -> Vec<List> {
    let covered = rules.covered_from.unwrap_or(t0);
    if covered <= rules.window_start {
        return Vec::new();
    }
    let mut lists = invoice_lists(rules, t0);
    for list in &mut lists {
        // Credit notes and payments may be of any later day.
        if list.gives == Gives::Objects(StripeKind::Invoice) {
            list.high = Some(covered);
        }
    }
    lists
}

fn invoice_lists(rules: &Rules, t0: i64) -> Vec<List> {
    let mut lists = Vec::new();
    if rules.has_source(ContractSource::Invoice) {
        let charged = charged_from(rules, t0);
        let sent = sent_from(rules);
        let paid = ("status", "paid");
        lists.push(List::of(
            StripeKind::Invoice,
            &[paid, ("collection_method", "charge_automatically")],
            charged,
        ));
        lists.push(List::of(
            StripeKind::Invoice,
            &[paid, ("collection_method", "send_invoice")],
            sent,
        ));
        lists.push(List::of(StripeKind::CreditNote, &[], sent));
        let told = (t0 - EVENTS_KEPT_DAYS * DAY_SECONDS).max(rules.window_start - EVENT_MARGIN_SECONDS);
        lists.push(List {
            gives: Gives::PaidEvents,
            filter: vec![("type", "invoice.paid".to_owned())],
            low: told,
            high: None,
        });
        // What is in scope was paid in the window, and what is here was paid in one that began then: nothing went back before.
        let paid = rules
            .covered_from
            .map_or(rules.window_start, |from| from.min(rules.window_start));
        lists.push(List::of(StripeKind::Refund, &[], paid.max(0)));
    }
    lists
}

/// From when on invoices that Stripe charges are listed.
pub(super) fn charged_from(rules: &Rules, t0: i64) -> i64 {
    let are_told = rules.window_start >= t0 - EVENTS_KEPT_DAYS * DAY_SECONDS - EVENT_MARGIN_SECONDS;
    let days = if are_told {
        CHARGED_WITHIN_DAYS
    } else {
        PAID_WITHIN_DAYS
    };
    (rules.window_start - days * DAY_SECONDS).max(0)
}

/// From when on invoices that are sent are listed.
pub(super) fn sent_from(rules: &Rules) -> i64 {
    (rules.window_start - PAID_WITHIN_DAYS * DAY_SECONDS).max(0)
}

/// The stretches that a phase begins with: each list whole, up to the second before `t0`.
pub(super) fn whole_spans(lists: &[List], t0: i64) -> Vec<Span> {
    lists
        .iter()
        .zip(0..)
        .enumerate()
        .map(|(list, (of, id))| {
            let high = of.high.map_or(t0, |high| high.min(t0));
            Span::new(id, list, of.low.min(high), high)
        })
        .collect()
}
