//! Who is calling.

use async_graphql::{Context, Object};

use super::session::Session;
use super::token::ApiToken;
use super::{ContextExt, Fault, Scope, User};
use crate::account::{self, Caller, Proof};
use crate::store;

/// Who is calling.
#[derive(Debug, Clone)]
pub(super) struct Viewer(pub(super) Caller);

#[Object]
impl Viewer {
    async fn user(&self) -> User {
        User(self.0.user.clone())
    }

    async fn scope(&self) -> Scope {
        self.0.scope.into()
    }

    async fn token(&self) -> Option<ApiToken> {
        match &self.0.proof {
            Proof::Token(row) => Some(ApiToken(row.clone())),
            Proof::Session(_) => None,
        }
    }

    async fn session(&self) -> Option<Session> {
        match &self.0.proof {
            Proof::Session(row) => Some(Session::new(row.clone(), &self.0)),
            Proof::Token(_) => None,
        }
    }

    async fn sessions(&self, ctx: &Context<'_>) -> Result<Vec<Session>, Fault> {
        let rows = account::session::list_live(ctx.app()?, self.0.user.id).await?;
        Ok(rows.into_iter().map(|row| Session::new(row, &self.0)).collect())
    }

    async fn api_tokens(&self, ctx: &Context<'_>) -> Result<Vec<ApiToken>, Fault> {
        let rows = store::token::list_of_user(ctx.app()?.db.read(), self.0.user.id).await?;
        Ok(rows.into_iter().map(ApiToken).collect())
    }
}

/// The query of this noun.
#[derive(Default)]
pub(super) struct ViewerQuery;

#[Object]
impl ViewerQuery {
    /// Who is calling; null when not signed in. Never an error.
    async fn viewer(&self, ctx: &Context<'_>) -> Option<Viewer> {
        ctx.find_caller().cloned().map(Viewer)
    }
}
