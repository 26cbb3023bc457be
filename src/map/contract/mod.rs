//! The fixed contract mapping: a paid invoice or a subscription in, a contract with its lines out.
//!
//! - [`invoice`] with its [`line`]s and [`subscription`] are the two sources; [`term`] is when an invoice's service runs.
//! - [`span`] is what a line says about recurring revenue, [`timeline`] what all invoices of a subscription say together.
//! - [`price`] reckons what a quantity costs, [`contained`] the tax in it, [`discount`] what is taken off, [`split`] of what, and
//!   [`left`] what remains; [`credit`] what was given back, [`refund`] what was paid back, [`recurring`] what comes again.
//! - [`standing`] is what a subscription's status means.
//! - [`words`] tells all of it to people.
//!
//! What depends on the day is not decided here: the draft holds what decides it, and whoever asks brings the day.

mod contained;
mod credit;
mod discount;
mod invoice;
mod left;
mod line;
mod price;
mod recurring;
mod refund;
mod span;
mod split;
mod standing;
mod subscription;
mod term;
#[cfg(test)]
mod tests;
pub mod timeline;
mod words;

use std::ops::RangeInclusive;

use chrono::{Datelike, NaiveDate};
use entity::kind::{
    ChurnAt, ContractSource, ContractStatus, CountInvoices, DiscountCounts, LineKind, PaymentState, SpanKind,
    StripeKind, TerminationReason,
};
use rust_decimal::Decimal;

use super::fit::storable_text;
use super::fraction::Fraction;
use super::refs::Known;
use super::{MESSAGE_LETTERS, MapError, read};
use crate::days::Days;

pub use invoice::from_invoice;
pub use subscription::from_subscription;
pub use timeline::{Bill, Left, Piece, Span, Timeline};
pub use words::{FIXED_RULES, FixedRule};

/// What every database, and every reader of the API, can hold.
const YEARS: RangeInclusive<i32> = 1..=9999;
/// Of a text that a contract shows.
const TEXT_LETTERS: usize = 5_000;

/// The moment that a subscription is mapped for.
#[derive(Debug)]
pub struct Moment<'a> {
    /// How amounts are reckoned.
    pub rules: &'a ContractRules,
    /// The Unix second that discounts and a scheduled end are judged by.
    pub as_of: i64,
    /// Since when it has been past due, where that was seen, Unix seconds.
    pub past_due_since: Option<i64>,
}

/// The settings that the contract mapping knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContractRules {
    /// Invoices over nothing make contracts, too.
    pub import_zero_amount_invoices: bool,
    /// Whose days dates are.
    pub days: Days,
    /// Whether discounts of some months lower recurring revenue.
    pub repeating_discounts: DiscountCounts,
    /// Whether discounts of once lower recurring revenue.
    pub once_discounts: DiscountCounts,
    /// For how many days a past due subscription counts; `None`: until it ends.
    pub past_due_counts_for_days: Option<i32>,
    /// When a subscription that will end ceases to count.
    pub churn_at: ChurnAt,
    /// Which invoices make contracts.
    pub count_invoices: CountInvoices,
}

impl Default for ContractRules {
    fn default() -> Self {
        Self {
            import_zero_amount_invoices: false,
            days: Days::default(),
            repeating_discounts: DiscountCounts::WhileRunning,
            once_discounts: DiscountCounts::Never,
            past_due_counts_for_days: None,
            churn_at: ChurnAt::End,
            count_invoices: CountInvoices::Paid,
        }
    }
}

/// What is here already of a contract.
#[derive(Debug, Clone, Copy, Default)]
pub struct Before<'a> {
    /// The subscription that it is known to bill.
    pub stripe_subscription_id: Option<&'a str>,
}

/// A contract without our id and times. Amounts are minor units of `currency`.
#[derive(Debug, Clone, PartialEq)]
pub struct ContractDraft {
    /// What it was made from.
    pub source: ContractSource,
    /// Of live mode, where the object says so.
    pub livemode: Option<bool>,
    /// Stripe's own status word.
    pub source_status: String,
    /// The invoice's number.
    pub number: Option<String>,
    /// What people recognise it by: its first recurring product, else its first line, else the number.
    pub name: String,
    /// Whom it bills.
    pub stripe_customer_id: Option<String>,
    /// The subscription that it is, or bills.
    pub stripe_subscription_id: Option<String>,
    /// Unix milliseconds.
    pub paid_at: Option<i64>,
    /// When Stripe made it, Unix seconds.
    pub issued_at: i64,
    /// The day it counts from.
    pub booking_date: NaiveDate,
    /// First day of the term.
    pub term_start: Option<NaiveDate>,
    /// The day after the last of the term.
    pub term_end: Option<NaiveDate>,
    /// The status, where no day decides it; else the term does.
    pub fixed_status: Option<ContractStatus>,
    /// Why it is CHURNED, where `fixed_status` of an invoice says so.
    pub fixed_reason: Option<TerminationReason>,
    /// How its payment stands.
    pub payment_state: PaymentState,
    /// It has a licensed line that comes again and is no proration.
    pub recurs: bool,
    /// The day it was ended; of an invoice contract also the day its subscription was ended, or will be.
    pub terminated_date: Option<NaiveDate>,
    /// What renews it begins on this day at the earliest.
    pub renewal_from: Option<NaiveDate>,
    /// The day from which it renews another: the first of what is licensed in it, else of its term; null on a subscription.
    pub recurs_from: Option<NaiveDate>,
    /// It goes on by itself; null where there is no subscription, or none known.
    pub auto_renew: Option<bool>,
    /// Upper case.
    pub currency: String,
    /// Sum of the lines' gross amounts.
    pub subtotal: i64,
    /// Sum of the lines' discounts.
    pub discount: i64,
    /// Shipping without tax.
    pub shipping: i64,
    /// Tax, contained and added.
    pub tax: i64,
    /// After discounts, with shipping, without tax.
    pub total: i64,
    /// What has been paid of it.
    pub amount_paid: i64,
    /// What credit notes gave back of `total`, without tax.
    pub credited: i64,
    /// `total` less `credited`.
    pub net: i64,
    /// What was paid back without a credit note, without tax.
    pub refunded: i64,
    /// Recurring revenue a month.
    pub mrr: i64,
    /// Recurring revenue a year.
    pub arr: i64,
    /// A year's recurring revenue and what is charged once in the term.
    pub acv: i64,
    /// Stripe's total less ours; null on a subscription.
    pub reconcile_delta: Option<i64>,
    /// The sums agree with Stripe's.
    pub reconciled: bool,
    /// What the subscription is, whichever source makes contracts; `None` on an invoice.
    pub state: Option<StateDraft>,
    /// What could not be done as it should, for people.
    pub warnings: Vec<String>,
    /// What it names and what is not here yet, or not with all that is needed.
    pub pending: Vec<(StripeKind, String)>,
    /// Its invoice states credit notes that are not here.
    pub misses_credit: bool,
    /// In Stripe's order.
    pub lines: Vec<LineDraft>,
}

/// Where a subscription stands. Times are Unix seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateDraft {
    /// The status of its contract.
    pub status: ContractStatus,
    /// The status of its invoices whose term is over and that nothing has renewed.
    pub invoice_status: ContractStatus,
    /// When the last of its items' present periods ends.
    pub period_until: Option<i64>,
    /// The last moment before now at which it tells itself that something changed.
    pub changed_at: Option<i64>,
    /// When it ended.
    pub ended_at: Option<i64>,
    /// When time alone changes what it brings or where it stands.
    pub next_change_at: Option<i64>,
}

/// A line without our id. Amounts are minor units of the contract's currency.
#[derive(Debug, Clone, PartialEq)]
pub struct LineDraft {
    /// `il_…` or `si_…`
    pub stripe_id: String,
    /// From 1.
    pub line_number: i32,
    /// Stripe's id of the product.
    pub stripe_product_id: Option<String>,
    /// Stripe's name for it.
    pub product_name: Option<String>,
    /// Stripe's id of the price.
    pub stripe_price_id: Option<String>,
    /// Stripe's text.
    pub description: Option<String>,
    /// Null for metered items.
    pub quantity: Option<Decimal>,
    /// Minor units; null where no single price is one.
    pub unit_price: Option<Decimal>,
    /// Before discounts.
    pub gross: i64,
    /// Discounts and credit grants.
    pub discount: i64,
    /// Tax, contained and added.
    pub tax: i64,
    /// Gross less discount less contained tax.
    pub net: i64,
    /// Its own part of the recurring revenue a month, rounded by itself.
    pub mrr: i64,
    /// What it charges for.
    pub kind: LineKind,
    /// The subscription item; of an invoice line without one its own id.
    pub item_id: String,
    /// What it does to the item's recurring revenue; `None` on a subscription.
    pub span: Option<SpanKind>,
    /// What the item brings a month in the line's period, exactly.
    pub monthly: Fraction,
    /// Unix milliseconds.
    pub period_start: Option<i64>,
    /// Unix milliseconds.
    pub period_end: Option<i64>,
}

/// What is missing or odd, gathered while mapping.
#[derive(Debug, Default)]
struct Notes {
    warnings: Vec<String>,
    pending: Vec<(StripeKind, String)>,
}

impl Notes {
    fn warn(&mut self, text: String) {
        let (text, _) = storable_text(text, MESSAGE_LETTERS);
        if !self.warnings.contains(&text) {
            self.warnings.push(text);
        }
    }

    fn knows_no_rhythm(&mut self, what: &str, id: &str) {
        self.warn(format!(
            "How often {what} {id} is charged is not known: it is not counted as recurring revenue."
        ));
    }

    fn misses(&mut self, kind: StripeKind, id: &str) {
        let what = kind.object_name().replace('_', " ");
        self.waits_for(
            kind,
            id,
            &format!("{what} {id} is not here yet; the contract is completed when it is."),
        );
    }

    /// Notes an object that does not give yet what is needed of it; `why` tells so.
    fn waits_for(&mut self, kind: StripeKind, id: &str, why: &str) {
        if !self.pending.iter().any(|(known, other)| *known == kind && other == id) {
            self.pending.push((kind, id.to_owned()));
            self.warn(format!("PENDING: {why}"));
        }
    }
}

/// The day of a Unix second.
fn day(seconds: i64, days: Days) -> Result<NaiveDate, MapError> {
    days.day(seconds)
        .filter(|day| YEARS.contains(&day.year()))
        .ok_or_else(|| MapError {
            code: "DATE_OUT_OF_RANGE",
            message: format!("{seconds} is no Unix second of the years 1 to 9999."),
            hint: Some("Look at the object's dates in Stripe's dashboard.".to_owned()),
        })
}

/// What is named, where it is here; notes what is missing.
fn known<'a, T>(known: Known<&'a T>, kind: StripeKind, id: &str, notes: &mut Notes) -> Option<&'a T> {
    if matches!(known, Known::Missing) {
        notes.misses(kind, id);
    }
    known.here()
}

/// The Unix milliseconds of a Unix second.
fn milliseconds(seconds: i64) -> Result<i64, MapError> {
    day(seconds, Days::default()).map(|_day| seconds.saturating_mul(1000))
}

/// Stripe's text as it can be stored: PostgreSQL takes no U+0000, and nobody reads a megabyte.
fn text(value: String, notes: &mut Notes) -> String {
    if value.contains('\0') {
        notes.warn("A NUL character in Stripe's text was replaced.".to_owned());
    }
    let (text, is_shortened) = storable_text(value, TEXT_LETTERS);
    if is_shortened {
        notes.warn(format!("A text of Stripe's was shortened to {TEXT_LETTERS} letters."));
    }
    text
}

fn line_number(index: usize) -> Result<i32, MapError> {
    i32::try_from(index + 1).map_err(|_range| super::money::too_large())
}
