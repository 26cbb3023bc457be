//! Conditions that several lists share.

use sea_orm::sea_query::{Expr, ExprTrait, SimpleExpr};
use sea_orm::{ColumnTrait, Condition, Value};

use super::page::literal_pattern;
use crate::map::key::name_key;

/// From inclusive, to exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Range<T> {
    /// Inclusive.
    pub from: Option<T>,
    /// Exclusive.
    pub to: Option<T>,
}

/// `column` inside `range`, where one is given.
pub(super) fn within<C, T>(column: C, range: Option<&Range<T>>) -> Condition
where
    C: ColumnTrait,
    T: Into<Value> + Copy,
{
    let from = range.and_then(|range| range.from).map(|from| column.gte(from));
    let to = range.and_then(|range| range.to).map(|to| column.lt(to));
    Condition::all().add_option(from).add_option(to)
}

/// `column` among `values`, where they are given. An empty list matches nothing.
pub(super) fn among<C, T>(column: C, values: Option<&Vec<T>>) -> Option<SimpleExpr>
where
    C: ColumnTrait,
    T: Into<Value> + Clone,
{
    values.map(|values| column.is_in(values.iter().cloned()))
}

/// The folded `needle` is a literal part of `column`; a blank one is no condition.
pub(super) fn holds<C: ColumnTrait>(column: C, needle: Option<&String>) -> Option<SimpleExpr> {
    use sea_orm::sea_query::LikeExpr;
    let needle = needle.filter(|needle| !needle.trim().is_empty())?;
    let pattern = literal_pattern(&name_key(needle));
    Some(Expr::col((column.entity_name(), column)).like(LikeExpr::new(pattern).escape('\\')))
}
