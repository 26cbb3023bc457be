//! What is given for an argument: written into the document, or by a variable.

use async_graphql::Value;
use async_graphql_value::Value as Literal;

use crate::store::page::{DEFAULT_ROWS, MOST_ROWS};

/// What is given for an argument, or for a part of one.
#[derive(Debug, Clone, Copy)]
pub(super) enum Given<'a> {
    Nothing,
    Literal(&'a Literal),
    Value(&'a Value),
}

impl Given<'_> {
    /// The field of an input object.
    pub(super) fn part(self, name: &str) -> Option<Self> {
        match self {
            Self::Literal(Literal::Object(fields)) => fields.get(name).map(Self::Literal),
            Self::Value(Value::Object(fields)) => fields.get(name).map(Self::Value),
            _ => None,
        }
    }

    /// Items of a list; what stands alone is a list of one.
    pub(super) fn length(self) -> u64 {
        let items = match self {
            Self::Nothing | Self::Literal(Literal::Null) | Self::Value(Value::Null) => 0,
            Self::Literal(Literal::List(items)) => items.len(),
            Self::Value(Value::List(items)) => items.len(),
            Self::Literal(_) | Self::Value(_) => 1,
        };
        u64::try_from(items).unwrap_or(u64::MAX)
    }

    fn number(self) -> Option<i64> {
        match self {
            Self::Literal(Literal::Number(number)) | Self::Value(Value::Number(number)) => number.as_i64(),
            _ => None,
        }
    }
}

/// Rows of a page. Numbers that no page may have are told by the field itself.
pub(super) fn page_rows(first: Option<Given<'_>>, last: Option<Given<'_>>) -> u64 {
    let asked = |given: Option<Given<'_>>| given?.number()?.clamp(1, i64::from(MOST_ROWS)).try_into().ok();
    asked(first).max(asked(last)).unwrap_or(u64::from(DEFAULT_ROWS))
}
