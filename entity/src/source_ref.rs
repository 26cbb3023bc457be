//! Which Stripe object names which, so that a changed price finds the contracts that show it.

use sea_orm::entity::prelude::*;

use crate::kind::StripeKind;

/// `from` names `to`; `to` may not be here yet.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "source_ref")]
pub struct Model {
    /// The connected account both belong to.
    #[sea_orm(primary_key, auto_increment = false)]
    pub integration_id: Uuid,
    /// Kind of the object that names.
    #[sea_orm(primary_key, auto_increment = false)]
    pub from_kind: StripeKind,
    /// Stripe id of the object that names.
    #[sea_orm(primary_key, auto_increment = false)]
    pub from_id: String,
    /// Kind of the object that is named.
    #[sea_orm(primary_key, auto_increment = false)]
    pub to_kind: StripeKind,
    /// Stripe id of the object that is named.
    #[sea_orm(primary_key, auto_increment = false)]
    pub to_id: String,
}

/// It stands alone: references are by Stripe id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
