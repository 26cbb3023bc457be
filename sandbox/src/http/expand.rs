//! Expansion: ids replaced by objects, and fields that are served only when
//! they are asked for.

use serde_json::Value;

use super::error::Refusal;
use super::query::Query;
use crate::world::{World, embed};

const LEVELS_AT_MOST: usize = 4;
const ON_DEMAND: [&str; 3] = ["tiers", "currency_options", "applies_to"];

/// What can be expanded on an object.
fn expandable(object: &str) -> &'static [&'static str] {
    match object {
        "customer" => &["discount.source.coupon"],
        "product" => &["default_price", "default_price.tiers", "default_price.currency_options"],
        "price" => &["tiers", "currency_options", "product"],
        "coupon" => &["applies_to", "currency_options"],
        "invoice" => &[
            "customer",
            "discounts",
            "discounts.source.coupon",
            "discounts.source.coupon.applies_to",
            "lines.data.discounts",
            "lines.data.discounts.source.coupon",
            "lines.data.pricing.price_details.price",
            "parent.subscription_details.subscription",
            "total_discount_amounts.discount",
        ],
        "line_item" => &["discounts", "discounts.source.coupon", "pricing.price_details.price"],
        "subscription" => &[
            "customer",
            "discounts",
            "discounts.source.coupon",
            "discounts.source.coupon.applies_to",
            "items.data.discounts",
            "items.data.discounts.source.coupon",
            "items.data.price.currency_options",
            "items.data.price.product",
            "items.data.price.tiers",
            "latest_invoice",
        ],
        "subscription_item" => &[
            "discounts",
            "discounts.source.coupon",
            "price.currency_options",
            "price.product",
            "price.tiers",
        ],
        "credit_note" => &["customer", "invoice"],
        _ => &[],
    }
}

/// The paths a request wants expanded, seen from one object.
#[derive(Debug)]
pub(crate) struct Expansion {
    paths: Vec<String>,
}

impl Expansion {
    /// The expansions of a single object.
    pub(crate) fn of_object(object: &str, query: &Query) -> Result<Self, Refusal> {
        Self::read(object, query, "")
    }

    /// The expansions of a list's entries, whose paths start with `data.`.
    pub(crate) fn of_list(object: &str, query: &Query) -> Result<Self, Refusal> {
        Self::read(object, query, "data.")
    }

    fn read(object: &str, query: &Query, start: &str) -> Result<Self, Refusal> {
        let mut paths = Vec::new();
        for path in query.all("expand") {
            if path.split('.').count() > LEVELS_AT_MOST {
                let message =
                    format!("You cannot expand more than {LEVELS_AT_MOST} levels of a property. Property: {path}");
                return Err(Refusal::invalid("expand", &message));
            }
            let known = path
                .strip_prefix(start)
                .filter(|inner| expandable(object).contains(inner))
                .ok_or_else(|| {
                    let message = format!("This property cannot be expanded ({path}).");
                    Refusal::invalid("expand", &message)
                })?;
            paths.push(known.to_owned());
        }
        // A parent must be in place before what is inside it.
        paths.sort_by_key(String::len);
        Ok(Self { paths })
    }

    /// The object as it is served.
    pub(crate) fn apply(&self, world: &World, object: Value) -> Value {
        let mut object = embed(object);
        for path in &self.paths {
            expand(world, &mut object, path);
        }
        object
    }
}

fn expand(world: &World, value: &mut Value, path: &str) {
    if let Value::Array(entries) = value {
        for entry in entries {
            expand(world, entry, path);
        }
        return;
    }
    if let Value::String(id) = value
        && let Some(object) = world.find_any(id)
    {
        *value = embed(object);
    }
    let (name, rest) = path.split_once('.').unwrap_or((path, ""));
    let Some(fields) = value.as_object_mut().filter(|_| !name.is_empty()) else {
        return;
    };
    if ON_DEMAND.contains(&name) {
        let full = fields
            .get("id")
            .and_then(Value::as_str)
            .and_then(|id| world.find_any(id));
        if let Some(asked) = full.as_ref().and_then(|object| object.get(name)) {
            fields.insert(name.to_owned(), asked.clone());
        }
    } else if let Some(inner) = fields.get_mut(name) {
        expand(world, inner, rest);
    }
}
