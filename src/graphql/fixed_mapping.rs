//! The mapping of contracts, which nobody edits.

use async_graphql::SimpleObject;

use crate::map::contract::{FIXED_RULES, FixedRule};

/// A row of the mapping of contracts: fixed, so that money means the same to everybody.
#[derive(Debug, SimpleObject)]
pub(super) struct FixedMapping {
    /// What of Stripe's objects is read.
    source: &'static str,
    /// A field of `Contract`, or of its `lines`.
    target: &'static str,
    /// How the one becomes the other, in words.
    rule: &'static str,
}

impl FixedMapping {
    /// All of them.
    pub(super) fn list() -> Vec<Self> {
        let row = |FixedRule { source, target, rule }: FixedRule| Self { source, target, rule };
        FIXED_RULES.into_iter().map(row).collect()
    }
}
