//! Customers in, clients out.

use entity::kind::{FieldPolicy, SyncObject};
use entity::list::{MappingRule, MappingRules};
use proptest::prelude::*;
use serde_json::json;

use super::super::arbitrary::{any_json, any_rules, any_stripe_object, fields_of_each_type, inputs};
use super::super::fit::fit;
use super::super::rule::{check, default_customer_rules, targets};
use super::*;

fn compiled(rules: &[MappingRule]) -> CompiledRules {
    CompiledRules::compile(rules, &targets(SyncObject::Customer, &[])).unwrap()
}

fn by_default(customer: &Value) -> ClientDraft {
    map(&compiled(&default_customer_rules()), customer, None).unwrap()
}

#[test]
fn a_full_customer() {
    let draft = by_default(&json!({
        "id": "cus_1", "name": "Acme", "email": "a@acme.test", "phone": "+49 1", "currency": "eur", "created": 1_792_592_000,
        "address": {"line1": "Weg 1", "line2": null, "city": "Köln", "state": "NW", "postal_code": "50667", "country": "DE"},
    }));
    assert_eq!(draft.name, "Acme");
    assert_eq!(draft.status, Status(ClientStatus::Active));
    assert_eq!(
        [draft.email, draft.currency, draft.address_postal_code],
        ["a@acme.test", "EUR", "50667"].map(|text| Some(text.to_owned()))
    );
    assert_eq!(draft.inception_date, NaiveDate::from_ymd_opt(2026, 10, 21));
    assert_eq!((draft.address_line2, draft.warnings), (None, vec![]));
}

#[test]
fn the_name_is_the_first_there_is() {
    for (customer, name) in [
        (json!({"id": "cus_1", "name": "", "business_name": "Biz"}), "Biz"),
        (json!({"id": "cus_1", "individual_name": "Ida"}), "Ida"),
        (json!({"id": "cus_1", "email": "a@b.c"}), "a@b.c"),
        (json!({"id": "cus_1"}), "cus_1"),
        (json!({"id": "cus_1", "name": "  "}), "cus_1"),
        (json!({"id": "c\0d", "name": " "}), "c\u{FFFD}d"),
    ] {
        assert_eq!(by_default(&customer).name, name, "{customer}");
    }
}

#[test]
fn null_empties_a_field_unless_it_may_only_be_filled() {
    let mut rules = default_customer_rules();
    let before = row("old@acme.test");
    let mapped = |rules: &[MappingRule]| {
        let customer = json!({"id": "cus_1", "email": null, "phone": "1"});
        map(&compiled(rules), &customer, Some(&before)).unwrap()
    };
    assert_eq!(mapped(&rules).email, None);
    for rule in &mut rules {
        rule.policy = FieldPolicy::FillIfEmpty;
    }
    assert_eq!(mapped(&rules).email.as_deref(), Some("old@acme.test"));
    assert_eq!(mapped(&rules).phone.as_deref(), Some("1"));
    rules.retain(|rule| rule.target != "email");
    assert_eq!(
        mapped(&rules).email.as_deref(),
        Some("old@acme.test"),
        "no rule, no change"
    );
}

#[test]
fn a_status_that_is_there_is_not_empty() {
    let mut before = row("a@b.c");
    before.status = ClientStatus::Terminated;
    let mut rules = default_customer_rules();
    let status = |rules: &[MappingRule], existing| {
        let rules = compiled(rules);
        map(&rules, &json!({"id": "cus_1", "state": "trial"}), existing)
            .unwrap()
            .status
            .0
    };
    for (source, policy, fresh, present) in [
        (
            "state",
            FieldPolicy::StripeWins,
            ClientStatus::Trial,
            ClientStatus::Trial,
        ),
        (
            "state",
            FieldPolicy::LocalWins,
            ClientStatus::Trial,
            ClientStatus::Trial,
        ),
        (
            "state",
            FieldPolicy::FillIfEmpty,
            ClientStatus::Trial,
            ClientStatus::Terminated,
        ),
        (
            "missing",
            FieldPolicy::StripeWins,
            ClientStatus::Active,
            ClientStatus::Active,
        ),
        (
            "missing",
            FieldPolicy::FillIfEmpty,
            ClientStatus::Active,
            ClientStatus::Terminated,
        ),
    ] {
        let rule = rules.iter_mut().find(|rule| rule.target == "status").unwrap();
        (rule.source, rule.policy) = (source.to_owned(), policy);
        assert_eq!(
            (status(&rules, None), status(&rules, Some(&before))),
            (fresh, present),
            "{source} {policy:?}"
        );
    }
}

#[test]
fn what_does_not_fit_is_left_out_and_told() {
    let draft =
        by_default(&json!({"id": "cus_1", "name": "A\0B", "email": ["x"], "currency": "dollars", "created": "x"}));
    assert_eq!(
        (draft.name.as_str(), draft.email, draft.currency, draft.inception_date),
        ("A\u{FFFD}B", None, None, None)
    );
    assert_eq!(draft.warnings.len(), 4, "{:?}", draft.warnings);
}

#[test]
fn an_object_without_id_or_too_large_fails_alone() {
    let rules = compiled(&default_customer_rules());
    assert_eq!(map(&rules, &json!({"name": "x"}), None).unwrap_err().code, "NO_ID");
    let large = json!({"id": "cus_1", "phone": "1".repeat(70_000)});
    assert_eq!(map(&rules, &large, None).unwrap_err().code, "VALUE_TOO_LARGE");
    let mut rules = default_customer_rules();
    rules[4].source = "join(',', tags)".to_owned();
    let many = json!({"id": "cus_1", "tags": vec!["x"; 40_000]});
    assert_eq!(map(&compiled(&rules), &many, None).unwrap_err().code, "VALUE_TOO_LARGE");
}

fn row(email: &str) -> Model {
    Model {
        id: uuid::Uuid::nil(),
        origin: entity::kind::ClientOrigin::Stripe,
        name: "Old".into(),
        name_key: "old".into(),
        search_key: "old".into(),
        status: ClientStatus::Active,
        email: Some(email.into()),
        email_key: None,
        phone: None,
        site_url: None,
        external_id: None,
        address_line1: None,
        address_line2: None,
        address_city: None,
        address_state: None,
        address_postal_code: None,
        address_country: None,
        currency: None,
        inception_date: None,
        custom_values: entity::list::CustomValues::default(),
        edited: entity::list::EditedFields::default(),
        held_before: entity::list::HeldBefore::default(),
        deleted_in_stripe: false,
        warnings: entity::list::Warnings::default(),
        created_at: 0,
        updated_at: 0,
    }
}

proptest! {
    #[test]
    fn no_customer_makes_it_panic(customer in any_stripe_object(), noise in any_json()) {
        let rules = compiled(&default_customer_rules());
        let draft = map(&rules, &customer, None).unwrap();
        prop_assert!(!draft.name.is_empty() && !draft.name.contains('\0'), "{:?}", draft.name);
        prop_assert_eq!(map(&rules, &noise, None).unwrap_err().code, "NO_ID");
    }

    #[test]
    fn rules_that_may_be_saved_may_be_saved_again_and_are_read_as_they_were(rules in any_rules(SyncObject::Customer)) {
        let targets = targets(SyncObject::Customer, &fields_of_each_type(SyncObject::Customer));
        prop_assert_eq!(&check(SyncObject::Customer, inputs(&rules), &targets, &[]).unwrap(), &rules);
        let kept = serde_json::to_string(&MappingRules(rules.clone())).unwrap();
        prop_assert_eq!(serde_json::from_str::<MappingRules>(&kept).unwrap().0, rules);
    }

    #[test]
    fn whatever_the_rules_a_customer_is_mapped_once_and_for_all(
        rules in any_rules(SyncObject::Customer), before in any_stripe_object(), customer in any_stripe_object(),
        edited in "name|email|phone|status|address\\.city|custom\\.field_[1-8]", typed in "|Typed|5|true|gold|2024-02-29",
        noise in any_json(),
    ) {
        let targets = targets(SyncObject::Customer, &fields_of_each_type(SyncObject::Customer));
        let rules = CompiledRules::compile(&rules, &targets).unwrap();
        prop_assert!(map(&rules, &noise, None).is_err());
        let Ok(mut here) = map(&rules, &before, None) else { return Ok(()) };
        let target = targets.iter().find(|target| target.path == *edited).unwrap();
        if let Ok(value) = fit(&target.takes, typed.into()) && (edited != "name" || value != Fitted::None) {
            here.edit(target, value);
        }
        let blank = row("a@b.c");
        let here = here.into_row(&blank, ["cus_1"]);
        let Ok(draft) = map(&rules, &customer, Some(&here)) else { return Ok(()) };
        for target in targets.iter().filter(|target| target.field_id.is_some()) {
            if let Some(text) = draft.shown(target) {
                let again = fit(&target.takes, text.clone().into()).map(Fitted::into_text);
                prop_assert_eq!(again, Ok(Some(text)), "{}", &target.path);
            }
        }
        prop_assert!(!draft.name.is_empty());
        let written = draft.clone().into_row(&here, ["cus_1"]);
        prop_assert_eq!(&ClientDraft::of(&written), &draft, "what is written is what was shown");
        prop_assert_eq!(map(&rules, &customer, Some(&written)).unwrap(), draft, "once more changes nothing");
    }
}
