//! People.

use async_graphql::{Enum, ID, Object};
use entity::user;

use super::id::IdType;
use super::scalar::DateTime;

/// What a user or a token may do. Each level includes the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::kind::Scope")]
#[expect(missing_docs, reason = "entity::kind::Scope says what each one means")]
pub enum Scope {
    Read,
    RunSync,
    Configure,
    Admin,
}

/// A person who may sign in.
#[derive(Debug, Clone)]
pub struct User(pub user::Model);

#[Object]
impl User {
    pub(super) async fn id(&self) -> ID {
        IdType::User.encode(self.0.id)
    }

    async fn email(&self) -> &str {
        &self.0.email
    }

    async fn name(&self) -> &str {
        &self.0.name
    }

    async fn role(&self) -> Scope {
        self.0.role.into()
    }

    async fn enabled(&self) -> bool {
        self.0.enabled
    }

    async fn created_at(&self) -> DateTime {
        DateTime::from_ms(self.0.created_at)
    }

    async fn last_sign_in_at(&self) -> Option<DateTime> {
        self.0.last_sign_in_at.map(DateTime::from_ms)
    }
}
