//! Failures that the caller can mend, as the payloads of mutations show them.

use async_graphql::{Enum, SimpleObject};

use super::Fault;
use crate::error::{Code, Error, Problem};

/// A failure that the caller can mend. Switch on `code`; `message` is English text for people and may change.
#[derive(Debug, SimpleObject)]
#[expect(clippy::doc_link_with_quotes, reason = "the schema's text shows JSON")]
pub struct UserError {
    /// Path into `input`, e.g. ["rules", "2", "target"]; null when it is about the whole request.
    field: Option<Vec<String>>,
    message: String,
    code: UserErrorCode,
}

impl From<Problem> for UserError {
    fn from(problem: Problem) -> Self {
        Self {
            field: (!problem.path.is_empty()).then_some(problem.path),
            message: problem.message,
            code: problem.code.into(),
        }
    }
}

/// Splits what a mutation came to: its result, or what the caller can mend; anything else is a fault of the whole request.
pub fn settle<T>(result: Result<T, Error>) -> Result<(Option<T>, Vec<UserError>), Fault> {
    match result {
        Ok(done) => Ok((Some(done), Vec::new())),
        Err(Error::Refused(problems)) => Ok((None, problems.into_iter().map(UserError::from).collect())),
        Err(Error::NotFound) => Ok((
            None,
            vec![Problem::new(&[], Code::NotFound, "There is no such thing.").into()],
        )),
        Err(other) => Err(other.into()),
    }
}

/// Codes are only ever added. Treat an unknown one like INVALID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Code")]
#[expect(missing_docs, reason = "error::Code says what each one means")]
pub enum UserErrorCode {
    Invalid,
    Required,
    TooLong,
    TooShort,
    OutOfRange,
    NotFound,
    AlreadyExists,
    Conflict,
    StaleVersion,
    IdempotencyMismatch,
    BadCredentials,
    WeakPassword,
    KeyMalformed,
    KeyPublishable,
    KeyUnsupported,
    KeyRejected,
    KeyPermissionMissing,
    KeyModeMismatch,
    KeyAccountMismatch,
    KeyAccountUnknown,
    StripeUnavailable,
    SourceRequired,
    SetupIncomplete,
    SyncDisabled,
    RunInProgress,
    RunNotActive,
    MappingSourceInvalid,
    MappingTargetForbidden,
    MappingTypeMismatch,
    MappingRequiredMissing,
    MappingFixed,
}
