//! What a Stripe customer or product becomes: the admin's rules.

use sea_orm::entity::prelude::*;

use crate::kind::{SyncDirection, SyncObject};
use crate::list::MappingRules;

/// The mapping of one object of one integration.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "mapping")]
pub struct Model {
    /// The connected account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub integration_id: Uuid,
    /// Customer or product.
    #[sea_orm(primary_key, auto_increment = false)]
    pub object: SyncObject,
    /// Goes up with each change.
    pub version: i32,
    /// Whether records are written.
    pub direction: SyncDirection,
    /// The rules, in order.
    pub rules: MappingRules,
    /// When it last changed, Unix milliseconds.
    pub updated_at: i64,
    /// Who changed it; null for the default.
    pub updated_by: Option<Uuid>,
}

/// It stands alone: references are by Stripe id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
