//! What is synchronised, and which way.

use async_graphql::Enum;

/// What is synchronised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::kind::SyncObject")]
pub(super) enum SyncObject {
    Customer,
    Product,
    Contract,
}

/// Which way an object is synchronised. There is no push: this integration only pulls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::kind::SyncDirection")]
pub(super) enum SyncDirection {
    Pull,
    Disabled,
}
