//! Values that come in, as literals or as variables: their size, and the one character that no database takes.

use async_graphql::parser::types::{Directive, ExecutableDocument, OperationDefinition, Selection, SelectionSet};
use async_graphql::{Name, Positioned, ServerError, Value, Variables};
use async_graphql_value::Value as Literal;

use super::{Limits, refuse, too_much};

/// All selections of the document as they are written, fragments not expanded.
pub(in crate::graphql) fn selections(document: &ExecutableDocument) -> Vec<&Selection> {
    let operations = document
        .operations
        .iter()
        .map(|(_, operation)| &operation.node.selection_set.node);
    let fragments = document
        .fragments
        .values()
        .map(|fragment| &fragment.node.selection_set.node);
    let mut open: Vec<&SelectionSet> = operations.chain(fragments).collect();
    let mut found = Vec::new();
    while let Some(set) = open.pop() {
        for item in &set.items {
            match &item.node {
                Selection::Field(field) => open.push(&field.node.selection_set.node),
                Selection::InlineFragment(inline) => open.push(&inline.node.selection_set.node),
                Selection::FragmentSpread(_) => {}
            }
            found.push(&item.node);
        }
    }
    found
}

/// What is done with each literal; it is looked at no further once one is refused.
type Look<'a> = &'a mut dyn FnMut(&Value) -> Result<(), ServerError>;

/// Shows each literal of the document: of arguments, of directives, and defaults of variables.
pub(super) fn each_literal(document: &ExecutableDocument, look: Look<'_>) -> Result<(), ServerError> {
    for selection in selections(document) {
        if let Selection::Field(field) = selection {
            of_arguments(&field.node.arguments, look)?;
        }
        of_directives(selection.directives(), look)?;
    }
    for fragment in document.fragments.values() {
        of_directives(&fragment.node.directives, look)?;
    }
    for (_, operation) in document.operations.iter() {
        of_directives(&operation.node.directives, look)?;
        for variable in &operation.node.variable_definitions {
            of_directives(&variable.node.directives, look)?;
            if let Some(default) = &variable.node.default_value {
                look(&default.node)?;
            }
        }
    }
    Ok(())
}

fn of_directives(directives: &[Positioned<Directive>], look: Look<'_>) -> Result<(), ServerError> {
    directives
        .iter()
        .try_for_each(|directive| of_arguments(&directive.node.arguments, look))
}

fn of_arguments(arguments: &[(Positioned<Name>, Positioned<Literal>)], look: Look<'_>) -> Result<(), ServerError> {
    for (_, literal) in arguments {
        // What is inside a variable is not of the document.
        let value = literal
            .node
            .clone()
            .into_const_with(|_variable| Ok::<_, ServerError>(Value::Null))?;
        look(&value)?;
    }
    Ok(())
}

/// Refuses literals that are over the limits or hold U+0000.
pub(super) fn check_literals(document: &ExecutableDocument, limits: &Limits) -> Result<(), ServerError> {
    each_literal(document, &mut |value| check(value, 0, limits))
}

/// Refuses variables that are over the limits or hold U+0000.
pub(super) fn check_variables(variables: &Variables, limits: &Limits) -> Result<(), ServerError> {
    variables.values().try_for_each(|value| check(value, 0, limits))
}

/// Refuses an operation that needs a variable which is not given. The executor would notice only on the way.
pub(super) fn check_presence(operation: &OperationDefinition, variables: &Variables) -> Result<(), ServerError> {
    for variable in &operation.variable_definitions {
        let (name, definition) = (&variable.node.name.node, &variable.node);
        let is_needed = !definition.var_type.node.nullable && definition.default_value.is_none();
        if is_needed && variables.get(name).is_none_or(|value| *value == Value::Null) {
            let message = format!("The variable \"${name}\" is not given.");
            return Err(refuse("BAD_USER_INPUT", message, Some(variable.pos)));
        }
    }
    Ok(())
}

fn check(value: &Value, nesting: usize, limits: &Limits) -> Result<(), ServerError> {
    match value {
        Value::String(text) if text.contains('\0') => {
            let message = "The character U+0000 cannot be stored; leave it out.";
            Err(refuse("BAD_USER_INPUT", message, None))
        }
        Value::String(text) if text.len() > limits.string_bytes => {
            let message = format!("A string has at most {} bytes.", limits.string_bytes);
            Err(too_much(message, None))
        }
        Value::List(_) | Value::Object(_) if nesting >= limits.value_nesting => {
            let message = format!("A value nests at most {} deep.", limits.value_nesting);
            Err(too_much(message, None))
        }
        Value::List(items) if items.len() > limits.list_items => {
            let message = format!("A list has at most {} items.", limits.list_items);
            Err(too_much(message, None))
        }
        Value::List(items) => items.iter().try_for_each(|item| check(item, nesting + 1, limits)),
        Value::Object(fields) => fields.values().try_for_each(|field| check(field, nesting + 1, limits)),
        _ => Ok(()),
    }
}
