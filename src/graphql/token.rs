//! API tokens.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use entity::api_token;

use super::id::IdType;
use super::problem::{UserError, settle};
use super::scalar::DateTime;
use super::{ContextExt, Fault, Scope};
use crate::account::Caller;
use crate::account::token::{self, NewToken};
use crate::app::App;
use crate::error::Error;

/// A script's token.
#[derive(Debug, Clone)]
pub(super) struct ApiToken(pub(super) api_token::Model);

#[Object]
impl ApiToken {
    pub(super) async fn id(&self) -> ID {
        IdType::ApiToken.encode(self.0.id)
    }

    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Prefix and last four characters; the secret is never readable again.
    async fn display(&self) -> &str {
        &self.0.display
    }

    async fn scope(&self) -> Scope {
        self.0.scope.into()
    }

    async fn created_at(&self) -> DateTime {
        DateTime::from_ms(self.0.created_at)
    }

    async fn last_used_at(&self) -> Option<DateTime> {
        self.0.last_used_at.map(DateTime::from_ms)
    }

    async fn expires_at(&self) -> Option<DateTime> {
        self.0.expires_at.map(DateTime::from_ms)
    }
}

#[derive(InputObject)]
struct CreateApiTokenInput {
    name: String,
    scope: Scope,
    expires_at: Option<DateTime>,
    idempotency_key: Option<String>,
}

#[derive(SimpleObject)]
struct CreateApiTokenPayload {
    api_token: Option<ApiToken>,
    secret: Option<String>,
    user_errors: Vec<UserError>,
}

#[derive(InputObject)]
pub(super) struct IdInput {
    pub(super) id: ID,
}

#[derive(SimpleObject)]
pub(super) struct DeletedPayload {
    pub(super) deleted_id: Option<ID>,
    pub(super) user_errors: Vec<UserError>,
}

impl DeletedPayload {
    pub(super) fn of(id: ID, result: Result<(), Error>) -> Result<Self, Fault> {
        let (done, user_errors) = settle(result)?;
        Ok(Self {
            deleted_id: done.map(|()| id),
            user_errors,
        })
    }
}

/// The mutations of this noun.
#[derive(Default)]
pub(super) struct TokenMutation;

#[Object]
impl TokenMutation {
    /// `secret` is shown in this answer only.
    async fn create_api_token(
        &self,
        ctx: &Context<'_>,
        input: CreateApiTokenInput,
    ) -> Result<CreateApiTokenPayload, Fault> {
        let caller = ctx.require(Scope::Read.into())?;
        let (made, user_errors) = settle(create(ctx.app()?, caller, input).await)?;
        let (api_token, secret) = made.unzip();
        Ok(CreateApiTokenPayload {
            api_token: api_token.map(ApiToken),
            secret: secret.flatten(),
            user_errors,
        })
    }

    async fn revoke_api_token(&self, ctx: &Context<'_>, input: IdInput) -> Result<DeletedPayload, Fault> {
        let caller = ctx.require(Scope::Read.into())?;
        DeletedPayload::of(input.id.clone(), revoke(ctx.app()?, caller, &input.id).await)
    }
}

async fn create(
    app: &App,
    caller: &Caller,
    input: CreateApiTokenInput,
) -> Result<(api_token::Model, Option<String>), Error> {
    let new = NewToken {
        name: input.name,
        scope: input.scope.into(),
        expires_at: input.expires_at.map(DateTime::ms),
        idempotency_key: input.idempotency_key,
    };
    token::check_grant(caller, &new)?;
    token::create(app, &caller.user, new).await
}

async fn revoke(app: &App, caller: &Caller, id: &ID) -> Result<(), Error> {
    token::revoke(app, caller, IdType::ApiToken.decode(id, &["id"])?).await
}
