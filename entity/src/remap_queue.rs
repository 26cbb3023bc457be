//! Objects to be mapped again because something they name has changed; written with the change, emptied by the run.

use sea_orm::entity::prelude::*;

use crate::kind::StripeKind;

/// An object that waits to be mapped again.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "remap_queue")]
pub struct Model {
    /// The connected account it belongs to.
    #[sea_orm(primary_key, auto_increment = false)]
    pub integration_id: Uuid,
    /// What it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: StripeKind,
    /// Stripe's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub stripe_id: String,
}

/// It stands alone: references are by Stripe id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
