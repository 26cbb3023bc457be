//! What an invoice's lines come to: discounts, credits and taxes by kind.

use super::bill::Bill;
use super::coupon::Holder;
use super::item;
use super::ledger::Ledger;
use super::line::{discount_credit, grant, tax};
use crate::json::{Json, json};

/// What the lines have in common: discounts, credits and taxes by kind.
pub(crate) fn totals(bill: &Bill) -> Json {
    let ledger = &bill.ledger;
    let step = ledger.currency.step();
    let mut reductions: Vec<(String, i64)> = item_discounts(bill);
    if let Some(id) = &bill.discount {
        reductions.push((id.clone(), ledger.sum(|line| line.invoice_discount) * step));
    }
    let mut credits: Vec<Json> = reductions
        .iter()
        .map(|(id, amount)| discount_credit(*amount, id))
        .collect();
    let granted = ledger.sum(|line| line.credit) * step;
    if granted != 0 {
        credits.push(grant(granted, bill.index));
    }
    let amounts: Vec<Json> = reductions
        .iter()
        .map(|(id, amount)| json!({"amount": *amount, "discount": id.as_str()}))
        .collect();
    json!({
        "total_discount_amounts": amounts,
        "total_pretax_credit_amounts": credits,
        "total_taxes": total_taxes(ledger),
    })
}

fn item_discounts(bill: &Bill) -> Vec<(String, i64)> {
    let step = bill.ledger.currency.step();
    let off = bill.ledger.sum(|line| line.item_discount) * step;
    bill.subscription
        .filter(|billed| off != 0 && item::has_discount(*billed, 0))
        .map(|billed| (Holder::Item(billed, 0).discount_id(), off))
        .into_iter()
        .collect()
}

fn total_taxes(ledger: &Ledger) -> Vec<Json> {
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
