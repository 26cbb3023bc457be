//! The document as a tree. What a fragment brings is worked out once, however often it is spread, so that fragments which double
//! each other cost no more than they are long.

use std::collections::HashMap;

use async_graphql::parser::types::{
    Directive, ExecutableDocument, Field, OperationDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql::{Name, Pos, Positioned, ServerError};

use super::{Limits, refuse, too_much};

/// What a selection set brings once every fragment is written out.
#[derive(Debug, Clone, Copy, Default)]
struct Weight {
    /// Selections, spreads counted too.
    selections: u32,
    /// Fields within fields.
    depth: u32,
    /// The lists of the introspection types, within each other.
    lists: u32,
    /// Fields directly in the set.
    fields: u32,
    /// `signIn` directly in the set.
    sign_ins: u32,
}

impl Weight {
    /// Beside each other.
    fn and(self, other: Self) -> Self {
        Self {
            selections: self.selections.saturating_add(other.selections),
            depth: self.depth.max(other.depth),
            lists: self.lists.max(other.lists),
            fields: self.fields.saturating_add(other.fields),
            sign_ins: self.sign_ins.saturating_add(other.sign_ins),
        }
    }
}

/// What is known of a fragment.
#[derive(Debug, Clone, Copy)]
enum Known {
    /// It is being weighed: to meet it again is a cycle.
    Open,
    Weighed(Weight),
}

struct Scales<'a> {
    document: &'a ExecutableDocument,
    limits: &'a Limits,
    fragments: HashMap<&'a Name, Known>,
}

/// Refuses a document that is over the limits.
pub(super) fn check(document: &ExecutableDocument, limits: &Limits) -> Result<(), ServerError> {
    if document.fragments.len() > limits.fragments {
        return Err(too_much(
            format!("A document has at most {} fragments.", limits.fragments),
            None,
        ));
    }
    check_marks(document, limits)?;
    let mut scales = Scales {
        document,
        limits,
        fragments: HashMap::new(),
    };
    for (_, operation) in document.operations.iter() {
        let weight = scales.weigh(&operation.node.selection_set.node)?;
        check_operation(&operation.node, weight, limits, operation.pos)?;
    }
    // Fragments that no operation spreads are walked by the validation too.
    for name in document.fragments.keys() {
        scales.weigh_fragment(name, Pos::default())?;
    }
    Ok(())
}

fn check_operation(
    operation: &OperationDefinition,
    weight: Weight,
    limits: &Limits,
    at: Pos,
) -> Result<(), ServerError> {
    let fields = if operation.ty == OperationType::Mutation {
        limits.mutations
    } else {
        limits.root_fields
    };
    let bounds = [
        (
            weight.selections,
            limits.selections,
            "selections once its fragments are written out",
        ),
        (weight.depth, limits.depth, "fields within each other"),
        (weight.fields, fields, "fields at its root"),
        (weight.sign_ins, limits.sign_ins, "signIn"),
    ];
    match bounds.into_iter().find(|(count, most, _)| count > most) {
        Some((_, most, what)) => Err(too_much(format!("An operation has at most {most} {what}."), Some(at))),
        None => Ok(()),
    }
}

impl<'a> Scales<'a> {
    fn weigh(&mut self, set: &'a SelectionSet) -> Result<Weight, ServerError> {
        let mut sum = Weight::default();
        for item in &set.items {
            let weight = match &item.node {
                Selection::Field(field) => self.weigh_field(&field.node, field.pos)?,
                Selection::FragmentSpread(spread) => {
                    self.weigh_fragment(&spread.node.fragment_name.node, spread.pos)?
                }
                Selection::InlineFragment(inline) => self.weigh(&inline.node.selection_set.node)?,
            };
            sum = sum.and(weight);
            sum.selections = sum.selections.saturating_add(1);
        }
        Ok(sum)
    }

    fn weigh_field(&mut self, field: &'a Field, at: Pos) -> Result<Weight, ServerError> {
        let inner = self.weigh(&field.selection_set.node)?;
        let name = field.name.node.as_str();
        let is_introspection = matches!(name, "__schema" | "__type");
        if is_introspection && inner.lists > self.limits.introspection_lists {
            let most = self.limits.introspection_lists;
            let message = format!("Lists of the schema nest at most {most} deep.");
            return Err(too_much(message, Some(at)));
        }
        let is_list = matches!(name, "fields" | "interfaces" | "possibleTypes" | "inputFields");
        Ok(Weight {
            selections: inner.selections,
            depth: if is_introspection {
                1
            } else {
                inner.depth.saturating_add(1)
            },
            lists: inner.lists.saturating_add(u32::from(is_list)),
            fields: 1,
            sign_ins: u32::from(name == "signIn"),
        })
    }

    fn weigh_fragment(&mut self, name: &'a Name, at: Pos) -> Result<Weight, ServerError> {
        match self.fragments.get(name) {
            Some(Known::Weighed(weight)) => return Ok(*weight),
            Some(Known::Open) => {
                let message = format!("The fragment \"{name}\" spreads itself.");
                return Err(refuse("GRAPHQL_VALIDATION_FAILED", message, Some(at)));
            }
            None => {}
        }
        // An unknown fragment is told by the validation.
        let Some(fragment) = self.document.fragments.get(name) else {
            return Ok(Weight::default());
        };
        self.fragments.insert(name, Known::Open);
        let weight = self.weigh(&fragment.node.selection_set.node)?;
        self.fragments.insert(name, Known::Weighed(weight));
        Ok(weight)
    }
}

/// Aliases and directives, counted as they are written.
fn check_marks(document: &ExecutableDocument, limits: &Limits) -> Result<(), ServerError> {
    let (mut aliases, mut directives) = (0, 0);
    for (_, operation) in document.operations.iter() {
        let of_variables = |directives: usize, variable: &Positioned<_>| directives + marks_of(variable);
        directives += operation.node.directives.len();
        directives = operation
            .node
            .variable_definitions
            .iter()
            .fold(directives, of_variables);
    }
    directives += document
        .fragments
        .values()
        .map(|fragment| fragment.node.directives.len())
        .sum::<usize>();
    for selection in super::value::selections(document) {
        directives += selection.directives().len();
        aliases += usize::from(matches!(selection, Selection::Field(field) if field.node.alias.is_some()));
    }
    if aliases > limits.aliases {
        return Err(too_much(
            format!("A document has at most {} aliases.", limits.aliases),
            None,
        ));
    }
    if directives > limits.directives {
        return Err(too_much(
            format!("A document has at most {} directives.", limits.directives),
            None,
        ));
    }
    Ok(())
}

fn marks_of(variable: &Positioned<async_graphql::parser::types::VariableDefinition>) -> usize {
    let directives: &[Positioned<Directive>] = &variable.node.directives;
    directives.len()
}
