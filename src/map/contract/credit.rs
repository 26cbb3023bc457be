//! What credit notes have given back of an invoice. They change neither its lines nor its total.

use chrono::NaiveDate;

use super::{Notes, day};
use crate::days::Days;
use crate::map::money::{less, sum};
use crate::map::{MapError, Refs};
use crate::stripe::object::{CreditNote, Invoice};

/// What was given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Credit {
    /// Without tax, minor units.
    pub(super) credited: i64,
    /// The day of the last note, where nothing is left of the invoice.
    pub(super) full_on: Option<NaiveDate>,
    /// Stripe states more than the notes that are here come to.
    pub(super) is_short: bool,
}

/// Adds up the notes that count.
pub(super) fn credit(invoice: &Invoice, refs: &Refs, days: Days, notes: &mut Notes) -> Result<Credit, MapError> {
    let mut issued: Vec<&CreditNote> = Vec::new();
    for (id, note) in refs.credit_notes(&invoice.id) {
        match note {
            Some(note) if !note.is_void() => issued.push(note),
            Some(_) => {}
            None => notes.warn(format!("Credit note {id} cannot be read and is not taken off.")),
        }
    }
    let given_back = sum(issued.iter().map(|note| note.total))?;
    let is_short = warn_of_difference(invoice, given_back, notes)?;
    let credited = issued.iter().copied().map(without_tax).collect::<Result<Vec<_>, _>>()?;
    let is_full = !issued.is_empty() && given_back >= invoice.total;
    let last = issued
        .iter()
        .map(|note| note.effective_at.unwrap_or(note.created))
        .max();
    Ok(Credit {
        credited: sum(credited)?,
        full_on: last.filter(|_| is_full).map(|at| day(at, days)).transpose()?,
        is_short,
    })
}

fn without_tax(note: &CreditNote) -> Result<i64, MapError> {
    match note.total_excluding_tax {
        Some(amount) => Ok(amount),
        None => less(note.total, note.total_taxes.iter().map(|tax| tax.amount)),
    }
}

/// A key may lack the right to credit notes, and one may be older than what was listed: the invoice itself knows their sum. Says
/// whether some are missing.
fn warn_of_difference(invoice: &Invoice, given_back: i64, notes: &mut Notes) -> Result<bool, MapError> {
    let stated = [
        invoice.pre_payment_credit_notes_amount,
        invoice.post_payment_credit_notes_amount,
    ];
    if stated == [None, None] {
        return Ok(false);
    }
    let stated = sum(stated.into_iter().flatten())?;
    let is_short = stated > given_back;
    if stated != given_back {
        let pending = if is_short { "PENDING: " } else { "" };
        notes.warn(format!(
            "{pending}Stripe states credit notes of {stated} in the smallest unit; those that are here come to {given_back}."
        ));
    }
    Ok(is_short)
}
