//! Which error is for what.
//!
//! [`Error::Refused`] is for a caller who can mend the request: each [`Problem`] says what to change. [`Error::NotFound`] and
//! [`Error::Forbidden`] say what they say. Everything else is ours: the caller learns no more than that it failed, and the cause
//! is logged once, where the failure is handled.

use sea_orm::DbErr;

use crate::store::Failure;
use crate::stripe;

/// A failure of the product's own operations.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller can mend the request.
    #[error("refused: {}", .0.iter().map(|problem| problem.message.as_str()).collect::<Vec<_>>().join("; "))]
    Refused(Vec<Problem>),
    /// What was named is not here, or not for this caller.
    #[error("not found")]
    NotFound,
    /// Nobody is signed in.
    #[error("not signed in")]
    Unauthenticated,
    /// The caller may not do this.
    #[error("not allowed")]
    Forbidden,
    /// The database failed.
    #[error("the database failed")]
    Database(#[from] DbErr),
    /// Stripe could not be read.
    #[error("Stripe could not be read")]
    Stripe(#[from] stripe::Error),
    /// The stored Stripe key cannot be opened: the key file is another one than it was sealed with.
    #[error("The stored Stripe key cannot be opened with this server's key file.")]
    KeySealed,
    /// What Stripe gives for one integration is here already under another one, which is shown: both are of one account.
    #[error(
        "What Stripe gives is here already under {0}: both integrations are of one Stripe account. Disconnect one of them with \
         purge (disconnectStripe), the other then goes on."
    )]
    ConnectedTwice(String),
    /// Something that cannot be repaired by anybody but us.
    #[error("{0}")]
    Internal(String),
}

/// Of runs and integrations that [`Error::ConnectedTwice`] has stopped.
pub const CONNECTED_TWICE: &str = "ACCOUNT_CONNECTED_TWICE";

impl Error {
    /// Refuses because of one field, e.g. `refused(&["rules", "2"], Code::Invalid, "..")`; no path: the whole request.
    pub fn refused(path: &[&str], code: Code, message: impl Into<String>) -> Self {
        Self::Refused(vec![Problem::new(path, code, message)])
    }

    /// Refuses `integrationId`, which names nothing here.
    pub fn no_such_integration() -> Self {
        Self::refused(&["integrationId"], Code::NotFound, "There is no such integration.")
    }

    /// What the database's failure means, and its code, where the caller or an operator can do something about it.
    pub fn database_failure(&self) -> Option<(&'static str, Failure)> {
        let Self::Database(error) = self else { return None };
        let failure = Failure::of(error);
        failure.code().map(|code| (code, failure))
    }
}

/// One thing that the caller can mend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Path into the input, e.g. `["rules", "2", "target"]`; empty when it is about the whole request.
    pub path: Vec<String>,
    /// What is wrong, for programs.
    pub code: Code,
    /// What is wrong and what to do, for people.
    pub message: String,
}

impl Problem {
    /// See the fields.
    pub fn new(path: &[&str], code: Code, message: impl Into<String>) -> Self {
        Self {
            path: path.iter().map(|&part| part.to_owned()).collect(),
            code,
            message: message.into(),
        }
    }
}

/// What a caller can mend, for programs. Codes are only ever added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// Not of the right form.
    Invalid,
    /// Missing or blank.
    Required,
    /// Longer than allowed.
    TooLong,
    /// Shorter than allowed.
    TooShort,
    /// A number or a count outside its bounds.
    OutOfRange,
    /// What was named is not here.
    NotFound,
    /// There is one already.
    AlreadyExists,
    /// It does not fit the present state.
    Conflict,
    /// Somebody else changed it in the meantime.
    StaleVersion,
    /// The idempotency key was used for another request.
    IdempotencyMismatch,
    /// E-mail or password is wrong.
    BadCredentials,
    /// The password is too easy to guess.
    WeakPassword,
    /// The Stripe key is not of the right form.
    KeyMalformed,
    /// A publishable key was given.
    KeyPublishable,
    /// A kind of key that cannot be used here.
    KeyUnsupported,
    /// Stripe does not know the key.
    KeyRejected,
    /// The key lacks a right that is needed.
    KeyPermissionMissing,
    /// The key is of the other mode.
    KeyModeMismatch,
    /// The key is of another account.
    KeyAccountMismatch,
    /// It cannot be told whether the key is of an account that is here: the caller has to say.
    KeyAccountUnknown,
    /// Stripe did not answer.
    StripeUnavailable,
    /// At least one contract source is needed.
    SourceRequired,
    /// A required step is still open.
    SetupIncomplete,
    /// Sync is turned off.
    SyncDisabled,
    /// An import is queued or running already.
    RunInProgress,
    /// The run has ended.
    RunNotActive,
    /// The source of a mapping rule cannot be used.
    MappingSourceInvalid,
    /// The target of a mapping rule cannot be written.
    MappingTargetForbidden,
    /// Source and target do not fit each other.
    MappingTypeMismatch,
    /// A required rule is missing.
    MappingRequiredMissing,
    /// This mapping is fixed.
    MappingFixed,
}
