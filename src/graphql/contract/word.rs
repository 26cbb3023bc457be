//! The words of contracts.

use async_graphql::Enum;

/// Where a contract is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::kind::ContractStatus")]
pub(super) enum ContractStatus {
    /// It may begin: a trial.
    Forecasted,
    /// Paid, and its term has not begun.
    Booked,
    /// In its term.
    Active,
    /// Its term is over and should have been renewed, or a payment is missing.
    Overdue,
    /// It was ended, or given back in full.
    Churned,
    /// It never began.
    Lost,
    /// Its term is over, and nothing more was to come or another contract has followed.
    Ended,
}

/// How a contract's payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::kind::PaymentState")]
pub(super) enum PaymentState {
    /// Nothing is owed.
    Paid,
    /// An invoice is open, and may still be paid in time.
    Due,
    /// A payment is late; Stripe still tries.
    PastDue,
    /// A payment is missing.
    Unpaid,
    /// Nothing is collected for now.
    Paused,
    /// Nothing is to be paid yet.
    Trialing,
    /// Nothing is to be paid.
    None,
}
