//! The ids of Stripe's events that were met, so that none has its effect twice.

use sea_orm::entity::prelude::*;

/// An event that was applied.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "stripe_event")]
pub struct Model {
    /// The connected account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub integration_id: Uuid,
    /// Stripe's id of the event.
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_id: String,
    /// Stripe's word for what happened.
    pub event_type: String,
    /// When it happened, Unix seconds of Stripe's clock.
    pub created: i64,
    /// When it had its effect here, Unix milliseconds.
    pub applied_at: i64,
}

/// It stands alone: references are by Stripe id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
