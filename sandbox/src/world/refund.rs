//! Refunds: money that goes back. They change no invoice, and tell which payment they give back only.

use serde_json::json as value;

use super::{Kind, World};
use crate::json::{Json, json};

impl World {
    /// Pays so many minor units of a paid invoice back, without a credit note; gives the refund's id.
    pub fn create_refund(&self, invoice_id: &str, amount_minor: i64) -> String {
        let invoice = self.find(Kind::Invoice, invoice_id).unwrap_or_default();
        let currency = invoice["currency"].as_str().unwrap_or("usd").to_owned();
        let intent = Self::intent_of(invoice_id);
        let id = self.put_refund(&intent, &currency, amount_minor);
        let charge = charge(self, &invoice, &intent);
        self.tell("charge.refunded", charge, None);
        id
    }

    /// Pays back what was paid for no invoice; gives the refund's id.
    pub fn create_refund_of_no_invoice(&self, amount_minor: i64) -> String {
        self.put_refund("pi_of_no_invoice", "usd", amount_minor)
    }

    /// A refund did not reach the customer: the money is the merchant's again.
    pub fn fail_refund(&self, id: &str) {
        let patch = json!({"status": "failed", "failure_reason": "expired_or_canceled_card"});
        self.amend(
            Kind::Refund,
            id,
            patch,
            &["refund.updated", "refund.failed", "charge.refund.updated"],
        );
    }

    fn put_refund(&self, intent: &str, currency: &str, amount: i64) -> String {
        let refund = json!({
            "object": "refund", "amount": amount, "balance_transaction": null, "charge": charge_of(intent),
            "currency": currency, "destination_details": {"type": "card"}, "metadata": {"why": "Ada asked"},
            "payment_intent": intent, "reason": "requested_by_customer", "receipt_number": null,
            "source_transfer_reversal": null, "status": "succeeded", "transfer_reversal": null,
        });
        let index = self.reserve(Kind::Refund);
        self.create(Kind::Refund, index, refund, value!({}), &["refund.created"])
    }
}

fn charge_of(intent: &str) -> String {
    intent.replacen("pi_", "ch_", 1)
}

/// The charge as its event tells it: without its refunds, as since 2022-11-15.
fn charge(world: &World, invoice: &Json, intent: &str) -> Json {
    let mut refunded = 0;
    world.each(Kind::Refund, |refund| {
        if refund["payment_intent"] == intent && refund["status"] != "failed" {
            refunded += refund["amount"].as_i64().unwrap_or_default();
        }
    });
    let amount = invoice["amount_paid"].as_i64().unwrap_or_default();
    json!({
        "id": charge_of(intent), "object": "charge", "amount": amount, "amount_captured": amount,
        "amount_refunded": refunded, "captured": true, "currency": &invoice["currency"],
        "customer": &invoice["customer"], "livemode": world.livemode(), "paid": true, "payment_intent": intent,
        "refunded": refunded >= amount, "status": "succeeded",
    })
}
