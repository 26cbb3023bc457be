//! Fields that an admin has added to clients or products.

use sea_orm::entity::prelude::*;

use crate::kind::{CustomFieldOwner, FieldType};
use crate::list::PicklistOptions;

/// A field that an admin has added.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "custom_field")]
pub struct Model {
    /// Our id; values are kept under it, so that a field of the same key made later does not inherit them.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What has it.
    pub owner: CustomFieldOwner,
    /// How mappings and scripts name it; unique for the owner, and fixed.
    pub key: String,
    /// How people name it.
    pub label: String,
    /// What its values are; fixed.
    pub field_type: FieldType,
    /// What a picklist offers, in order.
    pub options: PicklistOptions,
    /// When it was made, Unix milliseconds.
    pub created_at: i64,
}

/// It stands alone: references are by Stripe id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
