//! Who may do what: users, sessions, tokens, scopes.

use entity::kind::Scope;
use entity::{api_token, session, user};

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The person.
    pub user: user::Model,
    /// What the call may do: the user's role, or the token's scope if that is less.
    pub scope: Scope,
    /// How the call proved who it is.
    pub proof: Proof,
}

/// How a call proved who it is.
#[derive(Debug, Clone)]
pub enum Proof {
    /// A browser's session cookie.
    Session(session::Model),
    /// A script's bearer token.
    Token(api_token::Model),
}
