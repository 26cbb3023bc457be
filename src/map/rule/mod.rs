//! The rules of a customer or product mapping: what comes with the product, what an admin may save, and the compiled form.

mod check;
mod default;
mod target;

use entity::kind::FieldPolicy;
use entity::list::MappingRule;
use serde_json::Value;

pub use check::{RuleInput, RuleProblem, check};
pub use default::{default_customer_rules, default_product_rules};
pub use target::{Target, owner_of, targets};

use super::MapError;
use super::expression::{Expression, compile};
use super::fit::{Fitted, fit, storable, too_large};
use super::transform::TOO_LARGE;

/// The enabled rules of a mapping, ready for use.
#[derive(Debug)]
pub struct CompiledRules(Vec<CompiledRule>);

#[derive(Debug)]
struct CompiledRule {
    target: Target,
    expression: Expression,
    policy: FieldPolicy,
    over_manual: bool,
}

/// What a rule gives for an object.
pub(super) struct Given<'a> {
    pub(super) target: &'a Target,
    pub(super) policy: FieldPolicy,
    /// The policy holds for clients kept by hand, too.
    pub(super) over_manual: bool,
    pub(super) value: Fitted,
    /// Why the value is none although the rule gave something.
    pub(super) problem: Option<String>,
}

impl CompiledRules {
    /// Compiles rules that were checked when they were saved.
    pub fn compile(rules: &[MappingRule], targets: &[Target]) -> Result<Self, String> {
        let enabled = rules.iter().filter(|rule| rule.enabled);
        let compiled = enabled.map(|rule| {
            let target = targets.iter().find(|target| target.path == rule.target);
            Ok(CompiledRule {
                target: target.ok_or_else(|| format!("{} is no field", rule.target))?.clone(),
                expression: compile(&rule.source)?,
                policy: rule.policy,
                over_manual: rule.over_manual,
            })
        });
        compiled.collect::<Result<_, String>>().map(Self)
    }

    /// The fields that are written, in the order of the rules.
    pub fn targets(&self) -> impl Iterator<Item = &Target> {
        self.0.iter().map(|rule| &rule.target)
    }

    /// What the rules give for `object`, in their order. What does not fit its field leaves it empty, with a warning.
    pub(super) fn give(&self, object: &Value, warnings: &mut Vec<String>) -> Result<Vec<Given<'_>>, MapError> {
        self.0.iter().map(|rule| rule.give(object, warnings)).collect()
    }

    /// Why rules give nothing for `object`, by the fields that they write.
    pub fn problems(&self, object: &Value) -> Vec<(&Target, String)> {
        let problem = |rule: &'_ CompiledRule| match rule.give(object, &mut Vec::new()) {
            Ok(given) => given.problem,
            Err(error) => Some(error.message),
        };
        let problems = self.0.iter().filter_map(|rule| Some((&rule.target, problem(rule)?)));
        problems.collect()
    }
}

impl CompiledRule {
    fn give(&self, object: &Value, warnings: &mut Vec<String>) -> Result<Given<'_>, MapError> {
        let path = &self.target.path;
        let fitted = match self.expression.evaluate(object) {
            Err(why) if why == TOO_LARGE => return Err(too_large(path)),
            result => result.and_then(|value| fit(&self.target.takes, value)),
        };
        let problem = fitted.as_ref().err().cloned();
        warnings.extend(
            problem
                .iter()
                .map(|why| format!("The rule for {path} gives nothing that fits: {why}.")),
        );
        Ok(Given {
            target: &self.target,
            policy: self.policy,
            over_manual: self.over_manual,
            value: storable(fitted.unwrap_or(Fitted::None), path, warnings)?,
            problem,
        })
    }
}

/// What is in a field before a rule writes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Before {
    pub(super) is_empty: bool,
    /// A person has set it.
    pub(super) is_edited: bool,
}

/// Whether `policy` lets a rule write over what is there.
pub(super) fn may_write(policy: FieldPolicy, before: Before) -> bool {
    match policy {
        FieldPolicy::StripeWins => true,
        FieldPolicy::LocalWins => !before.is_edited,
        FieldPolicy::FillIfEmpty => before.is_empty,
    }
}
