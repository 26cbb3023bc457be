//! A subscription is one stream of events. The executor takes several fields, and lets fragments and conditions at the root pass
//! unheard; both are refused here.

use async_graphql::ServerError;
use async_graphql::parser::types::{OperationDefinition, OperationType, Selection};

use super::refuse;

/// Refuses a subscription that is not exactly one field, written out.
pub(super) fn check(operation: &OperationDefinition) -> Result<(), ServerError> {
    if operation.ty != OperationType::Subscription {
        return Ok(());
    }
    let root = &operation.selection_set;
    let fault = match root.node.items.as_slice() {
        [one] => match &one.node {
            Selection::Field(field) if field.node.name.node.starts_with("__") => "asks for a stream of events",
            Selection::Field(field) if !field.node.directives.is_empty() => "has no directives at its root",
            Selection::Field(_) => return Ok(()),
            Selection::FragmentSpread(_) | Selection::InlineFragment(_) => "has no fragments at its root",
        },
        _ => "has one field at its root",
    };
    let message = format!("A subscription {fault}.");
    Err(refuse("GRAPHQL_VALIDATION_FAILED", message, Some(root.pos)))
}
