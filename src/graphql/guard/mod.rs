//! What stands before the executor: documents and variables that cost more than they may are refused before anything walks them
//! without memory.

use async_graphql::parser::parse_query;
use async_graphql::parser::types::{ExecutableDocument, OperationDefinition, OperationType};
use async_graphql::{ErrorExtensionValues, Pos, Request, ServerError};

mod access;
mod cost;
mod secret;
mod source;
mod subscription;
mod value;
mod weight;

use crate::account::Caller;
use crate::graphql::Size;
pub(super) use value::selections;

/// How much one request may ask for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Bytes of the document.
    pub(crate) document_bytes: usize,
    /// Lexical tokens of the document.
    pub(crate) tokens: usize,
    /// Brackets within brackets, of any kind; keeps the parser off the end of its stack.
    pub(crate) nesting: usize,
    /// Fields within fields, introspection apart.
    pub(crate) depth: u32,
    /// Lists within lists of `__schema` and `__type`.
    pub(crate) introspection_lists: u32,
    /// Fields of `Query` in an operation, fragments included.
    pub(crate) root_fields: u32,
    /// Fields of `Mutation` in an operation.
    pub(crate) mutations: u32,
    /// `signIn`s in an operation: each is a guess at a password.
    pub(crate) sign_ins: u32,
    /// Aliases of the document.
    pub(crate) aliases: usize,
    /// Directives of the document.
    pub(crate) directives: usize,
    /// Fragments of the document.
    pub(crate) fragments: usize,
    /// Selections once every fragment is written out.
    pub(crate) selections: u32,
    /// Bytes of one string.
    pub(crate) string_bytes: usize,
    /// Items of one list.
    pub(crate) list_items: usize,
    /// Lists and objects within each other, of one variable or literal.
    pub(crate) value_nesting: usize,
    /// What an operation costs: see [`cost`].
    pub(crate) cost: u64,
    /// How large an answer, or an event, may get; counted while it is built. It is held together with the rows that it is made of.
    pub(crate) answer: Size,
}

/// The limits in force.
pub(crate) const LIMITS: Limits = Limits {
    document_bytes: 32 * 1024,
    tokens: 2_000,
    nesting: 64,
    depth: 10,
    introspection_lists: 2,
    root_fields: 50,
    mutations: 5,
    sign_ins: 1,
    aliases: 50,
    directives: 20,
    fragments: 50,
    selections: 5_000,
    string_bytes: 64 * 1024,
    list_items: 250,
    value_nesting: 32,
    cost: 10_000,
    answer: Size {
        text: 10 * 1024 * 1024,
        held: 32 * 1024 * 1024,
    },
};

/// Refused with a code, before execution.
pub(crate) fn refuse(code: &str, message: impl Into<String>, at: Option<Pos>) -> ServerError {
    let mut extensions = ErrorExtensionValues::default();
    extensions.set("code", code);
    ServerError {
        extensions: Some(extensions),
        ..ServerError::new(message, at)
    }
}

fn too_much(message: impl Into<String>, at: Option<Pos>) -> ServerError {
    refuse("LIMIT_EXCEEDED", message, at)
}

/// Parses the request's document, once, and refuses what is over the limits or not open to `caller`. Gives the type of the
/// operation that will run; `None` when the request does not tell which, which the executor refuses.
pub(crate) fn admit(request: &mut Request, caller: Option<&Caller>) -> Result<Option<OperationType>, ServerError> {
    source::check(&request.query, &LIMITS)?;
    secret::check_text(&request.query)?;
    let document = parse_query(&request.query).map_err(|error| {
        let error = ServerError::from(error);
        let message = format!("Syntax error: {}.", reason(&error.message));
        refuse("GRAPHQL_PARSE_FAILED", message, error.locations.first().copied())
    })?;
    weight::check(&document, &LIMITS)?;
    value::check_literals(&document, &LIMITS)?;
    secret::check(&document)?;
    value::check_variables(&request.variables, &LIMITS)?;
    let operation = find_operation(&document, request.operation_name.as_deref());
    if let (None, Some(operation)) = (caller, operation) {
        access::check_anonymous(&document, operation)?;
    }
    if let Some(operation) = operation {
        subscription::check(operation)?;
        value::check_presence(operation, &request.variables)?;
        cost::check(&document, operation, &request.variables, &LIMITS)?;
    }
    let kind = operation.map(|operation| operation.ty);
    request.set_parsed_query(document);
    Ok(kind)
}

/// What the parser says is wrong, without the piece of the document that it shows: a secret may stand in it.
fn reason(message: &str) -> &str {
    message.rsplit_once("= ").map_or(message, |(_shown, reason)| reason)
}

/// The operation that will be executed; `None` when the request does not tell which.
fn find_operation<'a>(document: &'a ExecutableDocument, name: Option<&str>) -> Option<&'a OperationDefinition> {
    let mut operations = document.operations.iter();
    let found = match name {
        Some(name) => operations.find(|(of, _)| of.is_some_and(|of| of == name)),
        None if operations.len() == 1 => operations.next(),
        None => None,
    };
    found.map(|(_, operation)| &operation.node)
}

#[cfg(test)]
mod tests;
