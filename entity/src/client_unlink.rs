//! Pairs of client and Stripe customer that a person has parted: no rule joins them again.

use sea_orm::entity::prelude::*;

/// A client and a customer that are not each other.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "client_unlink")]
pub struct Model {
    /// The connected account of the customer.
    #[sea_orm(primary_key, auto_increment = false)]
    pub integration_id: Uuid,
    /// Stripe's id of the customer.
    #[sea_orm(primary_key, auto_increment = false)]
    pub stripe_customer_id: String,
    /// The client.
    #[sea_orm(primary_key, auto_increment = false)]
    pub client_id: Uuid,
    /// When they were parted, Unix milliseconds.
    pub created_at: i64,
}

/// It stands alone: references are by Stripe id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
