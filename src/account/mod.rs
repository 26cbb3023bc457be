//! Who may do what: users, sessions, tokens, scopes.

use std::time::Duration;

use entity::kind::Scope;
use entity::{api_token, session as session_row, user as user_row};
use sea_orm::DbErr;
use tokio::time::timeout;

pub mod cookie;
pub mod email;
mod hashing;
pub mod name;
pub mod password;
pub mod secret;
pub mod session;
pub mod token;
pub mod user;

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The person.
    pub user: user_row::Model,
    /// What the call may do: the user's role, or the token's scope if that is less.
    pub scope: Scope,
    /// How the call proved who it is.
    pub proof: Proof,
}

/// How a call proved who it is.
#[derive(Debug, Clone)]
pub enum Proof {
    /// A browser's session cookie.
    Session(session_row::Model),
    /// A script's bearer token.
    Token(api_token::Model),
}

/// Where a call comes from, as far as can be told.
#[derive(Debug, Clone, Default)]
pub struct Peer {
    /// The caller's address; that of a proxy which is not trusted counts as the caller's.
    pub ip: Option<std::net::IpAddr>,
    /// The browser's own words.
    pub user_agent: Option<String>,
}

const NOTE_TIMEOUT: Duration = Duration::from_secs(1);

/// How stale `last_seen_at` and `last_used_at` may be, milliseconds: a write a minute is enough for people and for the idle limit.
const TOUCH_MS: i64 = 60_000;

/// Notes that a caller was seen, if the database takes it soon: reading goes on where writing is held up.
async fn note(touch: impl Future<Output = Result<(), DbErr>>) {
    match timeout(NOTE_TIMEOUT, touch).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "when a caller was last seen could not be noted"),
        Err(_elapsed) => tracing::warn!("when a caller was last seen could not be noted in time"),
    }
}
