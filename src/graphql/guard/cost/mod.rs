//! What an operation costs, reckoned from the document before anything of it is executed: one for each object that it asks for,
//! multiplied down the lists, and a price of their own for fields that add up or count whole tables. [`price`] is the table.
//!
//! What a fragment costs is worked out once, however often it is spread. A field that `@skip` or `@include` leaves out counts as well.

use std::collections::HashMap;

use async_graphql::parser::types::{
    ExecutableDocument, Field, OperationDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql::{Name, ServerError, Variables};
use async_graphql_value::Value as Literal;

mod given;
mod price;
mod shape;

use super::{Limits, too_much};
use given::Given;
use price::{Price, Rows, Size};
use shape::Type;

/// What a selection set costs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Cost {
    /// In each object that it is taken of.
    each: u64,
    /// For each row of the page that it is taken of.
    row: u64,
    /// However many objects it is taken of: they are served by one statement together.
    once: u64,
    /// Totals of the page that it is taken of.
    totals: u64,
}

impl Cost {
    fn each(each: u64) -> Self {
        Self {
            each,
            ..Self::default()
        }
    }

    /// Beside each other.
    fn and(self, other: Self) -> Self {
        Self {
            each: self.each.saturating_add(other.each),
            row: self.row.saturating_add(other.row),
            once: self.once.saturating_add(other.once),
            totals: self.totals.saturating_add(other.totals),
        }
    }
}

struct Estimate<'a> {
    document: &'a ExecutableDocument,
    operation: &'a OperationDefinition,
    variables: &'a Variables,
    fragments: HashMap<&'a Name, Cost>,
}

/// Refuses an operation that costs more than it may. Its fragments do not spread themselves: that was looked at before.
pub(super) fn check(
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    variables: &Variables,
    limits: &Limits,
) -> Result<(), ServerError> {
    let cost = cost_of(document, operation, variables);
    if cost <= limits.cost {
        return Ok(());
    }
    let most = limits.cost;
    let message = format!(
        "This operation costs {cost}, and one may cost {most}: ask for fewer records at a time, and for fewer totals and sums."
    );
    Err(too_much(message, Some(operation.selection_set.pos)))
}

fn cost_of(document: &ExecutableDocument, operation: &OperationDefinition, variables: &Variables) -> u64 {
    let mut estimate = Estimate {
        document,
        operation,
        variables,
        fragments: HashMap::new(),
    };
    let root = match operation.ty {
        OperationType::Query => "Query",
        OperationType::Mutation => "Mutation",
        OperationType::Subscription => "Subscription",
    };
    let cost = estimate.add_up(&operation.selection_set.node, shape::find(root));
    cost.each.saturating_add(cost.once)
}

impl<'a> Estimate<'a> {
    /// What the validation will refuse costs nothing.
    fn add_up(&mut self, set: &'a SelectionSet, of: Option<&'static Type>) -> Cost {
        let costs = set.items.iter().map(|item| match &item.node {
            Selection::Field(field) => self.field(&field.node, of),
            Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node),
            Selection::InlineFragment(inline) => {
                let condition = inline.node.type_condition.as_ref();
                let of = condition.map_or(of, |condition| shape::find(&condition.node.on.node));
                self.add_up(&inline.node.selection_set.node, of)
            }
        });
        costs.fold(Cost::default(), Cost::and)
    }

    fn fragment(&mut self, name: &'a Name) -> Cost {
        if let Some(known) = self.fragments.get(name) {
            return *known;
        }
        let Some(fragment) = self.document.fragments.get(name) else {
            return Cost::default();
        };
        self.fragments.insert(name, Cost::default());
        let of = shape::find(&fragment.node.type_condition.node.on.node);
        let cost = self.add_up(&fragment.node.selection_set.node, of);
        self.fragments.insert(name, cost);
        cost
    }

    fn field(&mut self, field: &'a Field, of: Option<&'static Type>) -> Cost {
        let Some(known) = of.and_then(|of| of.fields.get(field.name.node.as_str())) else {
            return Cost::default();
        };
        let inner = self.add_up(&field.selection_set.node, shape::find(&known.gives));
        let Price { rows, each, once } = known.price;
        let object = inner.each.saturating_add(1);
        let own = match rows {
            Rows::None => Cost::each(inner.each),
            Rows::One => Cost::each(object),
            Rows::About(rows) => Cost::each(object.saturating_mul(rows)),
            Rows::Listed(path) => Cost::each(object.saturating_mul(self.length(field, path))),
            Rows::Held => Cost {
                row: object,
                ..Cost::default()
            },
            Rows::Total => Cost {
                totals: 1,
                ..Cost::default()
            },
            Rows::Page { size, total } => Cost {
                each: (inner.row.max(1))
                    .saturating_mul(self.size(field, size))
                    .saturating_add(inner.totals.saturating_mul(total.each))
                    .saturating_add(inner.each),
                once: inner.totals.saturating_mul(total.once),
                ..Cost::default()
            },
        };
        own.and(Cost {
            each,
            once: once.saturating_add(inner.once),
            ..Cost::default()
        })
    }

    fn size(&self, field: &'a Field, size: Size) -> u64 {
        match size {
            Size::Listed(path) => self.length(field, path),
            Size::Asked => given::page_rows(self.argument(field, "first"), self.argument(field, "last")),
        }
    }

    /// How many items the list has that stands at `path` in the arguments.
    fn length(&self, field: &'a Field, path: &str) -> u64 {
        let mut steps = path.split('.');
        let first = steps.next().and_then(|name| self.argument(field, name));
        let list = steps.try_fold(first, |given, name| {
            given.map(|given| given.part(name).map(|part| self.settled(part)))
        });
        list.flatten().map_or(0, Given::length)
    }

    fn argument(&self, field: &'a Field, name: &str) -> Option<Given<'a>> {
        let literal = field.get_argument(name)?;
        Some(self.settled(Given::Literal(&literal.node)))
    }

    /// A variable's value in place of the variable.
    fn settled(&self, given: Given<'a>) -> Given<'a> {
        let Given::Literal(Literal::Variable(name)) = given else {
            return given;
        };
        if let Some(value) = self.variables.get(name) {
            return Given::Value(value);
        }
        let mut definitions = self.operation.variable_definitions.iter();
        let definition = definitions.find(|definition| definition.node.name.node == *name);
        let default = definition.and_then(|definition| definition.node.default_value.as_ref());
        default.map_or(Given::Nothing, |value| Given::Value(&value.node))
    }
}

#[cfg(test)]
mod tests;
