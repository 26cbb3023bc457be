//! Stripe customers whose person was erased here: a tombstone, so that nothing of them comes back.

use sea_orm::entity::prelude::*;

/// A customer whose person was erased.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "erased_customer")]
pub struct Model {
    /// The connected account of the customer.
    #[sea_orm(primary_key, auto_increment = false)]
    pub integration_id: Uuid,
    /// Stripe's id of the customer.
    #[sea_orm(primary_key, auto_increment = false)]
    pub stripe_customer_id: String,
    /// The client that it was.
    pub client_id: Uuid,
    /// When, Unix milliseconds.
    pub erased_at: i64,
    /// When everything that was kept of the person had been gone through, Unix milliseconds.
    pub scrubbed_at: Option<i64>,
}

/// It stands alone: references are by Stripe id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
