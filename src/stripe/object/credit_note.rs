//! Credit notes: what was given back of an invoice. They change neither its lines nor its total.

use serde::Deserialize;

use super::field::list;
use super::{Id, Tax};

/// What was given back of an invoice. Amounts are in Stripe's minor unit.
#[derive(Debug, Clone, Deserialize)]
pub struct CreditNote {
    /// `cn_…`
    pub id: String,
    /// `issued`, or `void` when it was taken back.
    pub status: Option<String>,
    /// With tax.
    pub total: i64,
    /// Without any tax.
    pub total_excluding_tax: Option<i64>,
    /// The taxes in `total`.
    #[serde(default, deserialize_with = "list")]
    pub total_taxes: Vec<Tax>,
    /// When it was made, Unix seconds.
    pub created: i64,
    /// When it says that it was made.
    pub effective_at: Option<i64>,
    /// What it is for.
    pub invoice: Id,
    /// The refunds that paid it back.
    #[serde(default, deserialize_with = "list")]
    pub refunds: Vec<RefundShare>,
}

/// A refund's part in a credit note.
#[derive(Debug, Clone, Deserialize)]
pub struct RefundShare {
    /// `re_…`
    pub refund: Option<Id>,
    /// How much of it; none: all.
    pub amount_refunded: Option<i64>,
}

impl CreditNote {
    /// It was taken back and counts for nothing.
    pub fn is_void(&self) -> bool {
        self.status.as_deref() == Some("void")
    }
}
