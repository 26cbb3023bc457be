//! A paid invoice becomes a contract.

use chrono::{Days, NaiveDate};
use entity::kind::{
    ContractSource, ContractStatus, CountInvoices, LineKind, PaymentState, StripeKind, TerminationReason,
};

use super::credit::{Credit, credit};
use super::line::{Charged, charged, contained_tax};
use super::recurring::{Revenue, revenue_of};
use super::refund::refunded;
use super::span::Bill;
use super::term::{Term, term};
use super::timeline::{self, Timeline};
use super::{Before, ContractDraft, ContractRules, Notes, day, known, milliseconds, read, text};
use crate::map::money::{less, sum};
use crate::map::{Json, MapError, Mapped, Refs, SkipReason};
use crate::stripe::object::{Course, Invoice};

/// Maps an invoice with all its lines. Skipping is only for what is no record yet: what is here is flagged instead.
pub fn from_invoice<'a>(
    object: impl Into<Json<'a>>,
    refs: &Refs,
    rules: &ContractRules,
    before: Option<Before<'_>>,
) -> Result<Mapped<ContractDraft>, MapError> {
    let invoice: Invoice = read(object)?;
    let is_paid = invoice.status == "paid";
    if before.is_none() && !counts(&invoice.status, rules) {
        return Ok(Mapped::Skipped(SkipReason::InvoiceNotPaid));
    }
    if before.is_none() && invoice.total == 0 && !rules.import_zero_amount_invoices {
        return Ok(Mapped::Skipped(SkipReason::ZeroAmount));
    }
    let mut notes = Notes::default();
    if !is_paid && rules.count_invoices == CountInvoices::Paid {
        let was_paid = paid_at(&invoice).is_some();
        let not = if was_paid { "no longer" } else { "not" };
        notes.warn(format!("Stripe's invoice is {not} paid but {}.", invoice.status));
    }
    draft(invoice, refs, (rules, before.unwrap_or_default()), notes).map(Mapped::Record)
}

/// Whether an invoice of a status makes a contract, by the settings.
fn counts(status: &str, rules: &ContractRules) -> bool {
    match rules.count_invoices {
        CountInvoices::Paid => status == "paid",
        CountInvoices::Issued => matches!(status, "paid" | "open" | "uncollectible"),
    }
}

/// What the invoice comes to, before it is written down.
struct Reckoned<'a> {
    booking_date: NaiveDate,
    lines: Vec<Charged>,
    sums: Sums,
    credit: Credit,
    refunded: i64,
    revenue: Revenue,
    term: Term,
    /// It was voided or written off after it had counted.
    reversed_on: Option<NaiveDate>,
    subscription_id: Option<String>,
    course: Option<&'a Course>,
}

impl<'a> Reckoned<'a> {
    fn of(
        invoice: &Invoice,
        refs: &'a Refs,
        (rules, before): (&ContractRules, Before<'_>),
        notes: &mut Notes,
    ) -> Result<Self, MapError> {
        let booked = paid_at(invoice).or(invoice.effective_at).unwrap_or(invoice.created);
        let booking_date = day(booked, rules.days)?;
        let subscription_id = subscription_id(invoice, before);
        let course = subscription_id
            .as_deref()
            .and_then(|id| known(refs.course(id), StripeKind::Subscription, id, notes));
        let bill = Bill::new(invoice, course, refs, rules);
        let mut lines = Vec::with_capacity(invoice.lines.len());
        for (index, line) in invoice.lines.iter().enumerate() {
            lines.push(charged(&bill, line, index, notes)?);
        }
        let (sums, credit) = (Sums::of(invoice, &lines)?, credit(invoice, refs, rules.days, notes)?);
        let once = sum(lines.iter().filter(|line| line.is_once).map(|line| line.draft.net))?;
        Ok(Self {
            booking_date,
            refunded: refunded(invoice, refs, (sums.total, &credit), notes)?,
            sums,
            credit,
            revenue: revenue_of(Timeline::newest(&as_bill(invoice, &lines))?, once)?,
            term: term(&invoice.lines, &lines, booking_date, rules.days)?,
            reversed_on: reversed_on(invoice, rules)?,
            lines,
            subscription_id,
            course,
        })
    }

    fn recurs(&self) -> bool {
        self.lines.iter().any(|line| line.draft.kind == LineKind::Recurring)
    }

    /// Why it is CHURNED whatever its term says, and since when.
    fn termination(&self) -> Option<(TerminationReason, NaiveDate)> {
        let reversed = self.reversed_on.map(|day| (TerminationReason::Reversed, day));
        reversed.or(self.credit.full_on.map(|day| (TerminationReason::Credited, day)))
    }

    /// Of what was given back or reversed the day of that, else when its subscription ended, or will.
    fn terminated_date(&self, rules: &ContractRules) -> Result<Option<NaiveDate>, MapError> {
        match (self.termination(), self.course) {
            (Some((_, day)), _) => Ok(Some(day)),
            (None, Some(course)) => {
                let end = course.ended_at.or(course.cancel_at);
                end.map(|end| day(end, rules.days)).transpose()
            }
            (None, None) => Ok(None),
        }
    }

    fn renewal_from(&self) -> Option<NaiveDate> {
        self.subscription_id.as_ref()?;
        self.term.until.checked_sub_days(Days::new(1))
    }
}

fn draft(
    invoice: Invoice,
    refs: &Refs,
    (rules, before): (&ContractRules, Before<'_>),
    mut notes: Notes,
) -> Result<ContractDraft, MapError> {
    let reckoned = Reckoned::of(&invoice, refs, (rules, before), &mut notes)?;
    let (sums, revenue) = (&reckoned.sums, &reckoned.revenue);
    let reconciled = sums.is_reconciled(&invoice);
    if !reconciled {
        notes.warn("The lines, discounts, shipping and taxes do not add up to Stripe's total.".to_owned());
    }
    if sums.contained != 0 {
        notes.warn(format!(
            "Stripe tells contained tax of {} in the smallest unit on the whole only: the lines' net amounts, mrr, arr and acv hold it.",
            sums.contained
        ));
    }
    Ok(ContractDraft {
        livemode: invoice.livemode,
        source: ContractSource::Invoice,
        payment_state: payment_state(&invoice.status),
        paid_at: paid_at(&invoice).map(milliseconds).transpose()?,
        source_status: text(invoice.status, &mut notes),
        name: text(
            name(&reckoned.lines, invoice.number.as_deref(), &invoice.id),
            &mut notes,
        ),
        number: invoice.number.map(|number| text(number, &mut notes)),
        stripe_customer_id: invoice.customer.map(|customer| customer.0),
        issued_at: invoice.created,
        booking_date: reckoned.booking_date,
        term_start: Some(reckoned.term.from),
        term_end: Some(reckoned.term.until),
        fixed_status: reckoned.termination().map(|_| ContractStatus::Churned),
        fixed_reason: reckoned.termination().map(|(reason, _)| reason),
        recurs: reckoned.recurs(),
        terminated_date: reckoned.terminated_date(rules)?,
        renewal_from: reckoned.renewal_from(),
        recurs_from: Some(reckoned.term.from),
        auto_renew: reckoned.course.map(Course::renews),
        currency: invoice.currency.to_ascii_uppercase(),
        subtotal: sums.subtotal,
        discount: sums.discount,
        shipping: sums.shipping,
        tax: sums.tax,
        total: sums.total,
        amount_paid: invoice.amount_paid,
        credited: reckoned.credit.credited,
        net: match reckoned.reversed_on {
            Some(_) => 0,
            None => less(sums.total, [reckoned.credit.credited])?,
        },
        refunded: reckoned.refunded,
        mrr: revenue.mrr,
        arr: revenue.arr,
        acv: revenue.acv,
        reconcile_delta: Some(sums.delta),
        reconciled,
        state: None,
        warnings: notes.warnings,
        pending: notes.pending,
        misses_credit: reckoned.credit.is_short,
        stripe_subscription_id: reckoned.subscription_id,
        lines: reckoned.lines.into_iter().map(|line| line.draft).collect(),
    })
}

/// The invoice as the timeline reads it.
fn as_bill(invoice: &Invoice, lines: &[Charged]) -> timeline::Bill {
    let spans = lines.iter().filter_map(|line| {
        let (draft, kind) = (&line.draft, line.draft.span?);
        let second = |at: Option<i64>| at.map_or(invoice.created, |at| at.div_euclid(1000));
        Some(timeline::Span {
            item_id: draft.item_id.clone(),
            kind,
            is_regular: draft.kind != LineKind::Proration,
            from: second(draft.period_start),
            until: second(draft.period_end),
            monthly: draft.monthly,
            product_id: None,
        })
    });
    timeline::Bill {
        stripe_id: invoice.id.clone(),
        issued_at: invoice.created,
        spans: spans.collect(),
    }
}

/// The day on which an invoice that had counted was voided or written off, or from which on it does not count any more.
fn reversed_on(invoice: &Invoice, rules: &ContractRules) -> Result<Option<NaiveDate>, MapError> {
    let at = invoice
        .status_transitions
        .as_ref()
        .and_then(|at| match invoice.status.as_str() {
            "void" => at.voided_at,
            "uncollectible" if rules.count_invoices == CountInvoices::Paid => at.marked_uncollectible_at,
            _ => None,
        });
    let is_reversed = match invoice.status.as_str() {
        // One that is open was let in by the setting, while that counted what is issued.
        "uncollectible" | "open" => rules.count_invoices == CountInvoices::Paid,
        status => status == "void",
    };
    let at = is_reversed.then(|| at.unwrap_or(invoice.created));
    at.map(|at| day(at, rules.days)).transpose()
}

fn paid_at(invoice: &Invoice) -> Option<i64> {
    invoice.status_transitions.as_ref()?.paid_at
}

/// The subscription that it bills. Later versions of an invoice may be silent about it; a link that is known stays.
fn subscription_id(invoice: &Invoice, before: Before<'_>) -> Option<String> {
    let details = invoice
        .parent
        .as_ref()
        .and_then(|parent| parent.subscription_details.as_ref());
    let told = details.and_then(|details| Some(details.subscription.as_ref()?.0.as_str()));
    told.or(before.stripe_subscription_id).map(str::to_owned)
}

fn payment_state(status: &str) -> PaymentState {
    match status {
        "paid" => PaymentState::Paid,
        "open" | "uncollectible" => PaymentState::Unpaid,
        _ => PaymentState::None,
    }
}

/// The sums of the contract.
struct Sums {
    subtotal: i64,
    discount: i64,
    shipping: i64,
    tax: i64,
    /// What the lines' net amounts hold of it.
    contained: i64,
    total: i64,
    delta: i64,
}

/// The taxes of an invoice.
struct Taxes {
    all: i64,
    /// What the lines' amounts hold of it, though none of the lines tells of it.
    contained: i64,
}

impl Taxes {
    /// What the taxes can be: the likeliest, and what else. Old invoices carry their taxes on the whole only: those of the lines, by
    /// Stripe's words, but nothing says that shipping's are never among them.
    fn readings(invoice: &Invoice, lines: &[Charged], of_shipping: i64) -> Result<(Self, Vec<Self>), MapError> {
        let on_lines = invoice.lines.iter().any(|line| !line.taxes.is_empty());
        if on_lines || invoice.total_taxes.is_empty() {
            let all = sum(lines.iter().map(|line| line.draft.tax).chain([of_shipping]))?;
            return Ok((Self { all, contained: 0 }, Vec::new()));
        }
        let on_whole = sum(invoice.total_taxes.iter().map(|tax| tax.amount))?;
        let contained = contained_tax(&invoice.total_taxes)?;
        let among = |contained| Self {
            all: on_whole,
            contained,
        };
        let beside = Self {
            all: sum([on_whole, of_shipping])?,
            contained,
        };
        let mut others = vec![among(contained)];
        if contained >= of_shipping {
            others.push(among(less(contained, [of_shipping])?));
        }
        Ok((beside, others))
    }
}

impl Sums {
    /// By the first reading of the taxes that adds up to Stripe's total; by the likeliest where none does.
    fn of(invoice: &Invoice, lines: &[Charged]) -> Result<Self, MapError> {
        let (shipping, shipping_tax) = invoice.shipping_cost.as_ref().map_or(Ok((0, 0)), |cost| {
            less(cost.amount_total, [cost.amount_tax]).map(|without_tax| (without_tax, cost.amount_tax))
        })?;
        let (likeliest, others) = Taxes::readings(invoice, lines, shipping_tax)?;
        let sums = Self::with(invoice, lines, shipping, &likeliest)?;
        if sums.is_reconciled(invoice) {
            return Ok(sums);
        }
        for taxes in &others {
            let other = Self::with(invoice, lines, shipping, taxes)?;
            if other.is_reconciled(invoice) {
                return Ok(other);
            }
        }
        Ok(sums)
    }

    fn with(invoice: &Invoice, lines: &[Charged], shipping: i64, taxes: &Taxes) -> Result<Self, MapError> {
        let amounts = |amount: fn(&Charged) -> i64| lines.iter().map(amount);
        let total = less(
            sum(amounts(|line| line.draft.net).chain([shipping]))?,
            [taxes.contained],
        )?;
        Ok(Self {
            subtotal: sum(amounts(|line| line.draft.gross))?,
            discount: sum(amounts(|line| line.draft.discount))?,
            shipping,
            tax: taxes.all,
            contained: taxes.contained,
            total,
            delta: less(invoice.total, [total, taxes.all])?,
        })
    }

    fn is_reconciled(&self, invoice: &Invoice) -> bool {
        self.delta == 0
            && invoice
                .total_excluding_tax
                .is_none_or(|without_tax| without_tax == self.total)
    }
}

fn name(lines: &[Charged], number: Option<&str>, id: &str) -> String {
    let recurring = lines.iter().find(|line| line.draft.kind == LineKind::Recurring);
    let said = |line: &Charged| {
        line.draft
            .product_name
            .clone()
            .or_else(|| line.draft.description.clone())
    };
    let first = recurring.and_then(said).or_else(|| lines.iter().find_map(said));
    first
        .filter(|name| !name.trim().is_empty())
        .unwrap_or_else(|| number.unwrap_or(id).to_owned())
}
