//! Secrets have no place in a document: documents end in logs and caches, variables do not.
//!
//! Two rules. What looks like one of Stripe's keys or signing secrets may stand nowhere in the text, comments and what cannot be parsed
//! included. And what is put where a secret belongs has to be a variable without a default, whatever it looks like.

use async_graphql::parser::types::{ExecutableDocument, Field, Selection};
use async_graphql::{Name, PathSegment, Pos, ServerError, Value};
use async_graphql_value::Value as Literal;

use super::refuse;
use super::value::{each_literal, selections};
use crate::stripe::key::holds_secret;

/// The secrets of the schema: the mutation, and which member of its input.
const SECRETS: [(&str, &str); 3] = [
    ("authenticateStripe", "apiKey"),
    ("rotateStripeKey", "apiKey"),
    ("setWebhookSecret", "secret"),
];

/// Refuses a text in which a secret stands as it is.
pub(super) fn check_text(text: &str) -> Result<(), ServerError> {
    if holds_secret(text) {
        Err(out_of_place())
    } else {
        Ok(())
    }
}

/// Refuses a document in which a secret stands, or anything in a secret's place.
pub(super) fn check(document: &ExecutableDocument) -> Result<(), ServerError> {
    // A secret can be written with escapes that the text does not show.
    each_literal(document, &mut |value| {
        if holds(value) { Err(out_of_place()) } else { Ok(()) }
    })?;
    for selection in selections(document) {
        if let Selection::Field(field) = selection {
            check_field(document, &field.node)?;
        }
    }
    Ok(())
}

fn check_field(document: &ExecutableDocument, field: &Field) -> Result<(), ServerError> {
    let Some((_, member)) = SECRETS.into_iter().find(|(name, _)| field.name.node == *name) else {
        return Ok(());
    };
    for (_, input) in field.arguments.iter().filter(|(name, _)| name.node == "input") {
        if is_written(document, &input.node, member) {
            return Err(told_by_name(field, member, input.pos));
        }
    }
    Ok(())
}

/// The document itself says what `member` of the input is, or what it is unless a variable is given.
fn is_written(document: &ExecutableDocument, input: &Literal, member: &str) -> bool {
    match input {
        Literal::Object(members) => match members.get(member) {
            None | Some(Literal::Null) => false,
            Some(Literal::Variable(name)) => defaults(document, name).any(|default| *default != Value::Null),
            Some(_written) => true,
        },
        Literal::Variable(name) => defaults(document, name).any(|default| match default {
            Value::Object(members) => members.get(member).is_some_and(|value| *value != Value::Null),
            _ => false,
        }),
        _ => false,
    }
}

/// The defaults of a variable. Operations of one document may each have a variable of that name.
fn defaults<'a>(document: &'a ExecutableDocument, variable: &'a Name) -> impl Iterator<Item = &'a Value> {
    let definitions = document
        .operations
        .iter()
        .flat_map(|(_, operation)| &operation.node.variable_definitions);
    definitions
        .filter(move |definition| definition.node.name.node == *variable)
        .filter_map(|definition| Some(&definition.node.default_value.as_ref()?.node))
}

fn holds(value: &Value) -> bool {
    match value {
        Value::String(text) => holds_secret(text),
        Value::List(items) => items.iter().any(holds),
        Value::Object(members) => members.values().any(holds),
        _ => false,
    }
}

fn out_of_place() -> ServerError {
    let message = "A Stripe key or signing secret stands in the document. Pass it as a variable, without a default.";
    refuse("BAD_USER_INPUT", message, None)
}

fn told_by_name(field: &Field, member: &str, at: Pos) -> ServerError {
    let message = format!("Pass {member} as a variable without a default: it must not stand in the document.");
    let mut error = refuse("BAD_USER_INPUT", message, Some(at));
    error.path = vec![PathSegment::Field(field.response_key().node.to_string())];
    let extensions = error.extensions.get_or_insert_default();
    extensions.set("reason", Value::Enum(Name::new("INVALID")));
    extensions.set("field", vec![member]);
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_secret_of_the_schema_is_known_here() {
        let schema = crate::graphql::sdl();
        let told = schema.matches("a literal in the document is refused").count();
        assert_eq!(told, SECRETS.len());
    }
}
