//! Sessions: signing in and out.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use entity::session;

use super::id::IdType;
use super::problem::{UserError, settle};
use super::scalar::DateTime;
use super::viewer::Viewer;
use super::{ContextExt, Fault, Scope};
use crate::account::{self, Caller, Peer, Proof, cookie};

/// A signed-in browser.
#[derive(Debug, Clone)]
pub(super) struct Session {
    row: session::Model,
    current: bool,
}

impl Session {
    /// As `caller` sees it.
    pub(super) fn new(row: session::Model, caller: &Caller) -> Self {
        let current = matches!(&caller.proof, Proof::Session(own) if own.id == row.id);
        Self { row, current }
    }
}

#[Object]
impl Session {
    pub(super) async fn id(&self) -> ID {
        IdType::Session.encode(self.row.id)
    }

    async fn created_at(&self) -> DateTime {
        DateTime::from_ms(self.row.created_at)
    }

    async fn last_seen_at(&self) -> DateTime {
        DateTime::from_ms(self.row.last_seen_at)
    }

    async fn expires_at(&self) -> DateTime {
        DateTime::from_ms(self.row.expires_at)
    }

    async fn ip(&self) -> Option<&str> {
        self.row.ip.as_deref()
    }

    async fn user_agent(&self) -> Option<&str> {
        self.row.user_agent.as_deref()
    }

    async fn current(&self) -> bool {
        self.current
    }
}

#[derive(InputObject)]
struct SignInInput {
    email: String,
    password: String,
}

#[derive(SimpleObject)]
struct SignInPayload {
    viewer: Option<Viewer>,
    user_errors: Vec<UserError>,
}

#[derive(SimpleObject)]
struct SignOutPayload {
    signed_out: bool,
    user_errors: Vec<UserError>,
}

/// The mutations of this noun.
#[derive(Default)]
pub(super) struct SessionMutation;

#[Object]
impl SessionMutation {
    /// Sets the session cookie, always with a fresh session; also how to re-authenticate.
    async fn sign_in(&self, ctx: &Context<'_>, input: SignInInput) -> Result<SignInPayload, Fault> {
        let app = ctx.app()?;
        let nowhere = Peer::default();
        let peer = ctx.data_opt::<Peer>().unwrap_or(&nowhere);
        let (signed_in, user_errors) = settle(account::user::sign_in(app, &input.email, &input.password, peer).await)?;
        let viewer = match signed_in {
            Some((caller, secret)) => {
                end_present_session(ctx).await?;
                ctx.append_http_header("set-cookie", cookie::set(&secret, app.is_public_https()));
                Some(Viewer(caller))
            }
            None => None,
        };
        Ok(SignInPayload { viewer, user_errors })
    }

    async fn sign_out(&self, ctx: &Context<'_>) -> Result<SignOutPayload, Fault> {
        ctx.require(Scope::Read.into())?;
        let signed_out = end_present_session(ctx).await?;
        if signed_out {
            ctx.append_http_header("set-cookie", cookie::clear(ctx.app()?.is_public_https()));
        }
        Ok(SignOutPayload {
            signed_out,
            user_errors: Vec::new(),
        })
    }
}

/// Ends the session that the call came with; `false` when it came with none.
async fn end_present_session(ctx: &Context<'_>) -> Result<bool, Fault> {
    let Some(Proof::Session(row)) = ctx.find_caller().map(|caller| &caller.proof) else {
        return Ok(false);
    };
    account::session::end(ctx.app()?, row.id).await?;
    Ok(true)
}
