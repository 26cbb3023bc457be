//! The rules of a customer or product mapping: what comes with the product, what an admin may save, and the compiled form.

mod check;
mod default;
mod target;

use entity::kind::FieldPolicy;
use entity::list::MappingRule;
use serde_json::Value;

pub use check::{RuleInput, RuleProblem, check};
pub use default::{default_customer_rules, default_product_rules};

use super::MapError;
use super::expression::{Expression, compile};
use super::fit::{Fitted, fit, storable};
use target::{CLIENT_TARGETS, PRODUCT_TARGETS, Target};

/// The enabled rules of a mapping, ready for use.
#[derive(Debug)]
pub struct CompiledRules(Vec<CompiledRule>);

#[derive(Debug)]
struct CompiledRule {
    target: Target,
    expression: Expression,
    policy: FieldPolicy,
}

/// What a rule gives for an object.
pub(super) struct Given {
    pub(super) target: &'static str,
    pub(super) policy: FieldPolicy,
    pub(super) value: Fitted,
}

impl CompiledRules {
    /// Compiles rules that were checked when they were saved.
    pub fn compile(rules: &[MappingRule]) -> Result<Self, String> {
        let enabled = rules.iter().filter(|rule| rule.enabled);
        let compiled = enabled.map(|rule| {
            let target = CLIENT_TARGETS
                .iter()
                .chain(&PRODUCT_TARGETS)
                .find(|target| target.path == rule.target);
            let target = *target.ok_or_else(|| format!("{} is no field", rule.target))?;
            Ok(CompiledRule {
                target,
                expression: compile(&rule.source)?,
                policy: rule.policy,
            })
        });
        compiled.collect::<Result<_, String>>().map(Self)
    }

    /// What the rules give for `object`, in their order. What does not fit its field leaves it empty, with a warning.
    pub(super) fn give(&self, object: &Value, warnings: &mut Vec<String>) -> Result<Vec<Given>, MapError> {
        let given = self.0.iter().map(|rule| {
            let path = rule.target.path;
            let fitted = rule
                .expression
                .evaluate(object)
                .and_then(|value| fit(rule.target.takes, value));
            let fitted = fitted.unwrap_or_else(|why| {
                warnings.push(format!("The rule for {path} gives nothing that fits: {why}."));
                Fitted::None
            });
            Ok(Given {
                target: path,
                policy: rule.policy,
                value: storable(fitted, path, warnings)?,
            })
        });
        given.collect()
    }
}

/// Whether `policy` lets a rule write over what is there.
pub(super) fn may_write(policy: FieldPolicy, is_empty: bool) -> bool {
    match policy {
        FieldPolicy::StripeWins | FieldPolicy::LocalWins => true,
        FieldPolicy::FillIfEmpty => is_empty,
    }
}
