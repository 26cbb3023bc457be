//! How a request proves who sent it: a bearer token, or by POST the session cookie.

use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::http::header::{AUTHORIZATION, HeaderMap};

use super::answer::Refusal;
use super::negotiate::Outcome;
use super::origin;
use crate::account::{self, Caller, cookie};
use crate::app::App;
use crate::error::Error;

/// What a request shows, not yet checked against the database.
#[derive(Debug)]
pub(super) enum Shown {
    Nothing,
    Cookie(String),
    Bearer(String),
}

/// Reads what the request shows. A cookie counts by POST only, and only from a page of `ours`.
pub(super) fn read(request: &HttpRequest, app: &App, ours: &str) -> Result<Shown, Refusal> {
    let bearer = bearer(request.headers())?;
    let cookie = (request.method() == Method::POST)
        .then(|| request.cookie(cookie::name(app.is_public_https())))
        .flatten();
    match (bearer, cookie) {
        (Some(_), Some(_)) => {
            let message = "Send a bearer token or the session cookie, not both.";
            Err(Refusal::new(Outcome::Malformed, message))
        }
        (Some(token), None) => Ok(Shown::Bearer(token)),
        (None, Some(cookie)) if origin::is_ours(request.headers(), ours) => {
            Ok(Shown::Cookie(cookie.value().to_owned()))
        }
        (None, Some(_)) => {
            let message = "The session cookie is taken from this server's own pages only.";
            Err(Refusal::new(Outcome::CrossSite, message))
        }
        (None, None) => Ok(Shown::Nothing),
    }
}

fn bearer(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let mut values = headers.get_all(AUTHORIZATION);
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(Refusal::new(Outcome::Malformed, "Send one Authorization header."));
    }
    let text = value.to_str().unwrap_or_default();
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Some(token.trim().to_owned())),
        _ => Err(bad_token()),
    }
}

fn bad_token() -> Refusal {
    Refusal::new(Outcome::BadToken, "The bearer token is not known, or no longer.")
}

/// Who it is. A session that has ended is nobody, so that its browser can sign in again; a token that is no longer good is refused.
pub(super) async fn identify(app: &App, shown: Shown) -> Result<Option<Caller>, Refusal> {
    let found = match &shown {
        Shown::Nothing => Ok(None),
        Shown::Cookie(secret) => account::session::find_caller(app, secret).await,
        Shown::Bearer(token) => account::token::find_caller(app, token).await,
    };
    match (found, shown) {
        (Ok(None), Shown::Bearer(_)) => Err(bad_token()),
        (Ok(caller), _) => Ok(caller),
        (Err(error), _) => Err(broken(&error)),
    }
}

fn broken(error: &Error) -> Refusal {
    tracing::error!(
        error = error as &dyn std::error::Error,
        "a caller could not be identified"
    );
    Refusal::new(Outcome::Broken, super::answer::BROKEN)
}
