//! Refunds: money that went back. They change no invoice, and do not say of which one they are.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::Id;

/// Money that went back. The amount is in Stripe's minor unit, tax included.
#[derive(Debug, Clone, Deserialize)]
pub struct Refund {
    /// `re_…`
    pub id: String,
    /// What went back, or is about to.
    pub amount: i64,
    /// pending, `requires_action`, succeeded, failed, canceled, or a word of later times.
    pub status: Option<String>,
    /// The invoice that was paid; none where something else was. Not Stripe's word: it was looked for when this was read.
    pub invoice: Option<Id>,
}

impl Refund {
    /// It did not reach the customer and counts for nothing.
    pub fn is_void(&self) -> bool {
        matches!(self.status.as_deref(), Some("failed" | "canceled"))
    }
}

/// What is read of a refund. The rest is the card it went to, and what people have written.
const KEPT: [&str; 8] = [
    "id",
    "object",
    "amount",
    "currency",
    "created",
    "status",
    "payment_intent",
    "charge",
];

/// What is kept of a refund as Stripe gives it, with the invoice that its payment was for.
pub fn kept_of_refund(refund: &Value, invoice: Option<String>) -> Value {
    let fields = KEPT
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), refund.get(name)?.clone())));
    let mut kept: Map<String, Value> = fields.collect();
    kept.insert("invoice".to_owned(), invoice.into());
    kept.into()
}

/// What was paid, in the words of a filter of invoice payments.
pub fn payment_of_refund(refund: &Value) -> Option<(&'static str, &str)> {
    let id = |name: &str| refund[name].as_str().or_else(|| refund[name]["id"].as_str());
    let intent = id("payment_intent").map(|id| ("payment_intent", id));
    intent.or_else(|| id("charge").map(|id| ("charge", id)))
}
