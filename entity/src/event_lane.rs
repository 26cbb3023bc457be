//! Who takes the events of an integration out of the inbox: one process at a time, told apart by the fence number.

use sea_orm::entity::prelude::*;

/// The holder of an integration's events.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "event_lane")]
pub struct Model {
    /// The connected account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub integration_id: Uuid,
    /// The process.
    pub owner: Uuid,
    /// Until when it may be believed alive, Unix milliseconds of the database's clock.
    pub lease_until: i64,
    /// Goes up each time the holder changes; writes with an older number are refused.
    pub fence: i32,
}

/// It stands alone: references are by Stripe id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
