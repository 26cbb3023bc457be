//! What an invoice's lines come to: discounts, credits and taxes by kind.

use serde_json::{Map, Value, json};

use super::coupon::Holder;
use super::item;
use super::ledger::Ledger;
use super::line::{Bill, discount_credit, grant, tax};

/// Adds what the lines have in common: discounts, credits and taxes by kind.
pub(crate) fn add_totals(fields: &mut Map<String, Value>, bill: &Bill<'_>) {
    let ledger = bill.ledger;
    let step = ledger.currency.step();
    let mut reductions: Vec<(String, i64)> = item_discounts(bill);
    if let Some(holder) = ledger.discount {
        reductions.push((holder.discount_id(), ledger.sum(|line| line.invoice_discount) * step));
    }
    let mut credits: Vec<Value> = reductions
        .iter()
        .map(|(id, amount)| discount_credit(*amount, id))
        .collect();
    let granted = ledger.sum(|line| line.credit) * step;
    if granted != 0 {
        credits.push(grant(granted, bill.index));
    }
    let amounts: Vec<Value> = reductions
        .iter()
        .map(|(id, amount)| json!({"amount": amount, "discount": id}))
        .collect();
    extend(
        fields,
        json!({
            "total_discount_amounts": amounts,
            "total_pretax_credit_amounts": credits,
            "total_taxes": total_taxes(ledger),
        }),
    );
}

fn item_discounts(bill: &Bill<'_>) -> Vec<(String, i64)> {
    let step = bill.ledger.currency.step();
    let off = bill.ledger.sum(|line| line.item_discount) * step;
    bill.subscription
        .filter(|billed| off != 0 && item::has_discount(*billed, 0))
        .map(|billed| (Holder::Item(billed, 0).discount_id(), off))
        .into_iter()
        .collect()
}

fn total_taxes(ledger: &Ledger) -> Vec<Value> {
    let step = ledger.currency.step();
    [false, true]
        .into_iter()
        .filter(|inclusive| ledger.taxed && ledger.lines.iter().any(|line| line.inclusive == *inclusive))
        .map(|inclusive| {
            let inside = if inclusive { ledger.tax(true) } else { 0 };
            let taxable = ledger.sum(|line| if line.inclusive == inclusive { line.taxable() } else { 0 });
            tax(ledger.tax(inclusive) * step, (taxable - inside) * step, inclusive)
        })
        .collect()
}

/// Adds an object's fields to others.
pub(crate) fn extend(fields: &mut Map<String, Value>, more: Value) {
    if let Value::Object(more) = more {
        fields.extend(more);
    }
}
