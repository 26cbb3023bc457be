//! The payments of an invoice, which Stripe serves only on expansion.

use super::{World, ids};
use crate::json::{Json, json};

impl World {
    /// The list of payments of an invoice as it is served: one that paid what
    /// was due, or none.
    pub(crate) fn payments(invoice: &Json) -> Json {
        let id = invoice["id"].as_str().unwrap_or_default();
        let paid = invoice["amount_paid"].as_i64().unwrap_or_default();
        let number = ids::decode("in_", id).unwrap_or_default();
        let payment = (paid > 0).then(|| {
            let paid_at = &invoice["status_transitions"]["paid_at"];
            json!({
                "id": ids::encode("inpay_", number),
                "object": "invoice_payment",
                "amount_paid": paid,
                "amount_requested": &invoice["amount_due"],
                "created": paid_at,
                "currency": &invoice["currency"],
                "invoice": id,
                "is_default": true,
                "livemode": &invoice["livemode"],
                "payment": {
                    "type": "payment_intent", "payment_intent": ids::encode("pi_", number),
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
