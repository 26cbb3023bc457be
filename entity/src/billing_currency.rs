//! The currencies that subscriptions are billed in: Stripe gives a price's tiers in them only where they are asked for by name.

use sea_orm::entity::prelude::*;

/// One currency of a connected account.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "billing_currency")]
pub struct Model {
    /// The connected account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub integration_id: Uuid,
    /// Three letters, lower case.
    #[sea_orm(primary_key, auto_increment = false)]
    pub currency: String,
}

/// It stands alone.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
