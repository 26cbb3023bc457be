//! What was paid back of an invoice without a credit note.

use super::Notes;
use super::credit::Credit;
use crate::map::money::{less, sum, too_large};
use crate::map::{MapError, Refs};
use crate::stripe::object::{CreditNote, Invoice, Refund};

/// Without tax, minor units. `total` is the contract's. What belongs to a credit note counts there.
pub(super) fn refunded(
    invoice: &Invoice,
    refs: &Refs,
    (total, credit): (i64, &Credit),
    notes: &mut Notes,
) -> Result<i64, MapError> {
    let issued: Vec<&CreditNote> = refs
        .credit_notes(&invoice.id)
        .filter_map(|(_, note)| note.filter(|note| !note.is_void()))
        .collect();
    let mut paid_back = Vec::new();
    for (id, refund) in refs.refunds(&invoice.id) {
        match refund {
            Some(refund) if !refund.is_void() => paid_back.push(beside_notes(refund, &issued)?),
            Some(_) => {}
            None => notes.warn(format!("Refund {id} cannot be read and is not taken off.")),
        }
    }
    let paid_back = sum(paid_back)?;
    if paid_back <= 0 || invoice.total <= 0 {
        return Ok(0);
    }
    let given_back = sum(issued.iter().map(|note| note.total).chain([paid_back]))?;
    if given_back >= invoice.total {
        return less(total, [credit.credited]);
    }
    share(paid_back, total, invoice.total)
}

/// What of a refund no credit note tells of.
fn beside_notes(refund: &Refund, issued: &[&CreditNote]) -> Result<i64, MapError> {
    let shares = issued.iter().flat_map(|note| &note.refunds);
    let own = shares.filter(|share| share.refund.as_ref().is_some_and(|id| id.0 == refund.id));
    let told = sum(own.map(|share| share.amount_refunded.unwrap_or(refund.amount)))?;
    Ok(less(refund.amount, [told])?.max(0))
}

/// `amount` x `part` / `whole`, rounded half up.
fn share(amount: i64, part: i64, whole: i64) -> Result<i64, MapError> {
    let (amount, part, whole) = (i128::from(amount), i128::from(part), i128::from(whole));
    let rounded = (2 * amount * part + whole).div_euclid(2 * whole);
    i64::try_from(rounded).map_err(|_range| too_large())
}
