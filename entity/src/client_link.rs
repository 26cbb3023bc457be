//! Which Stripe customer is which client. Contracts reach their client through it, so a late link attaches them by itself.

use sea_orm::entity::prelude::*;

/// A Stripe customer that is a client.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "client_link")]
pub struct Model {
    /// The connected account of the customer.
    #[sea_orm(primary_key, auto_increment = false)]
    pub integration_id: Uuid,
    /// Stripe's id of the customer.
    #[sea_orm(primary_key, auto_increment = false)]
    pub stripe_customer_id: String,
    /// The client.
    pub client_id: Uuid,
    /// Which rule, or person, made the link.
    pub linked_by: String,
    /// Stripe no longer has the customer.
    pub deleted_in_stripe: bool,
    /// When the link was made; the oldest is the client's first.
    pub created_at: i64,
}

/// It stands alone: references are by Stripe id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
