//! What one failed request means: whether to ask again, how long to wait, and what to tell the caller.

use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Response, StatusCode};
use serde::Deserialize;

use super::body::read_refusal;
use super::budget::Hit;
use super::key::mask_keys;
use super::{Error, Seen};

const MESSAGE_LETTERS: usize = 1_000;

/// One failed request.
#[derive(Debug)]
pub(super) struct Attempt {
    /// What the caller learns when it is not asked again.
    pub(super) error: Error,
    /// Asking again may help.
    pub(super) again: bool,
    /// Not before.
    pub(super) after: Option<Duration>,
    /// A rate limit was hit.
    pub(super) hit: Option<Hit>,
}

impl Attempt {
    /// The connection failed or timed out.
    pub(super) fn broken(error: &reqwest::Error) -> Self {
        let what = if error.is_timeout() {
            "no answer in time"
        } else if error.is_connect() {
            "no connection"
        } else {
            "the connection broke"
        };
        Self::retriable(Error::Unavailable {
            message: what.to_owned(),
            after: None,
            request_id: None,
        })
    }

    /// An answer came that Stripe would not give.
    pub(super) fn odd(what: &'static str) -> Self {
        Self::retriable(Error::Garbled {
            message: what.to_owned(),
        })
    }

    fn retriable(error: Error) -> Self {
        Self {
            error,
            again: true,
            after: None,
            hit: None,
        }
    }
}

/// Stripe's error envelope.
#[derive(Debug, Default, Deserialize)]
struct Envelope {
    #[serde(default)]
    error: Body,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    code: Option<String>,
    message: Option<String>,
    param: Option<String>,
}

/// Reads an answer that is not 200.
pub(super) async fn read_failure(response: Response, seen: Seen) -> Attempt {
    let status = response.status();
    let headers = response.headers().clone();
    // The status alone says enough where the body does not arrive.
    let body = read_refusal(response).await;
    let envelope: Envelope = serde_json::from_slice(&body).unwrap_or_default();
    judge(status, &headers, &envelope.error, seen)
}

fn judge(status: StatusCode, headers: &HeaderMap, body: &Body, seen: Seen) -> Attempt {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let request_id = text("request-id").map(str::to_owned);
    let limited = status == StatusCode::TOO_MANY_REQUESTS || body.code.as_deref() == Some("rate_limit");
    let worth_it = limited || status.is_server_error() || matches!(status.as_u16(), 409 | 424);
    let again = match text("stripe-should-retry") {
        Some("true") => true,
        Some("false") => false,
        _ => worth_it,
    };
    let after = text("retry-after")
        .and_then(|seconds| seconds.parse().ok())
        .map(Duration::from_secs);
    let error = if worth_it || again {
        let message = words(status, body);
        Error::Unavailable {
            message,
            after,
            request_id,
        }
    } else {
        name(status, body, request_id, seen)
    };
    Attempt {
        error,
        again,
        after,
        hit: limited.then(|| match text("stripe-rate-limited-reason") {
            Some(reason) if reason.starts_with("endpoint") => Hit::Endpoint,
            _ => Hit::Global,
        }),
    }
}

fn words(status: StatusCode, body: &Body) -> String {
    body.message.as_deref().map_or_else(
        || format!("HTTP status {}", status.as_u16()),
        |said| mask_keys(&readable(said)),
    )
}

fn name(status: StatusCode, body: &Body, request_id: Option<String>, seen: Seen) -> Error {
    let message = words(status, body);
    let is_cursor = matches!(body.param.as_deref(), Some("starting_after" | "ending_before"));
    match status {
        StatusCode::UNAUTHORIZED => Error::KeyRejected { message, request_id },
        StatusCode::FORBIDDEN => {
            let right = find_right(&message);
            Error::PermissionMissing {
                message,
                right,
                request_id,
            }
        }
        StatusCode::NOT_FOUND => Error::NotFound { seen, request_id },
        StatusCode::BAD_REQUEST if is_cursor && body.code.as_deref() == Some("resource_missing") => {
            Error::CursorGone { request_id }
        }
        _ => Error::Refused { message, request_id },
    }
}

/// What a person can read of Stripe's words, and a database can store.
fn readable(said: &str) -> String {
    let plain = said
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter });
    plain.take(MESSAGE_LETTERS).collect()
}

/// The right's name, which Stripe's words put in quotes: `'rak_subscription_read'`, `('webhook_read')`.
fn find_right(message: &str) -> Option<String> {
    message
        .split('\'')
        .find(|part| part.ends_with("_read") && !part.contains(' '))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: u16, headers: &[(&'static str, &'static str)], code: &str, param: &str) -> Attempt {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        let body = Body {
            code: Some(code.into()),
            message: Some("no 'rak_price_read' here".into()),
            param: Some(param.into()),
        };
        judge(
            StatusCode::from_u16(status).unwrap(),
            &headers,
            &body,
            Seen { min_ms: 0, max_ms: 0 },
        )
    }

    #[test]
    fn tells_what_to_do_next() {
        assert!(matches!(judged(401, &[], "", "").error, Error::KeyRejected { .. }));
        assert!(matches!(judged(403, &[], "", "").error,
            Error::PermissionMissing { right: Some(right), .. } if right == "rak_price_read"));
        assert!(matches!(
            judged(404, &[], "resource_missing", "id").error,
            Error::NotFound { .. }
        ));
        assert!(matches!(
            judged(400, &[], "resource_missing", "starting_after").error,
            Error::CursorGone { .. }
        ));
        assert!(matches!(
            judged(400, &[], "parameter_unknown", "x").error,
            Error::Refused { .. }
        ));
        assert!(matches!(judged(302, &[], "", "").error, Error::Refused { .. }));
        assert!(
            [401, 403, 404, 400, 302, 402]
                .iter()
                .all(|status| !judged(*status, &[], "", "").again)
        );
        assert!(
            [409, 424, 429, 500, 502, 503, 504]
                .iter()
                .all(|status| judged(*status, &[], "", "").again)
        );
    }

    #[test]
    fn stripe_should_retry_overrides() {
        assert!(!judged(500, &[("stripe-should-retry", "false")], "", "").again);
        assert!(judged(400, &[("stripe-should-retry", "true")], "", "").again);
    }

    #[test]
    fn a_rate_limit_is_known_by_status_or_code() {
        assert_eq!(
            judged(429, &[("stripe-rate-limited-reason", "endpoint-rate")], "", "").hit,
            Some(Hit::Endpoint)
        );
        assert_eq!(
            judged(429, &[("stripe-rate-limited-reason", "global-rate")], "", "").hit,
            Some(Hit::Global)
        );
        assert_eq!(judged(429, &[], "lock_timeout", "").hit, Some(Hit::Global));
        assert_eq!(judged(400, &[], "rate_limit", "").hit, Some(Hit::Global));
        assert!(judged(400, &[], "rate_limit", "").again);
        assert_eq!(
            judged(429, &[("retry-after", "3")], "", "").after,
            Some(Duration::from_secs(3))
        );
        assert_eq!(judged(500, &[], "", "").hit, None);
    }
}
