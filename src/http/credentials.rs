//! How a request proves who sent it: a bearer token, or the session cookie, by POST or where a WebSocket is opened.

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
#[derive(Clone)]
pub(super) enum Shown {
    Nothing,
    Cookie(String),
    Bearer(String),
}

/// Reads what the request shows. A cookie counts by POST only, and only from a page of `ours`.
pub(super) fn read(request: &HttpRequest, app: &App, ours: &str) -> Result<Shown, Refusal> {
    if request.method() == Method::POST {
        return read_any(request, app, ours);
    }
    Ok(bearer(request.headers())?.map_or(Shown::Nothing, Shown::Bearer))
}

/// Reads what a request that opens a WebSocket shows. Browsers let any page open one, cookie and all: it counts only from `ours`.
pub(super) fn read_upgrade(request: &HttpRequest, app: &App, ours: &str) -> Result<Shown, Refusal> {
    read_any(request, app, ours)
}

fn read_any(request: &HttpRequest, app: &App, ours: &str) -> Result<Shown, Refusal> {
    let bearer = bearer(request.headers())?;
    let cookie = request.cookie(cookie::name(app.is_public_https()));
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
    let token = bearer_of(value.to_str().unwrap_or_default()).ok_or_else(bad_token)?;
    Ok(Some(token))
}

/// The token of `Bearer <token>`.
pub(super) fn bearer_of(text: &str) -> Option<String> {
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Some(token.trim().to_owned()),
        _ => None,
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

/// Who it still is, as [`identify`] but without counting as a call; `None` when it is nobody any more.
pub(super) async fn identify_again(app: &App, shown: &Shown) -> Result<Option<Caller>, Error> {
    match shown {
        Shown::Nothing => Ok(None),
        Shown::Cookie(secret) => account::session::find_live(app, secret).await,
        Shown::Bearer(token) => account::token::find_live(app, token).await,
    }
}

fn broken(error: &Error) -> Refusal {
    let cause: &dyn std::error::Error = error;
    tracing::error!(error = cause, "a caller could not be identified");
    match error.database_failure() {
        Some((_code, failure)) => Refusal::new(Outcome::Unavailable(failure), failure.message()),
        None => Refusal::new(Outcome::Broken, super::answer::BROKEN),
    }
}
