//! A paid invoice becomes a contract.

use chrono::NaiveDate;
use entity::kind::{ContractSource, LineKind, StripeKind};
use rust_decimal::Decimal;
use serde_json::Value;

use super::{ContractDraft, ContractRules, LineDraft, Notes, day, line_number, milliseconds, read, text};
use crate::map::money::{less, sum};
use crate::map::refs::Known;
use crate::map::{MapError, Mapped, Refs, SkipReason};
use crate::stripe::object::{Invoice, Line, Price, Tax};

/// Pretax credits of this kind are credit grants; the others repeat the discounts.
const CREDIT_GRANT: &str = "credit_balance_transaction";

/// Maps an invoice with all its lines. Skipping is only for what is no record yet: what is here is flagged instead.
pub fn from_invoice(
    object: &Value,
    refs: &Refs,
    rules: &ContractRules,
    is_record: bool,
) -> Result<Mapped<ContractDraft>, MapError> {
    let invoice: Invoice = read(object)?;
    let is_paid = invoice.status == "paid";
    if !is_record && !is_paid {
        return Ok(Mapped::Skipped(SkipReason::InvoiceNotPaid));
    }
    if !is_record && invoice.total == 0 && !rules.import_zero_amount_invoices {
        return Ok(Mapped::Skipped(SkipReason::ZeroAmount));
    }
    let mut notes = Notes::default();
    if !is_paid {
        notes.warn(format!("Stripe's invoice is no longer paid but {}.", invoice.status));
    }
    draft(invoice, refs, notes).map(Mapped::Record)
}

fn draft(invoice: Invoice, refs: &Refs, mut notes: Notes) -> Result<ContractDraft, MapError> {
    let paid_at = invoice
        .status_transitions
        .as_ref()
        .and_then(|transitions| transitions.paid_at);
    let booking_date = day(paid_at.or(invoice.effective_at).unwrap_or(invoice.created))?;
    let (mut lines, mut contained) = (Vec::with_capacity(invoice.lines.len()), Vec::new());
    for (index, line) in invoice.lines.iter().enumerate() {
        let (line, contained_tax) = draft_line(line, index, refs, &mut notes)?;
        lines.push(line);
        contained.push(contained_tax);
    }
    let sums = Sums::of(&invoice, &lines)?;
    if !sums.is_reconciled(&invoice) {
        notes.warn("The lines, discounts, shipping and taxes do not add up to Stripe's total.".to_owned());
    }
    let (term_start, term_end) = term(&invoice.lines, &lines, booking_date)?;
    let subscription = invoice
        .parent
        .as_ref()
        .and_then(|parent| parent.subscription_details.as_ref());
    let stripe_subscription_id = subscription
        .and_then(|details| details.subscription.as_ref())
        .map(|subscription| subscription.0.clone());
    let reconciled = sums.is_reconciled(&invoice);
    Ok(ContractDraft {
        source: ContractSource::Invoice,
        source_status: text(invoice.status, &mut notes),
        name: text(name(&lines, invoice.number.as_deref(), &invoice.id), &mut notes),
        number: invoice.number.map(|number| text(number, &mut notes)),
        stripe_customer_id: invoice.customer.map(|customer| customer.0),
        stripe_subscription_id,
        paid_at: paid_at.map(milliseconds).transpose()?,
        booking_date,
        term_start,
        term_end,
        currency: invoice.currency.to_ascii_uppercase(),
        subtotal: sums.subtotal,
        discount: sums.discount,
        shipping: sums.shipping,
        tax: sums.tax,
        total: sums.total,
        amount_paid: invoice.amount_paid,
        reconcile_delta: Some(sums.delta),
        reconciled,
        next_change_at: None,
        warnings: notes.warnings,
        pending: notes.pending,
        lines,
    })
}

/// The sums of the contract.
struct Sums {
    subtotal: i64,
    discount: i64,
    shipping: i64,
    tax: i64,
    total: i64,
    delta: i64,
}

impl Sums {
    fn of(invoice: &Invoice, lines: &[LineDraft]) -> Result<Self, MapError> {
        let (shipping, shipping_tax) = invoice.shipping_cost.as_ref().map_or(Ok((0, 0)), |cost| {
            less(cost.amount_total, [cost.amount_tax]).map(|without_tax| (without_tax, cost.amount_tax))
        })?;
        let net = sum(lines.iter().map(|line| line.net))?;
        let taxes_on_lines = invoice.lines.iter().any(|line| !line.taxes.is_empty());
        // Old invoices carry their taxes on the whole only.
        let (tax, contained) = if taxes_on_lines || invoice.total_taxes.is_empty() {
            (sum(lines.iter().map(|line| line.tax).chain([shipping_tax]))?, 0)
        } else {
            (
                sum(invoice.total_taxes.iter().map(|tax| tax.amount))?,
                contained_tax(&invoice.total_taxes)?,
            )
        };
        let total = less(sum([net, shipping])?, [contained])?;
        Ok(Self {
            subtotal: sum(lines.iter().map(|line| line.gross))?,
            discount: sum(lines.iter().map(|line| line.discount))?,
            shipping,
            tax,
            total,
            delta: less(invoice.total, [total, tax])?,
        })
    }

    fn is_reconciled(&self, invoice: &Invoice) -> bool {
        self.delta == 0
            && invoice
                .total_excluding_tax
                .is_none_or(|without_tax| without_tax == self.total)
    }
}

fn contained_tax(taxes: &[Tax]) -> Result<i64, MapError> {
    sum(taxes.iter().filter(|tax| tax.is_inclusive()).map(|tax| tax.amount))
}

fn draft_line(line: &Line, index: usize, refs: &Refs, notes: &mut Notes) -> Result<(LineDraft, i64), MapError> {
    let details = line.pricing.as_ref().and_then(|pricing| pricing.price_details.as_ref());
    let price_id = details
        .and_then(|details| details.price.as_ref())
        .map(|id| id.0.as_str());
    let product_id = details
        .and_then(|details| details.product.as_ref())
        .map(|id| id.0.as_str());
    let price = price_id.and_then(|id| known(refs.price(id), StripeKind::Price, id, notes));
    let product = product_id.and_then(|id| known(refs.product(id), StripeKind::Product, id, notes));
    let grants = line
        .pretax_credit_amounts
        .iter()
        .filter(|credit| credit.kind.as_deref() == Some(CREDIT_GRANT));
    let discount = sum(line.discount_amounts.iter().chain(grants).map(|share| share.amount))?;
    let contained = contained_tax(&line.taxes)?;
    let description = line.description.clone().map(|description| text(description, notes));
    let draft = LineDraft {
        stripe_id: line.id.clone(),
        line_number: line_number(index)?,
        stripe_product_id: product_id.map(str::to_owned),
        product_name: product
            .and_then(|product| product.name.clone())
            .map(|name| text(name, notes)),
        stripe_price_id: price_id.map(str::to_owned),
        description,
        quantity: line
            .quantity_decimal
            .map(|exact| exact.0)
            .or_else(|| line.quantity.map(Decimal::from)),
        unit_price: line
            .pricing
            .as_ref()
            .and_then(|pricing| pricing.unit_amount_decimal)
            .map(|exact| exact.0),
        gross: line.amount,
        discount,
        tax: sum(line.taxes.iter().map(|tax| tax.amount))?,
        net: less(line.amount, [discount, contained])?,
        kind: kind(line, price),
        period_start: line.period.map(|period| milliseconds(period.start)).transpose()?,
        period_end: line.period.map(|period| milliseconds(period.end)).transpose()?,
    };
    Ok((draft, contained))
}

fn known<'a, T>(known: Known<&'a T>, kind: StripeKind, id: &str, notes: &mut Notes) -> Option<&'a T> {
    if matches!(known, Known::Missing) {
        notes.misses(kind, id);
    }
    known.here()
}

/// Where the price is not known, the line's making tells whether it recurs.
fn kind(line: &Line, price: Option<&Price>) -> LineKind {
    if line.is_proration() {
        return LineKind::Proration;
    }
    match price {
        Some(price) if price.is_metered() => LineKind::Usage,
        _ if line.amount < 0 => LineKind::Credit,
        Some(price) if price.recurring.is_some() => LineKind::Recurring,
        None if line.is_of_subscription() => LineKind::Recurring,
        _ => LineKind::OneTime,
    }
}

/// The service periods of the lines that are no prorations, else of all; what is sold once has the day it was paid.
fn term(
    lines: &[Line],
    drafts: &[LineDraft],
    booking_date: NaiveDate,
) -> Result<(Option<NaiveDate>, Option<NaiveDate>), MapError> {
    if drafts.iter().all(|draft| draft.kind == LineKind::OneTime) {
        return Ok((Some(booking_date), Some(booking_date)));
    }
    let is_regular = |line: &&Line| !line.is_proration();
    let only_regular = lines.iter().any(|line| is_regular(&line) && line.period.is_some());
    let periods = || {
        lines
            .iter()
            .filter(|line| !only_regular || is_regular(line))
            .filter_map(|line| line.period)
    };
    let start = periods().map(|period| period.start).min().map(day).transpose()?;
    let end = periods().map(|period| period.end).max().map(day).transpose()?;
    Ok((start, end))
}

fn name(lines: &[LineDraft], number: Option<&str>, id: &str) -> String {
    let recurring = lines.iter().find(|line| line.kind == LineKind::Recurring);
    let said = |line: &LineDraft| line.product_name.clone().or_else(|| line.description.clone());
    let first = recurring.and_then(said).or_else(|| lines.iter().find_map(said));
    first
        .filter(|name| !name.trim().is_empty())
        .unwrap_or_else(|| number.unwrap_or(id).to_owned())
}
