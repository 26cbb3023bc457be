//! Refusals in Stripe's error envelope.

use crate::json::{Json, json};

/// An error answer.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) body: Json,
    /// The limiter a 429 comes from.
    pub(crate) limiter: Option<&'static str>,
    /// Whether to say that trying again helps.
    pub(crate) should_retry: bool,
    /// Seconds to wait before trying again.
    pub(crate) retry_after: Option<u32>,
}

impl Refusal {
    fn new(status: u16, error: Json) -> Self {
        Self {
            status,
            body: json!({ "error": error }),
            limiter: None,
            should_retry: false,
            retry_after: None,
        }
    }

    /// 400 for a request that makes no sense.
    pub(crate) fn invalid(param: &str, message: &str) -> Self {
        Self::new(
            400,
            json!({
                "message": message, "param": param, "type": "invalid_request_error",
            }),
        )
    }

    /// 400 for a parameter the endpoint does not know.
    pub(crate) fn unknown_parameter(param: &str) -> Self {
        Self::new(
            400,
            json!({
                "code": "parameter_unknown", "message": format!("Received unknown parameter: {param}"),
                "doc_url": "https://stripe.com/docs/error-codes/parameter-unknown",
                "param": param, "type": "invalid_request_error",
            }),
        )
    }

    /// 404 for an id, 400 for a cursor, of an object that is not there.
    pub(crate) fn missing(status: u16, object: &str, param: &str, id: &str) -> Self {
        Self::new(
            status,
            json!({
                "code": "resource_missing", "message": format!("No such {object}: '{id}'"),
                "doc_url": "https://stripe.com/docs/error-codes/resource-missing",
                "param": param, "type": "invalid_request_error",
            }),
        )
    }

    /// 404 for an object of the mode that the key is not for.
    pub(crate) fn other_mode(livemode: bool, object: &str, id: &str) -> Self {
        let (there, here) = if livemode { ("test", "live") } else { ("live", "test") };
        let message = format!(
            "No such {object}: '{id}'; a similar object exists in {there} mode, but a {here} mode key was used to \
             make this request."
        );
        Self::new(
            404,
            json!({
                "code": "resource_missing", "message": message, "param": "id",
                "type": "invalid_request_error",
            }),
        )
    }

    /// 404 for an event that is no longer kept.
    pub(crate) fn aged_out(id: &str) -> Self {
        Self::new(
            404,
            json!({
                "code": "resource_missing",
                "message": format!("No such event: '{id}'. It has aged out of our retention policy."),
                "param": "id", "type": "invalid_request_error",
            }),
        )
    }

    /// 404 for a path that leads nowhere.
    pub(crate) fn no_route(method: &str, path: &str) -> Self {
        Self::new(
            404,
            json!({
                "message": format!("Unrecognized request URL ({method}: {path})."),
                "type": "invalid_request_error",
            }),
        )
    }

    /// 405 for anything but a read.
    pub(crate) fn read_only(method: &str) -> Self {
        Self::new(
            405,
            json!({
                "message": format!("The sandbox is read only; {method} is not allowed."),
                "type": "invalid_request_error",
            }),
        )
    }

    /// 401 with a message that masks the key.
    pub(crate) fn unauthorized(message: &str) -> Self {
        Self::new(401, json!({"message": message, "type": "invalid_request_error"}))
    }

    /// 401 for a key that was once good.
    pub(crate) fn expired(key: &str) -> Self {
        Self::new(
            401,
            json!({
                "code": "api_key_expired", "message": format!("Expired API Key provided: {key}"),
                "doc_url": "https://stripe.com/docs/error-codes/api-key-expired",
                "type": "invalid_request_error",
            }),
        )
    }

    /// 403 that names the missing right.
    pub(crate) fn forbidden(key: &str, account: &str, resource: &str, right: &str) -> Self {
        let message = format!(
            "The provided key '{key}' does not have the required permissions for this endpoint on account \
             '{account}'. Enabling {resource} Read ('{right}') permissions on this key would allow this request to \
             continue. You can edit permissions at https://dashboard.stripe.com/apikeys"
        );
        Self::new(403, json!({"message": message, "type": "invalid_request_error"}))
    }

    /// 429 from a limiter.
    pub(crate) fn rate_limited(limiter: &'static str) -> Self {
        let error = json!({
            "code": "rate_limit",
            "message": "Request rate limit exceeded. Learn more about rate limits here \
                        https://stripe.com/docs/rate-limits.",
            "type": "invalid_request_error",
        });
        Self {
            limiter: Some(limiter),
            ..Self::new(429, error)
        }
    }

    /// The same, to be tried again after so many seconds.
    pub(crate) fn rate_limited_for(seconds: u32) -> Self {
        Self {
            retry_after: Some(seconds),
            ..Self::rate_limited("global-rate")
        }
    }

    /// 400 from a limiter.
    pub(crate) fn rate_limited_as_invalid() -> Self {
        Self {
            status: 400,
            ..Self::rate_limited("global-rate")
        }
    }

    /// 429 because another request holds the object.
    pub(crate) fn lock_timeout() -> Self {
        let error = json!({
            "code": "lock_timeout",
            "message": "This object can’t be accessed right now because another API request or \
                        Stripe process is currently accessing it.",
            "type": "invalid_request_error",
        });
        Self {
            should_retry: true,
            ..Self::new(429, error)
        }
    }

    /// A failure on Stripe's side.
    pub(crate) fn server_error(status: u16) -> Self {
        Self::new(
            status,
            json!({"message": "An unknown error occurred", "type": "api_error"}),
        )
    }
}
