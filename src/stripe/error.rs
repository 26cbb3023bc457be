//! Failures of reading Stripe, named by what the caller does next.

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
        /// Stripe's id of the request.
        request_id: Option<String>,
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
