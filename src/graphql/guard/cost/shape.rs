//! The types of the schema, as far as costs go: what each field gives. Read once, from the schema's own text.

use std::collections::HashMap;
use std::sync::LazyLock;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{BaseType, FieldDefinition, TypeDefinition, TypeKind, TypeSystemDefinition};

use super::price::{self, Price};

/// An object type or an interface.
#[derive(Debug)]
pub(super) struct Type {
    pub(super) fields: HashMap<String, Known>,
}

/// A field.
#[derive(Debug)]
pub(super) struct Known {
    /// The type, lists and nulls apart.
    pub(super) gives: String,
    pub(super) price: Price,
}

static TYPES: LazyLock<HashMap<String, Type>> = LazyLock::new(|| {
    let definitions = definitions();
    let names: Vec<&str> = definitions.iter().map(|(of, _)| of.name.node.as_str()).collect();
    let types = definitions.iter().map(|(of, fields)| {
        let name = of.name.node.as_str();
        let known = fields.iter().map(|field| known(name, field, &names));
        let fields = known.collect();
        (name.to_owned(), Type { fields })
    });
    types.collect()
});

/// The type of this name; `None` for those that have no fields, and for those that there are not.
pub(super) fn find(name: &str) -> Option<&'static Type> {
    TYPES.get(name)
}

fn known(of: &str, field: &FieldDefinition, names: &[&str]) -> (String, Known) {
    let name = field.name.node.as_str();
    let gives = named(&field.ty.node.base).to_owned();
    let plain = || price::plain(&gives, names.contains(&gives.as_str()));
    let price = price::find(of, name).unwrap_or_else(plain);
    (name.to_owned(), Known { gives, price })
}

pub(super) fn named(base: &BaseType) -> &str {
    match base {
        BaseType::Named(name) => name,
        BaseType::List(of) => named(&of.base),
    }
}

/// All types that have fields. Our own schema can be read: a test looks at each line of the prices in it.
pub(super) fn definitions() -> Vec<(TypeDefinition, Vec<FieldDefinition>)> {
    let document = parse_schema(crate::graphql::sdl()).map(|document| document.definitions);
    let types = document.unwrap_or_default().into_iter().filter_map(|definition| {
        let TypeSystemDefinition::Type(of) = definition else {
            return None;
        };
        let fields = match &of.node.kind {
            TypeKind::Object(object) => &object.fields,
            TypeKind::Interface(interface) => &interface.fields,
            _ => return None,
        };
        let fields = fields.iter().map(|field| field.node.clone()).collect();
        Some((of.node, fields))
    });
    types.collect()
}
