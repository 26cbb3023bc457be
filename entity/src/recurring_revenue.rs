//! Recurring revenue by time: what each subscription item brings a month, from one moment to another.
//!
//! Rows of one item do not overlap: what invoices tell ends where the subscription itself was first seen.

use sea_orm::entity::prelude::*;

use crate::kind::{RevenueBasis, RevenueCause};

/// So much a month of one item, from `from_at` on and before `until_at`, both Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "recurring_revenue")]
pub struct Model {
    /// The connected account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub integration_id: Uuid,
    /// Stripe's id of the subscription; of an invoice that bills none its own.
    #[sea_orm(primary_key, auto_increment = false)]
    pub source_id: String,
    /// Stripe's id of the subscription item; of an invoice line without one its own.
    #[sea_orm(primary_key, auto_increment = false)]
    pub item_id: String,
    /// The first second of it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub from_at: i64,
    /// The second after the last of it; [`OPEN`] while it goes on.
    pub until_at: i64,
    /// Which object tells it.
    pub basis: RevenueBasis,
    /// Whom it bills.
    pub stripe_customer_id: Option<String>,
    /// What is sold.
    pub stripe_product_id: Option<String>,
    /// Upper case.
    pub currency: String,
    /// Minor units a month, exactly: this over `denominator`.
    pub numerator: i64,
    /// Above 0.
    pub denominator: i64,
    /// Why it is so from then on.
    pub cause: RevenueCause,
    /// When Stripe told so, Unix seconds.
    pub told_at: i64,
}

/// The end of what goes on: the end of the year 9999, Unix seconds.
pub const OPEN: i64 = 253_402_300_800;

/// It stands alone: references are by Stripe id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
