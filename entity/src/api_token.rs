//! Tokens of scripts.

use sea_orm::entity::prelude::*;

use crate::kind::Scope;

/// A script's token.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_token")]
pub struct Model {
    /// Our id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose it is; it never may more than the user may.
    pub user_id: Uuid,
    /// What it is for.
    pub name: String,
    /// Prefix and last four characters.
    pub display: String,
    /// SHA-256 of the token; unique.
    pub secret_hash: Vec<u8>,
    /// What it may do at most.
    pub scope: Scope,
    /// The caller's key against making it twice; unique for the user.
    pub idempotency_key: Option<String>,
    /// Unix milliseconds.
    pub created_at: i64,
    /// Unix milliseconds.
    pub last_used_at: Option<i64>,
    /// Unix milliseconds.
    pub expires_at: Option<i64>,
    /// Unix milliseconds.
    pub revoked_at: Option<i64>,
}

/// It stands alone.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
