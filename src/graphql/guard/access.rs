//! What is open to callers who are not signed in.

use std::collections::HashSet;

use async_graphql::parser::types::{ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet};
use async_graphql::{Name, PathSegment, Pos, ServerError};

use super::refuse;

/// The root fields that need no sign-in; all others do, those that are added later included.
const OPEN: [&str; 3] = ["viewer", "signIn", "__typename"];

/// Refuses an operation that asks for anything else. Nothing of it is executed then.
pub(super) fn check_anonymous(
    document: &ExecutableDocument,
    operation: &OperationDefinition,
) -> Result<(), ServerError> {
    let Some((field, at)) = find_closed(document, &operation.selection_set.node) else {
        return Ok(());
    };
    let key = field.response_key().node.to_string();
    Err(ServerError {
        path: vec![PathSegment::Field(key)],
        ..refuse("UNAUTHENTICATED", "Sign in first.", Some(at))
    })
}

fn find_closed<'a>(document: &'a ExecutableDocument, root: &'a SelectionSet) -> Option<(&'a Field, Pos)> {
    let mut seen: HashSet<&Name> = HashSet::new();
    let mut open = vec![root];
    while let Some(set) = open.pop() {
        for item in &set.items {
            match &item.node {
                Selection::Field(field) if OPEN.contains(&field.node.name.node.as_str()) => {}
                Selection::Field(field) => return Some((&field.node, field.pos)),
                Selection::InlineFragment(inline) => open.push(&inline.node.selection_set.node),
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    let fragment = document.fragments.get(name).filter(|_| seen.insert(name));
                    open.extend(fragment.map(|fragment| &fragment.node.selection_set.node));
                }
            }
        }
    }
    None
}
