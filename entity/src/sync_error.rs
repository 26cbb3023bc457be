//! Objects that could not be imported, one row an object.

use sea_orm::entity::prelude::*;

use crate::kind::StripeKind;

/// An object that could not be imported, and since when.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sync_error")]
pub struct Model {
    /// Our id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The connected account.
    pub integration_id: Uuid,
    /// The run that met it last.
    pub run_id: Option<Uuid>,
    /// What it is.
    pub kind: StripeKind,
    /// Stripe's id.
    pub stripe_id: String,
    /// What is wrong, as a code.
    pub code: String,
    /// What is wrong, for people.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// How often it was tried.
    pub attempts: i32,
    /// Unix milliseconds.
    pub first_at: i64,
    /// Unix milliseconds.
    pub last_at: i64,
    /// When it is tried again by itself, Unix milliseconds; null when it is settled or was tried often enough.
    pub next_retry_at: Option<i64>,
    /// An event has told of its payment: it belongs here whatever the window says when it is read.
    pub brought_in: bool,
    /// Unix milliseconds; null while it is open.
    pub resolved_at: Option<i64>,
}

/// It stands alone: references are by Stripe id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
