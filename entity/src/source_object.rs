//! Stripe's JSON as last seen, one row an object: what re-mapping, "unchanged?" and "why?" are answered from.

use sea_orm::entity::prelude::*;

use crate::kind::{RecordState, StripeKind};

/// A Stripe object as last seen.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "source_object")]
pub struct Model {
    /// The connected account it belongs to.
    #[sea_orm(primary_key, auto_increment = false)]
    pub integration_id: Uuid,
    /// What it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: StripeKind,
    /// Stripe's id, unique only within integration and kind.
    #[sea_orm(primary_key, auto_increment = false)]
    pub stripe_id: String,
    /// The JSON, LZ4 with its length in front, in the shape of the pinned version, nested lists whole.
    pub body: Vec<u8>,
    /// First half of the SHA-256 over the canonical JSON: keys sorted, nulls left out.
    pub digest: Vec<u8>,
    /// Stripe held this state not before, Unix milliseconds of Stripe's clock.
    pub seen_min: i64,
    /// Stripe held this state not after, Unix milliseconds of Stripe's clock.
    pub seen_max: i64,
    /// Stripe no longer has it.
    pub deleted: bool,
    /// What became of it.
    pub state: RecordState,
    /// Why, as a code, where `state` alone does not say it.
    pub reason: Option<String>,
    /// Fingerprint of the rules and settings it was mapped with.
    pub map_stamp: i64,
    /// Of an active recurring price: its product. Makes `Product.recurring` one look-up.
    pub recurring_of: Option<String>,
}

/// It stands alone: references are by Stripe id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
