//! Which clients a request to save has made or edited, by its idempotency key: the same request again does nothing.

use sea_orm::entity::prelude::*;

use crate::list::RecordIds;

/// What came of a request to save clients.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "saved_clients")]
pub struct Model {
    /// Who asked.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    /// The caller's key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub idempotency_key: String,
    /// SHA-256 of the request.
    pub digest: Vec<u8>,
    /// The clients, in the request's order.
    pub clients: RecordIds,
    /// When, Unix milliseconds.
    pub created_at: i64,
}

/// It stands alone: references are by Stripe id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
