//! The payments of an invoice, which Stripe serves only on expansion and in a list of their own.

use super::World;
use crate::json::{Json, json};

impl World {
    /// The payment intent that pays an invoice.
    pub(crate) fn intent_of(invoice_id: &str) -> String {
        invoice_id.replacen("in_", "pi_", 1)
    }

    /// The invoice that a payment intent pays.
    pub(crate) fn invoice_paid_by(intent: &str) -> Option<String> {
        Some(format!("in_{}", intent.strip_prefix("pi_")?))
    }

    /// The list of payments of an invoice as it is served: one that paid what
    /// was due, or none.
    pub(crate) fn payments(invoice: &Json) -> Json {
        let id = invoice["id"].as_str().unwrap_or_default();
        // One that was put here as it is may leave out what was paid.
        let whole = invoice["total"].as_i64().filter(|_| invoice["status"] == "paid");
        let paid = invoice["amount_paid"].as_i64().or(whole).unwrap_or_default();
        let payment = (paid > 0).then(|| {
            let paid_at = &invoice["status_transitions"]["paid_at"];
            json!({
                "id": id.replacen("in_", "inpay_", 1),
                "object": "invoice_payment",
                "amount_paid": paid,
                "amount_requested": &invoice["amount_due"],
                "created": paid_at,
                "currency": &invoice["currency"],
                "invoice": id,
                "is_default": true,
                "livemode": &invoice["livemode"],
                "payment": {
                    "type": "payment_intent", "payment_intent": Self::intent_of(id),
                },
                "status": "paid",
                "status_transitions": {"canceled_at": null, "paid_at": paid_at},
            })
        });
        json!({
            "object": "list", "data": payment.into_iter().collect::<Vec<_>>(), "has_more": false,
            "url": "/v1/invoice_payments",
        })
    }
}
