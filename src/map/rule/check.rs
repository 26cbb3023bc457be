//! What an admin may save. All problems are told at once.

use entity::kind::{FieldPolicy, SyncObject};
use entity::list::MappingRule;
use serde_json::{Value, json};

use super::target::Target;
use crate::error::Code;
use crate::map::expression::{Expression, compile};
use crate::map::fit::{Fitted, Takes, fit};
use crate::map::transform::Transform;

const RULES: usize = 200;
const SOURCE_LENGTH: usize = 512;

/// A rule as it was given.
#[derive(Debug, Clone)]
pub struct RuleInput {
    /// A JMESPath expression.
    pub source: String,
    /// A field of ours.
    pub target: String,
    /// Off: kept, and does nothing.
    pub enabled: bool,
    /// Who wins over edits by hand.
    pub policy: FieldPolicy,
    /// The policy holds for clients kept by hand, too.
    pub over_manual: bool,
}

/// What is wrong with a rule, or with all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleProblem {
    /// Which rule, from 0; none: all of them.
    pub index: Option<usize>,
    /// Which part of it: `source`, `target`, `enabled`.
    pub field: &'static str,
    /// For programs.
    pub code: Code,
    /// For people.
    pub message: String,
}

/// The rules as they are to be stored, or everything that is wrong with them. `targets` are the fields that they may write, `samples`
/// some of Stripe's objects that are here.
pub fn check(
    object: SyncObject,
    proposed: Vec<RuleInput>,
    targets: &[Target],
    samples: &[Value],
) -> Result<Vec<MappingRule>, Vec<RuleProblem>> {
    if object == SyncObject::Contract {
        let message = "The mapping of contracts is fixed.".to_owned();
        return Err(vec![of_all(Code::MappingFixed, message)]);
    }
    if proposed.len() > RULES {
        return Err(vec![of_all(
            Code::OutOfRange,
            format!("A mapping has at most {RULES} rules."),
        )]);
    }
    let mut problems: Vec<RuleProblem> = proposed
        .iter()
        .enumerate()
        .flat_map(|(index, rule)| check_rule(index, rule, targets, samples))
        .collect();
    problems.extend(twins(&proposed));
    problems.extend(missing(&proposed, targets));
    if !problems.is_empty() {
        return Err(problems);
    }
    let stored = proposed.into_iter().map(|rule| MappingRule {
        required: targets
            .iter()
            .any(|target| target.required && target.path == rule.target),
        source: rule.source,
        target: rule.target,
        enabled: rule.enabled,
        policy: rule.policy,
        over_manual: rule.over_manual,
    });
    Ok(stored.collect())
}

fn of_all(code: Code, message: String) -> RuleProblem {
    RuleProblem {
        index: None,
        field: "rules",
        code,
        message,
    }
}

fn check_rule(index: usize, rule: &RuleInput, targets: &[Target], samples: &[Value]) -> Vec<RuleProblem> {
    let at = |field, code, message| RuleProblem {
        index: Some(index),
        field,
        code,
        message,
    };
    let mut problems = Vec::new();
    let target = targets.iter().find(|target| target.path == rule.target);
    match target {
        None => {
            let known: Vec<&str> = targets.iter().map(|target| &*target.path).collect();
            let message = format!(
                "This is no field that a mapping may write. Known are {}.",
                known.join(", ")
            );
            problems.push(at("target", Code::MappingTargetForbidden, message));
        }
        Some(target) if target.required && !rule.enabled => {
            problems.push(at(
                "enabled",
                Code::MappingRequiredMissing,
                format!("{} is required and cannot be turned off.", target.path),
            ));
        }
        Some(_) => {}
    }
    match check_source(&rule.source) {
        Err((code, message)) => problems.push(at("source", code, message)),
        Ok(_) if target.is_some_and(|target| target.path == "stripeId") && rule.source.trim() != "id" => {
            let message = "Stripe's id is `id`; nothing else can stand for it.".to_owned();
            problems.push(at("source", Code::MappingSourceInvalid, message));
        }
        Ok(expression) => {
            let takes = target.map(|target| &target.takes);
            let misfit =
                takes.and_then(|takes| misfit(&expression, takes).or_else(|| never_fits(&expression, takes, samples)));
            problems.extend(misfit.map(|why| {
                at(
                    "source",
                    Code::MappingTypeMismatch,
                    format!("It does not fit {}: {why}.", rule.target),
                )
            }));
        }
    }
    problems
}

fn check_source(source: &str) -> Result<Expression, (Code, String)> {
    if source.trim().is_empty() {
        return Err((Code::Required, "The source is blank.".to_owned()));
    }
    if source.chars().count() > SOURCE_LENGTH {
        return Err((
            Code::TooLong,
            format!("A source has at most {SOURCE_LENGTH} characters."),
        ));
    }
    if source.contains('\0') {
        return Err((Code::Invalid, "A source holds no NUL character.".to_owned()));
    }
    compile(source).map_err(|why| (Code::MappingSourceInvalid, format!("The source cannot be used: {why}.")))
}

/// Why a source can never fit a field, where that is certain without any data.
fn misfit(expression: &Expression, takes: &Takes) -> Option<String> {
    match expression {
        Expression::Literal(value) => fit(takes, value.clone()).err(),
        Expression::Either(one, other) => misfit(one, takes).or_else(|| misfit(other, takes)),
        Expression::Call(transform, _) => sample(*transform).and_then(|sample| fit(takes, sample).err()),
        Expression::Path(_) | Expression::Library(_) => None,
    }
}

/// Why what a source gives for objects that are here fits its field for none of them.
fn never_fits(expression: &Expression, takes: &Takes, samples: &[Value]) -> Option<String> {
    let results = samples
        .iter()
        .map(|object| expression.evaluate(object).and_then(|value| fit(takes, value)));
    let mut first = None;
    for result in results {
        match result {
            // Nothing, or blanks: that speaks neither for it nor against it.
            Ok(Fitted::None) => {}
            Ok(_) => return None,
            Err(why) => first = first.or(Some(why)),
        }
    }
    first
}

/// A result of a function whose results all have one form.
fn sample(transform: Transform) -> Option<Value> {
    match transform {
        Transform::Date => Some(json!("2026-01-31")),
        Transform::DateTime => Some(json!("2026-01-31T00:00:00Z")),
        Transform::Money => Some(json!("1.00")),
        Transform::Lower | Transform::Upper | Transform::Trim | Transform::Join => None,
    }
}

fn twins(proposed: &[RuleInput]) -> impl Iterator<Item = RuleProblem> {
    proposed.iter().enumerate().filter_map(|(index, rule)| {
        let first = proposed.iter().position(|other| other.target == rule.target)?;
        (first < index).then(|| RuleProblem {
            index: Some(index),
            field: "target",
            code: Code::Conflict,
            message: format!("Rule {first} writes {} already.", rule.target),
        })
    })
}

fn missing<'a>(proposed: &'a [RuleInput], targets: &'a [Target]) -> impl Iterator<Item = RuleProblem> + 'a {
    let is_missing = move |target: &&Target| target.required && proposed.iter().all(|rule| rule.target != target.path);
    targets.iter().filter(is_missing).map(|target| {
        of_all(
            Code::MappingRequiredMissing,
            format!("A rule for {} is required. Its source may be changed.", target.path),
        )
    })
}

#[cfg(test)]
mod tests;
