//! Products in, products out.

use entity::kind::{FieldPolicy, SyncObject};
use entity::list::MappingRule;
use proptest::prelude::*;
use serde_json::json;

use super::super::arbitrary::{any_json, any_rules, any_stripe_object, fields_of_each_type, inputs};
use super::super::rule::{check, default_product_rules, targets};
use super::*;

fn compiled(rules: &[MappingRule]) -> CompiledRules {
    CompiledRules::compile(rules, &targets(SyncObject::Product, &[])).unwrap()
}

#[test]
fn by_default() {
    let rules = compiled(&default_product_rules());
    let draft = |product: Value| map(&rules, &product, true, None).unwrap();
    let whole =
        draft(json!({"id": "prod_1", "name": "Team", "description": "d", "active": false, "metadata": {"sku": "T-1"}}));
    assert_eq!(
        (whole.name.as_str(), whole.sku.as_deref(), whole.active, whole.recurring),
        ("Team", Some("T-1"), false, true)
    );
    let bare = draft(json!({"id": "prod_1", "name": null, "metadata": {}}));
    assert_eq!(
        (bare.name.as_str(), bare.sku.as_deref(), bare.description),
        ("prod_1", Some("prod_1"), None)
    );
}

#[test]
fn policies_say_what_becomes_of_what_is_there() {
    let before = row();
    let draft = |policy, product: &Value| {
        let mut rules = default_product_rules();
        for rule in &mut rules {
            rule.policy = policy;
        }
        map(&compiled(&rules), product, false, Some(&before)).unwrap()
    };
    let bare = json!({"id": "prod_1"});
    let emptied = draft(FieldPolicy::StripeWins, &bare);
    assert_eq!(
        (
            emptied.name.as_str(),
            emptied.description,
            emptied.sku.as_deref(),
            emptied.active
        ),
        ("prod_1", None, Some("prod_1"), true)
    );
    let full = json!({"id": "prod_1", "name": "New", "description": "new", "active": true});
    let kept = draft(FieldPolicy::FillIfEmpty, &full);
    assert_eq!(
        (
            kept.name.as_str(),
            kept.description.as_deref(),
            kept.sku.as_deref(),
            kept.active
        ),
        ("Old", Some("old"), Some("prod_1"), false)
    );
    assert!(!kept.recurring, "it is derived, whatever the policy");
}

#[test]
fn what_does_not_fit_is_told() {
    let rules = compiled(&default_product_rules());
    let draft = map(&rules, &json!({"id": "prod_1", "name": ["x"], "active": 5}), true, None).unwrap();
    assert_eq!((draft.name.as_str(), draft.active), ("prod_1", true));
    assert_eq!(draft.warnings.len(), 2, "{:?}", draft.warnings);
    assert!(draft.warnings[0].contains("name") && draft.warnings[1].contains("active"));
}

fn row() -> Model {
    Model {
        id: uuid::Uuid::nil(),
        integration_id: uuid::Uuid::nil(),
        stripe_id: "prod_1".into(),
        name: "Old".into(),
        name_key: "old".into(),
        search_key: "old".into(),
        description: Some("old".into()),
        sku: None,
        active: false,
        recurring: true,
        custom_values: entity::list::CustomValues::default(),
        deleted_in_stripe: false,
        warnings: entity::list::Warnings::default(),
        created_at: 0,
        updated_at: 0,
    }
}

proptest! {
    #[test]
    fn no_product_makes_it_panic(product in any_stripe_object(), noise in any_json()) {
        let rules = compiled(&default_product_rules());
        let draft = map(&rules, &product, true, None).unwrap();
        prop_assert!(!draft.name.is_empty() && !draft.name.contains('\0'), "{:?}", draft.name);
        prop_assert_eq!(map(&rules, &noise, true, None).unwrap_err().code, "NO_ID");
    }

    #[test]
    fn whatever_the_rules_a_product_is_mapped_once_and_for_all(
        rules in any_rules(SyncObject::Product), before in any_stripe_object(), product in any_stripe_object(), noise in any_json(),
    ) {
        let targets = targets(SyncObject::Product, &fields_of_each_type(SyncObject::Product));
        prop_assert_eq!(&check(SyncObject::Product, inputs(&rules), &targets, &[]).unwrap(), &rules);
        let rules = CompiledRules::compile(&rules, &targets).unwrap();
        prop_assert!(map(&rules, &noise, true, None).is_err());
        let Ok(here) = map(&rules, &before, false, None) else { return Ok(()) };
        let here = here.into_row(&row(), "prod_1");
        let Ok(draft) = map(&rules, &product, true, Some(&here)) else { return Ok(()) };
        let written = draft.clone().into_row(&here, "prod_1");
        prop_assert_eq!(&ProductDraft::of(&written), &draft, "what is written is what was shown");
        prop_assert_eq!(map(&rules, &product, true, Some(&written)).unwrap(), draft, "once more changes nothing");
    }
}
