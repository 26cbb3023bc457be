//! What property tests of mapping feed it: any JSON that looks a little like Stripe's, and any text that looks a little like a source.

use entity::custom_field;
use entity::kind::{FieldPolicy, FieldType, SyncObject};
use entity::list::{MappingRule, PicklistOptions};
use proptest::prelude::*;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::rule::{RuleInput, Target, check, default_customer_rules, default_product_rules, owner_of, targets};

const TYPES: [FieldType; 8] = [
    FieldType::Text,
    FieldType::Integer,
    FieldType::Decimal,
    FieldType::Currency,
    FieldType::Boolean,
    FieldType::Date,
    FieldType::Link,
    FieldType::Picklist,
];

/// Any JSON whose names are those that sources in the tests read.
pub(super) fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-c]{0,3}".prop_map(Value::from),
        "[\\PC\0 \n]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            fields("[a-c]", inner).prop_map(Value::Object),
        ]
    })
}

/// An object with an id, and anything at all in the fields that the default mappings read.
pub(super) fn any_stripe_object() -> impl Strategy<Value = Value> {
    let names = "name|email|phone|address|currency|created|description|active|metadata|business_name|balance|a|b|c";
    (".{1,12}", fields(names, prop_oneof![any_json(), likely_value()])).prop_map(|(id, mut fields)| {
        fields.insert("id".to_owned(), id.into());
        Value::Object(fields)
    })
}

/// Any text: noise, and the language's own words in any order.
pub(super) fn any_source() -> impl Strategy<Value = String> {
    let word = r"[a-c]|@|\.|\[|\]|\[\?|\[\*\]|\(|\)|\{|\}|,|:|\||\|\||&|&&|!|==|<|-?[0-9]{1,11}|'a'|`1`|`|'|\\|upper|date|money|join|length|to_string| ";
    prop_oneof![
        ".{0,60}",
        prop::collection::vec(word, 0..30).prop_map(|words| words.concat()),
    ]
}

fn fields(names: &'static str, value: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::btree_map(names, value, 0..6).prop_map(|fields| fields.into_iter().collect())
}

/// Values of the kind that Stripe's objects hold.
fn likely_value() -> impl Strategy<Value = Value> {
    let text =
        "usd|JPY|kwd|trial|ACTIVE|gold|Silver|acme\\.test|https://acme\\.test|2024-02-29|-19\\.90|007|true|FALSE|Ada";
    prop_oneof![
        text.prop_map(Value::from),
        (-5_000_i64..2_000_000_000).prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        prop::collection::vec("[a-c]{0,3}".prop_map(Value::from), 0..4).prop_map(Value::from),
        fields("[a-c]", text.prop_map(Value::from)).prop_map(Value::Object),
    ]
}

/// A source of the kind that people write.
fn likely_source() -> impl Strategy<Value = String> {
    let path = "id|name|email|phone|currency|created|active|balance|description|[a-c]|(metadata|address|a)\\.[a-c]|c\\[0\\]|b\\[\\*\\]\\.a";
    let literal = "'(ACTIVE|true|2024-02-29|19\\.90|acme\\.test|5|gold|eur|usd|)'|`(5|true|null|\\[\\])`";
    let leaf = prop_oneof![3 => path, 1 => literal];
    leaf.prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            3 => (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("({one} || {other})")),
            3 => ("lower|upper|trim|date|datetime|to_string|length|not_null|!", inner.clone())
                .prop_map(|(name, inner)| format!("{name}({inner})")),
            2 => ("money|contains|starts_with|not_null", inner.clone(), inner.clone())
                .prop_map(|(name, one, other)| format!("{name}({one}, {other})")),
            1 => inner.clone().prop_map(|list| format!("join('-', {list})")),
            1 => (inner.clone(), "&&|==|!=|<", inner).prop_map(|(one, word, other)| format!("({one} {word} {other})")),
        ]
    })
}

/// A custom field of each type.
pub(super) fn fields_of_each_type(object: SyncObject) -> Vec<custom_field::Model> {
    let owner = owner_of(object).expect("contracts have none");
    let field = |(number, field_type): (u128, FieldType)| custom_field::Model {
        id: Uuid::from_u128(number),
        owner,
        key: format!("field_{number}"),
        label: String::new(),
        field_type,
        options: PicklistOptions(match field_type {
            FieldType::Picklist => vec!["Gold".to_owned(), "silver".to_owned()],
            _ => Vec::new(),
        }),
        created_at: 0,
    };
    (1..).zip(TYPES).map(field).collect()
}

fn any_policy() -> impl Strategy<Value = FieldPolicy> {
    prop_oneof![
        Just(FieldPolicy::StripeWins),
        Just(FieldPolicy::LocalWins),
        Just(FieldPolicy::FillIfEmpty)
    ]
}

/// Rules that may be saved, for some of the fields that there are, custom fields of all types among them.
pub(super) fn any_rules(object: SyncObject) -> impl Strategy<Value = Vec<MappingRule>> {
    let targets = targets(object, &fields_of_each_type(object));
    let rule = |target: &Target| {
        let path = target.path.to_string();
        let source = if path == "stripeId" {
            Just("id".to_owned()).boxed()
        } else {
            likely_source().boxed()
        };
        (source, any_policy(), prop::bool::weighted(0.8), any::<bool>()).prop_map(
            move |(source, policy, enabled, over_manual)| RuleInput {
                source,
                target: path.clone(),
                enabled,
                policy,
                over_manual,
            },
        )
    };
    let rules: Vec<_> = targets.iter().map(rule).collect();
    rules.prop_map(move |proposed| accepted(object, proposed, &targets))
}

/// What is left of rules without those that are refused; a required one gets the source that comes with the product.
fn accepted(object: SyncObject, mut proposed: Vec<RuleInput>, targets: &[Target]) -> Vec<MappingRule> {
    let defaults = match object {
        SyncObject::Customer => default_customer_rules(),
        _ => default_product_rules(),
    };
    loop {
        let problems = match check(object, proposed.clone(), targets, &[]) {
            Ok(rules) => return rules,
            Err(problems) => problems,
        };
        let wrong = problems
            .iter()
            .filter_map(|problem| problem.index)
            .max()
            .expect("a rule is wrong");
        let default = defaults
            .iter()
            .find(|rule| rule.required && rule.target == proposed[wrong].target);
        match default {
            Some(default) => {
                proposed[wrong].source.clone_from(&default.source);
                proposed[wrong].enabled = true;
            }
            None => drop(proposed.remove(wrong)),
        }
    }
}

/// Rules as they would be saved again.
pub(super) fn inputs(rules: &[MappingRule]) -> Vec<RuleInput> {
    let input = |rule: &MappingRule| RuleInput {
        source: rule.source.clone(),
        target: rule.target.clone(),
        enabled: rule.enabled,
        policy: rule.policy,
        over_manual: rule.over_manual,
    };
    rules.iter().map(input).collect()
}
