//! The people who may sign in.

use sea_orm::entity::prelude::*;

use crate::kind::Scope;

/// A person who may sign in.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "user")]
pub struct Model {
    /// Our id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The address as given.
    pub email: String,
    /// The address in the form that sign-in looks up; unique.
    pub email_key: String,
    /// The name people see.
    pub name: String,
    /// What the person may do.
    pub role: Scope,
    /// An Argon2id hash in PHC form.
    pub password_hash: String,
    /// Off: sessions and tokens are refused at once.
    pub enabled: bool,
    /// When the row was made.
    pub created_at: i64,
    /// Unix milliseconds.
    pub last_sign_in_at: Option<i64>,
}

/// It stands alone.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
