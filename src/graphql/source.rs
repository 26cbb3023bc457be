//! Words that several nouns share.

use async_graphql::Enum;

/// Which Stripe object makes Contracts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::kind::ContractSource")]
pub(super) enum ContractSource {
    Invoice,
    Subscription,
}

/// Kinds of Stripe object that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::kind::StripeKind")]
pub(super) enum StripeKind {
    Customer,
    Product,
    Price,
    Invoice,
    Subscription,
    Coupon,
    CreditNote,
    Refund,
}
