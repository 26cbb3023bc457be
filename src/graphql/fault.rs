//! What a resolver fails with.
//!
//! async-graphql shows any `Display` error to the caller, text and all. A [`Fault`] is not `Display`: it becomes a response only
//! through the table here, which gives a code and hides what is internal.

use async_graphql::{Context, Error as Response, ErrorExtensions};
use sea_orm::DbErr;

use super::problem::UserErrorCode;
use crate::error::Error;

/// A resolver's failure.
#[derive(Debug)]
pub struct Fault(Error);

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

/// What a nullable field gives: when it fails it is null and the answer says why. async-graphql itself would leave it out of the
/// answer.
pub(super) fn or_null<T>(ctx: &Context<'_>, result: Result<Option<T>, Fault>) -> Option<T> {
    result.unwrap_or_else(|fault| {
        let error = Response::from(fault).into_server_error(ctx.item.pos);
        ctx.add_error(ctx.set_error_path(error));
        None
    })
}

impl From<DbErr> for Fault {
    fn from(error: DbErr) -> Self {
        Self(error.into())
    }
}

impl From<Fault> for Response {
    fn from(Fault(error): Fault) -> Self {
        let (code, message) = match &error {
            Error::Refused(problems) => ("BAD_USER_INPUT", first_message(problems)),
            Error::NotFound => ("NOT_FOUND", "Not found.".to_owned()),
            Error::Unauthenticated => ("UNAUTHENTICATED", "Sign in first.".to_owned()),
            Error::Forbidden => ("FORBIDDEN", "Your role or token does not allow this.".to_owned()),
            Error::Stripe(cause) => {
                let cause: &dyn std::error::Error = cause;
                tracing::warn!(error = cause, "Stripe could not be read for a resolver");
                ("STRIPE_UNAVAILABLE", "Stripe could not be read.".to_owned())
            }
            Error::Database(_) | Error::Internal(_) | Error::KeySealed | Error::ConnectedTwice(_) => {
                let cause: &dyn std::error::Error = &error;
                tracing::error!(error = cause, "a resolver failed");
                match error.database_failure() {
                    Some((code, failure)) => (code, failure.message().to_owned()),
                    None => ("INTERNAL", "Something went wrong on our side.".to_owned()),
                }
            }
        };
        let problem = match error {
            Error::Refused(problems) => problems.into_iter().next(),
            _ => None,
        };
        Response::new(message).extend_with(|_, extensions| {
            extensions.set("code", code);
            if let Some(problem) = problem {
                let reason = UserErrorCode::from(problem.code);
                extensions.set("reason", async_graphql::resolver_utils::enum_value(reason));
                extensions.set("field", problem.path);
            }
        })
    }
}

fn first_message(problems: &[crate::error::Problem]) -> String {
    problems.first().map_or_else(
        || "The request cannot be used.".to_owned(),
        |problem| problem.message.clone(),
    )
}
