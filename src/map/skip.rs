//! Why an object makes no record, although nothing is wrong with it.

/// What mapping came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Mapped<T> {
    /// A record.
    Record(T),
    /// None, and why.
    Skipped(SkipReason),
}

/// Why an object makes no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SkipReason {
    /// Only paid invoices are contracts.
    InvoiceNotPaid,
    /// Invoices over nothing are contracts only when the settings say so.
    ZeroAmount,
    /// Its first payment is still open: it may never begin.
    SubscriptionIncomplete,
}

impl SkipReason {
    /// For programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::InvoiceNotPaid => "INVOICE_NOT_PAID",
            Self::ZeroAmount => "ZERO_AMOUNT",
            Self::SubscriptionIncomplete => "SUBSCRIPTION_INCOMPLETE",
        }
    }
}
