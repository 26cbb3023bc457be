//! The lines of an invoice. Their amounts are Stripe's and never recomputed.

use entity::kind::{LineKind, SpanKind, StripeKind};
use rust_decimal::Decimal;

use super::recurring::monthly;
use super::span::{Bill, item_id, span};
use super::{LineDraft, Notes, known, line_number, milliseconds, text};
use crate::map::MapError;
use crate::map::fraction::Fraction;
use crate::map::money::{less, sum};
use crate::map::refs::Known;
use crate::stripe::object::{Line, Price, Tax};

/// Pretax credits of this kind are credit grants; the others repeat the discounts.
const CREDIT_GRANT: &str = "credit_balance_transaction";

/// A line, with what the sums of its contract need.
#[derive(Debug)]
pub(super) struct Charged {
    pub(super) draft: LineDraft,
    /// It is charged, or given back, once.
    pub(super) is_once: bool,
}

/// Reads a line.
pub(super) fn charged(bill: &Bill<'_>, line: &Line, index: usize, notes: &mut Notes) -> Result<Charged, MapError> {
    let refs = bill.refs;
    let (price_id, product_id) = (line.price_id(), line.product_id());
    let price = price_id.and_then(|id| known(refs.price(id), StripeKind::Price, id, notes));
    if let Some(id) = price_id.filter(|id| !line.is_proration() && matches!(refs.price(id), Known::Gone)) {
        notes.warn(gone(line, id));
    }
    let product = product_id.and_then(|id| known(refs.product(id), StripeKind::Product, id, notes));
    let kind = kind(line, price);
    let discount = discount(line)?;
    let net = less(line.amount, [discount, contained_tax(&line.taxes)?])?;
    let span = span(bill, line, (price, kind, net), notes)?;
    let yearly = span
        .filter(|span| span.kind == SpanKind::Opens)
        .map_or(Fraction::ZERO, |span| span.yearly);
    // A price that is missing or gone is told of already.
    if kind == LineKind::Recurring && span.is_none() && (price.is_some() || price_id.is_none()) {
        notes.knows_no_rhythm("line", &line.id);
    }
    let draft = LineDraft {
        stripe_id: line.id.clone(),
        line_number: line_number(index)?,
        stripe_product_id: product_id.map(str::to_owned),
        product_name: product
            .and_then(|product| product.name.clone())
            .map(|name| text(name, notes)),
        stripe_price_id: price_id.map(str::to_owned),
        description: line.description.clone().map(|description| text(description, notes)),
        quantity: quantity(line),
        unit_price: line
            .pricing
            .as_ref()
            .and_then(|pricing| pricing.unit_amount_decimal)
            .map(|exact| exact.0),
        gross: line.amount,
        discount,
        tax: sum(line.taxes.iter().map(|tax| tax.amount))?,
        net,
        mrr: monthly(yearly)?,
        kind,
        item_id: item_id(line),
        span: span.map(|span| span.kind),
        monthly: yearly.over(Fraction::whole(12))?,
        period_start: line.period.map(|period| milliseconds(period.start)).transpose()?,
        period_end: line.period.map(|period| milliseconds(period.end)).transpose()?,
    };
    Ok(Charged {
        draft,
        is_once: kind == LineKind::OneTime || (kind == LineKind::Credit && !recurs(line, price)),
    })
}

/// Without its price nobody knows how often a line comes again, nor whether one that was billed by hand does.
fn gone(line: &Line, price_id: &str) -> String {
    let taken_for = if line.is_of_subscription() || line.amount < 0 {
        "is"
    } else {
        "is taken for a charge of once and"
    };
    format!(
        "Price {price_id} is gone from Stripe: line {} {taken_for} not counted as recurring revenue.",
        line.id
    )
}

fn quantity(line: &Line) -> Option<Decimal> {
    let exact = line.quantity_decimal.map(|exact| exact.0);
    exact.or_else(|| line.quantity.map(Decimal::from))
}

/// Discounts, and what credit grants paid.
pub(super) fn discount(line: &Line) -> Result<i64, MapError> {
    let grants = line
        .pretax_credit_amounts
        .iter()
        .filter(|credit| credit.kind.as_deref() == Some(CREDIT_GRANT));
    sum(line.discount_amounts.iter().chain(grants).map(|share| share.amount))
}

/// The part of the taxes that the amounts hold already.
pub(super) fn contained_tax(taxes: &[Tax]) -> Result<i64, MapError> {
    sum(taxes.iter().filter(|tax| tax.is_inclusive()).map(|tax| tax.amount))
}

fn kind(line: &Line, price: Option<&Price>) -> LineKind {
    if line.is_proration() {
        return LineKind::Proration;
    }
    match price {
        Some(price) if price.is_metered() => LineKind::Usage,
        _ if line.amount < 0 => LineKind::Credit,
        _ if recurs(line, price) => LineKind::Recurring,
        _ => LineKind::OneTime,
    }
}

/// Where the price is not known, the line's making tells.
fn recurs(line: &Line, price: Option<&Price>) -> bool {
    price.map_or_else(|| line.is_of_subscription(), |price| price.recurring.is_some())
}
