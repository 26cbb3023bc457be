//! What may be saved, and the code of everything that may not.

use proptest::prelude::*;

use super::super::{CompiledRules, default_customer_rules, default_product_rules, targets};
use super::*;
use crate::map::arbitrary::any_source;

fn inputs(rules: &[MappingRule]) -> Vec<RuleInput> {
    let input = |rule: &MappingRule| RuleInput {
        source: rule.source.clone(),
        target: rule.target.clone(),
        enabled: rule.enabled,
        policy: rule.policy,
        over_manual: rule.over_manual,
    };
    rules.iter().map(input).collect()
}

fn with(source: &str, target: &str) -> Vec<RuleInput> {
    let mut rules: Vec<_> = inputs(&default_customer_rules())
        .into_iter()
        .filter(|rule| rule.target != target)
        .collect();
    rules.push(RuleInput {
        source: source.into(),
        target: target.into(),
        enabled: true,
        policy: FieldPolicy::StripeWins,
        over_manual: false,
    });
    rules
}

fn checked(object: SyncObject, proposed: Vec<RuleInput>) -> Result<Vec<MappingRule>, Vec<RuleProblem>> {
    check(object, proposed, &targets(object, &[]), &[])
}

fn codes(proposed: Vec<RuleInput>) -> Vec<Code> {
    checked(SyncObject::Customer, proposed).map_or_else(
        |problems| problems.into_iter().map(|problem| problem.code).collect(),
        |_| vec![],
    )
}

#[test]
fn the_defaults_may_be_saved_and_come_back_as_they_were() {
    for (object, rules) in [
        (SyncObject::Customer, default_customer_rules()),
        (SyncObject::Product, default_product_rules()),
    ] {
        assert_eq!(checked(object, inputs(&rules)).unwrap(), rules);
        assert!(CompiledRules::compile(&rules, &targets(object, &[])).is_ok());
    }
}

#[test]
fn only_our_own_fields_can_be_written() {
    for target in [
        "id",
        "role",
        "passwordHash",
        "custom.x",
        "custom.__proto__",
        "../x",
        "",
        "Name",
        "stripeID",
        "createdAt",
    ] {
        assert!(
            codes(with("id", target)).contains(&Code::MappingTargetForbidden),
            "{target}"
        );
    }
}

#[test]
fn each_wrong_source_has_its_code() {
    for (source, target, code) in [
        ("", "email", Code::Required),
        ("a..b", "email", Code::MappingSourceInvalid),
        ("sort_by(a, &b)", "email", Code::MappingSourceInvalid),
        ("a\0", "email", Code::Invalid),
        (&"a".repeat(513), "email", Code::TooLong),
        ("'SLEEPING'", "status", Code::MappingTypeMismatch),
        ("status || 'SLEEPING'", "status", Code::MappingTypeMismatch),
        ("'tomorrow'", "inceptionDate", Code::MappingTypeMismatch),
        ("datetime(created)", "inceptionDate", Code::MappingTypeMismatch),
        ("`[1]`", "phone", Code::MappingTypeMismatch),
        ("'EURO'", "currency", Code::MappingTypeMismatch),
    ] {
        assert_eq!(codes(with(source, target)), [code], "{source}");
    }
    assert_eq!(codes(with(&"a".repeat(512), "email")), []);
    assert_eq!(codes(with("'trial'", "status")), []);
}

#[test]
fn all_problems_are_told_at_once() {
    let mut proposed = with("a..b", "role");
    proposed.retain(|rule| rule.target != "name");
    proposed.push(proposed[0].clone());
    proposed[1].enabled = false;
    let found = codes(proposed);
    for code in [
        Code::MappingSourceInvalid,
        Code::MappingTargetForbidden,
        Code::MappingRequiredMissing,
        Code::Conflict,
    ] {
        assert!(found.contains(&code), "{code:?} in {found:?}");
    }
}

#[test]
fn there_is_a_bound_and_contracts_are_fixed() {
    let rule = inputs(&default_customer_rules())[0].clone();
    assert_eq!(codes(vec![rule; 201]), [Code::OutOfRange]);
    assert_eq!(
        checked(SyncObject::Contract, vec![]).unwrap_err()[0].code,
        Code::MappingFixed
    );
}

proptest! {
    #[test]
    fn what_is_accepted_compiles_and_nothing_panics(source in any_source(), target in "email|status|inceptionDate|.{0,20}") {
        if let Ok(rules) = checked(SyncObject::Customer, with(&source, &target)) {
            prop_assert!(CompiledRules::compile(&rules, &targets(SyncObject::Customer, &[])).is_ok());
        }
    }
}
