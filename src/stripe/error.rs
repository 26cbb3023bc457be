//! Failures of reading Stripe, named by what the caller does next.

use std::time::Duration;

use super::Seen;

/// Why Stripe could not be read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The key is not valid: stop, ask a person for another one.
    #[error("Stripe refused the key: {message}")]
    KeyRejected {
        /// Stripe's words, keys masked.
        message: String,
        /// Stripe's id of the request.
        request_id: Option<String>,
    },
    /// The key lacks a right: other endpoints go on.
    #[error("the Stripe key lacks a right: {message}")]
    PermissionMissing {
        /// Stripe's words, keys masked.
        message: String,
        /// The right by Stripe's name, where the words tell it.
        right: Option<String>,
        /// Stripe's id of the request.
        request_id: Option<String>,
    },
    /// There is no such object, in this mode of this account.
    #[error("Stripe has no such object")]
    NotFound {
        /// When Stripe did not have it.
        seen: Seen,
        /// Stripe's id of the request.
        request_id: Option<String>,
    },
    /// The list's cursor is gone: begin the rest of the range again.
    #[error("the cursor's object is gone from the list")]
    CursorGone {
        /// Stripe's id of the request.
        request_id: Option<String>,
    },
    /// Stripe does not answer as it should, after all tries: go on later from the checkpoint.
    #[error("Stripe is unavailable: {message}")]
    Unavailable {
        /// What happened, keys masked.
        message: String,
        /// Stripe asks not to be asked again before.
        after: Option<Duration>,
        /// Stripe's id of the request.
        request_id: Option<String>,
    },
    /// What comes is not what Stripe would answer, after all tries: something stands between, or a list leads nowhere.
    #[error("the answer is not Stripe's: {message}")]
    Garbled {
        /// What is odd about it.
        message: String,
    },
    /// Stripe refuses the request as wrong: our mistake, or a server that is not Stripe's.
    #[error("Stripe refused the request: {message}")]
    Refused {
        /// Stripe's words, keys masked.
        message: String,
        /// Stripe's id of the request.
        request_id: Option<String>,
    },
}

impl Error {
    /// A request that cannot even be sent.
    pub(super) fn refused(message: &str) -> Self {
        Self::Refused {
            message: message.to_owned(),
            request_id: None,
        }
    }

    /// All codes of [`Error::code`].
    pub const CODES: [&str; 7] = [
        "KEY_REJECTED",
        "KEY_PERMISSION_MISSING",
        "STRIPE_NOT_FOUND",
        "STRIPE_CURSOR_GONE",
        "STRIPE_UNAVAILABLE",
        "STRIPE_GARBLED",
        "STRIPE_REFUSED",
    ];

    /// The code that runs and problems carry.
    pub fn code(&self) -> &'static str {
        match self {
            Self::KeyRejected { .. } => "KEY_REJECTED",
            Self::PermissionMissing { .. } => "KEY_PERMISSION_MISSING",
            Self::NotFound { .. } => "STRIPE_NOT_FOUND",
            Self::CursorGone { .. } => "STRIPE_CURSOR_GONE",
            Self::Unavailable { .. } => "STRIPE_UNAVAILABLE",
            Self::Garbled { .. } => "STRIPE_GARBLED",
            Self::Refused { .. } => "STRIPE_REFUSED",
        }
    }
}
