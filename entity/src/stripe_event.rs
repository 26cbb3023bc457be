//! The inbox: Stripe's events as they came, by poll or by webhook, until they have had their effect. Ids stay, so that none has it twice.

use sea_orm::entity::prelude::*;

use crate::kind::{EventOutcome, EventWay};

/// An event that was met.
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
    /// Which way it came first.
    pub came_by: EventWay,
    /// When it came, Unix milliseconds.
    pub received_at: i64,
    /// The event's JSON, LZ4 with its length in front; null once emptied, and where it is no use.
    pub body: Option<Vec<u8>>,
    /// When it had its effect here, Unix milliseconds; null while it waits.
    pub applied_at: Option<i64>,
    /// What came of it; null while it waits.
    pub outcome: Option<EventOutcome>,
}

/// It stands alone: references are by Stripe id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
