//! What goes back: an executor's response or a refusal, as JSON with its status.

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, HttpResponseBuilder};
use async_graphql::{Response, ServerError, Value};
use serde::Serialize;
use serde_json::json;

use super::negotiate::{Media, Outcome, status};
use crate::graphql::guard::LIMITS;
use crate::graphql::too_large;
use crate::store::Failure;

/// Seconds after which there may be room.
pub(super) const AGAIN_AFTER: &str = "1";
/// More errors than this tell nobody more.
const MAX_ERRORS: usize = 20;
/// No answer and no event is longer. It is counted while it is built; here is looked at what has become of it.
pub(super) const MAX_BYTES: usize = LIMITS.answer.text;

/// A request that was not executed.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) outcome: Outcome,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn new(outcome: Outcome, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { outcome, message }
    }

    /// The failure is ours, not the caller's.
    pub(super) fn is_ours(&self) -> bool {
        matches!(self.outcome, Outcome::Broken | Outcome::Unavailable(_))
    }

    fn code(&self) -> &'static str {
        match self.outcome {
            Outcome::BadToken => "UNAUTHENTICATED",
            Outcome::CrossSite => "FORBIDDEN",
            Outcome::Timeout => "TIMEOUT",
            Outcome::Overloaded => "OVERLOADED",
            Outcome::Broken => "INTERNAL",
            Outcome::Unavailable(failure) => failure.code().unwrap_or("INTERNAL"),
            _ => "BAD_REQUEST",
        }
    }

    /// As HTTP; `request_id` is told where the failure is ours.
    pub(super) fn into_http(self, media: Media, request_id: &str) -> HttpResponse {
        let mut extensions = json!({ "code": self.code() });
        if self.outcome == Outcome::Broken {
            extensions["requestId"] = request_id.into();
        }
        let body = json!({ "errors": [{ "message": self.message, "extensions": extensions }] });
        let mut answer = begin(self.outcome, media);
        if self.outcome == Outcome::WrongMethod {
            answer.insert_header((ALLOW, "POST"));
        }
        if self.outcome == Outcome::Overloaded {
            answer.insert_header((RETRY_AFTER, AGAIN_AFTER));
        }
        answer.body(body.to_string())
    }
}

/// What is written of an executor's response: `data` is left out when nothing was executed.
#[derive(Serialize)]
pub(super) struct Body<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [ServerError],
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
}

impl<'a> Body<'a> {
    /// Completes the errors of `response` as callers are told them, with `request_id` where they are ours.
    pub(super) fn of(response: &'a mut Response, executed: bool, request_id: &str) -> Self {
        response.errors.truncate(MAX_ERRORS);
        for error in &mut response.errors {
            complete(error, executed, request_id);
        }
        Self {
            errors: &response.errors,
            data: executed.then_some(&response.data),
        }
    }

    /// What goes wrong, alone.
    pub(super) fn errors(&self) -> &'a [ServerError] {
        self.errors
    }
}

/// The executor's response as HTTP.
pub(super) fn from_response(mut response: Response, executed: bool, media: Media, request_id: &str) -> HttpResponse {
    let text = serde_json::to_string(&Body::of(&mut response, executed, request_id));
    let outcome = outcome_of(&response, executed);
    match text {
        Ok(text) if text.len() <= MAX_BYTES => {
            let mut answer = begin(outcome, media);
            for (name, value) in &response.http_headers {
                answer.append_header((name.as_str(), value.as_bytes()));
            }
            answer.body(text)
        }
        Ok(_) => from_response(Response::from_errors(vec![too_large()]), false, media, request_id),
        Err(error) => {
            tracing::error!(%error, "a response cannot be written");
            Refusal::new(Outcome::Broken, BROKEN).into_http(media, request_id)
        }
    }
}

/// What callers are told of a failure that is ours.
pub(super) const BROKEN: &str = "Something went wrong on our side.";

/// Errors of the executor itself have no code yet; ours that are internal lack the request's id.
fn complete(error: &mut ServerError, executed: bool, request_id: &str) {
    let extensions = error.extensions.get_or_insert_default();
    match extensions.get("code") {
        Some(Value::String(code)) if code == "INTERNAL" => extensions.set("requestId", request_id),
        Some(_) => {}
        None if executed => extensions.set("code", "BAD_USER_INPUT"),
        None => extensions.set("code", "GRAPHQL_VALIDATION_FAILED"),
    }
}

fn outcome_of(response: &Response, executed: bool) -> Outcome {
    if response.data != Value::Null {
        return Outcome::Executed;
    }
    let code = response
        .errors
        .first()
        .and_then(|error| error.extensions.as_ref()?.get("code"));
    match code {
        Some(Value::String(code)) if code == "UNAUTHENTICATED" => Outcome::SignInNeeded,
        Some(Value::String(code)) if code == "FORBIDDEN" => Outcome::ExecutedForbidden,
        Some(Value::String(code)) if code == "INTERNAL" => Outcome::ExecutedBroken,
        Some(Value::String(code)) if Failure::CODES.contains(&code.as_str()) => Outcome::ExecutedUnavailable,
        _ if executed => Outcome::Executed,
        _ => Outcome::DocumentRefused,
    }
}

fn begin(outcome: Outcome, media: Media) -> HttpResponseBuilder {
    let status = status(outcome, media);
    let mut answer = HttpResponse::build(status);
    if status == StatusCode::UNAUTHORIZED {
        answer.insert_header((WWW_AUTHENTICATE, "Bearer"));
    }
    answer.insert_header((CONTENT_TYPE, media.content_type()));
    answer
}
