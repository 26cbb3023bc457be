//! The coupons that discounts were given by, as they were: one may be deleted and its id given to another, while the discount runs on.

use sea_orm::entity::prelude::*;

/// What one discount takes off.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "discount_terms")]
pub struct Model {
    /// The connected account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub integration_id: Uuid,
    /// Stripe id of the discount.
    #[sea_orm(primary_key, auto_increment = false)]
    pub discount_id: String,
    /// Stripe id of the coupon.
    #[sea_orm(primary_key, auto_increment = false)]
    pub coupon_id: String,
    /// The coupon's JSON, packed.
    pub body: Vec<u8>,
}

/// It stands alone: references are by Stripe id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
