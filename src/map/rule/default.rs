//! The mappings that come with the product, as data.

use entity::kind::FieldPolicy;
use entity::list::MappingRule;

use super::target::{CLIENT_TARGETS, PRODUCT_TARGETS, Target};

const CUSTOMER: [(&str, &str); 13] = [
    ("id", "stripeId"),
    ("name || business_name || individual_name || email || id", "name"),
    ("'ACTIVE'", "status"),
    ("email", "email"),
    ("phone", "phone"),
    ("address.line1", "address.line1"),
    ("address.line2", "address.line2"),
    ("address.city", "address.city"),
    ("address.state", "address.state"),
    ("address.postal_code", "address.postalCode"),
    ("address.country", "address.country"),
    ("upper(currency)", "currency"),
    ("date(created)", "inceptionDate"),
];

const PRODUCT: [(&str, &str); 5] = [
    ("id", "stripeId"),
    ("name", "name"),
    ("description", "description"),
    ("active", "active"),
    ("metadata.sku || id", "sku"),
];

/// What a customer becomes unless an admin says otherwise.
pub fn default_customer_rules() -> Vec<MappingRule> {
    rules(&CUSTOMER, &CLIENT_TARGETS)
}

/// What a product becomes unless an admin says otherwise.
pub fn default_product_rules() -> Vec<MappingRule> {
    rules(&PRODUCT, &PRODUCT_TARGETS)
}

fn rules(rows: &[(&str, &str)], targets: &[Target]) -> Vec<MappingRule> {
    let rule = |(source, target): &(&str, &str)| MappingRule {
        source: (*source).to_owned(),
        target: (*target).to_owned(),
        required: targets.iter().any(|known| known.required && known.path == *target),
        enabled: true,
        policy: FieldPolicy::StripeWins,
        over_manual: false,
    };
    rows.iter().map(rule).collect()
}
