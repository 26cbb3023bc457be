//! Credit notes given after payment: a quarter of some invoices' total, a few
//! of them void.

use crate::json::{Json, json};

use super::{DAY, Kind, World, history, ids};

/// One invoice in so many may have a credit note.
pub(crate) const EVERY: u64 = 12;
const PLACE: u64 = 3;

/// Whether a generated credit note was voided.
pub(crate) fn is_void(index: u64) -> bool {
    index % 4 == 3
}

impl World {
    /// The invoice a credit note is for, unless that invoice allows none.
    pub(crate) fn credited_invoice(&self, index: u64) -> Option<u64> {
        let invoice = index * EVERY + PLACE;
        let payable = !history::is_free(invoice) && !history::is_refund(invoice);
        let charged = self.invoice_collection(invoice) == "charge_automatically";
        let suited = index < self.generated(Kind::CreditNote)
            && payable
            && charged
            && self.created(Kind::Invoice, invoice) < self.anchor - 2 * DAY
            && self.invoice_status(invoice) == "paid";
        suited.then_some(invoice)
    }

    pub(crate) fn credit_note_created(&self, index: u64) -> i64 {
        self.created(Kind::Invoice, index * EVERY + PLACE) + DAY
    }

    /// What credit notes gave back of an invoice, in steps.
    pub(crate) fn credited_steps(&self, invoice: u64, total: i64) -> i64 {
        let note = invoice / EVERY;
        let given = invoice % EVERY == PLACE && !is_void(note) && self.credited_invoice(note) == Some(invoice);
        if given { credit(total) } else { 0 }
    }

    pub(crate) fn credit_note(&self, index: u64) -> Option<Json> {
        let voided = is_void(index).then(|| self.credit_note_created(index) + 3_600);
        self.credit_note_until(index, voided)
    }

    /// A credit note before anything happened to it.
    pub(crate) fn credit_note_as_given(&self, index: u64) -> Option<Json> {
        self.credit_note_until(index, None)
    }

    fn credit_note_until(&self, index: u64, voided_at: Option<i64>) -> Option<Json> {
        let invoice = self.credited_invoice(index)?;
        let ledger = self.ledger(invoice);
        let customer = self
            .invoice_customer(invoice)
            .map(|customer| Self::id(Kind::Customer, customer));
        Some(render(&Note {
            id: &Self::id(Kind::CreditNote, index),
            invoice: &Self::id(Kind::Invoice, invoice),
            customer: customer.as_deref(),
            currency: ledger.currency.code(),
            amount: credit(ledger.total()) * ledger.currency.step(),
            created: self.credit_note_created(index),
            voided_at,
            livemode: self.livemode,
        }))
    }
}

fn credit(total: i64) -> i64 {
    (total / 4).max(0)
}

/// What tells one credit note from another.
pub(crate) struct Note<'a> {
    pub(crate) id: &'a str,
    pub(crate) invoice: &'a str,
    pub(crate) customer: Option<&'a str>,
    pub(crate) currency: &'a str,
    pub(crate) amount: i64,
    pub(crate) created: i64,
    pub(crate) voided_at: Option<i64>,
    pub(crate) livemode: bool,
}

/// A credit note with one line, given after payment.
pub(crate) fn render(note: &Note<'_>) -> Json {
    let line = json!({
        "id": note.id.replacen("cn_", "cnli_", 1),
        "object": "credit_note_line_item",
        "amount": note.amount, "description": "Service credit", "discount_amount": 0,
        "discount_amounts": [], "livemode": note.livemode, "metadata": {},
        "pretax_credit_amounts": [], "quantity": 1, "tax_rates": [], "taxes": [],
        "type": "custom_line_item", "unit_amount": note.amount,
        "unit_amount_decimal": note.amount.to_string(),
    });
    json!({
        "id": note.id,
        "object": "credit_note",
        "amount": note.amount,
        "amount_shipping": 0,
        "created": note.created,
        "currency": note.currency,
        "customer": note.customer,
        "customer_account": null,
        "customer_balance_transaction": null,
        "discount_amount": 0,
        "discount_amounts": [],
        "effective_at": note.created,
        "invoice": note.invoice,
        "lines": {
            "object": "list", "data": [line], "has_more": false,
            "url": format!("/v1/credit_notes/{}/lines", note.id),
        },
        "livemode": note.livemode,
        "memo": null,
        "metadata": {},
        "number": format!("CN-{}", ids::decode("cn_", note.id).unwrap_or_default()),
        "out_of_band_amount": null,
        "pdf": format!("https://invoice.example.com/{}/pdf", note.id),
        "post_payment_amount": note.amount,
        "pre_payment_amount": 0,
        "pretax_credit_amounts": [],
        "reason": null,
        "refunds": [],
        "shipping_cost": null,
        "status": if note.voided_at.is_some() { "void" } else { "issued" },
        "subtotal": note.amount,
        "subtotal_excluding_tax": note.amount,
        "total": note.amount,
        "total_excluding_tax": note.amount,
        "total_taxes": [],
        "type": "post_payment",
        "voided_at": note.voided_at,
    })
}
