//! Entries of the product catalog.

use sea_orm::entity::prelude::*;

use crate::list::{CustomValues, Warnings};

/// An entry of the product catalog.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "product")]
pub struct Model {
    /// Our id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The connected account it comes from.
    pub integration_id: Uuid,
    /// Stripe's id.
    pub stripe_id: String,
    /// The name people see.
    pub name: String,
    /// The name in the form that lists sort by.
    pub name_key: String,
    /// Name, sku and ids in the form that `search` reads.
    pub search_key: String,
    /// What it is, in words.
    pub description: Option<String>,
    /// Stock keeping unit.
    pub sku: Option<String>,
    /// Can be sold.
    pub active: bool,
    /// Has an active recurring price.
    pub recurring: bool,
    /// Stripe no longer has it.
    pub deleted_in_stripe: bool,
    /// Values of the fields that an admin has added.
    pub custom_values: CustomValues,
    /// What could not be done as it should.
    pub warnings: Warnings,
    /// When the row was made.
    pub created_at: i64,
    /// When a field last changed.
    pub updated_at: i64,
}

/// It stands alone: references are by Stripe id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
