//! Expansion: ids replaced by objects, and fields that are served only when
//! they are asked for.

use std::borrow::Cow;

use super::error::Refusal;
use super::old;
use super::query::Query;
use crate::json::{Json, json};
use crate::world::{ON_DEMAND, World, embed};

const LEVELS_AT_MOST: usize = 4;

/// What can be expanded on an object.
fn expandable(object: &str) -> &'static [&'static str] {
    match object {
        "customer" => &[
            "discount.source.coupon",
            "discount.source.coupon.applies_to",
            "discount.source.coupon.currency_options",
        ],
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
            "payments",
            "total_discount_amounts.discount",
            "total_discount_amounts.discount.source.coupon",
        ],
        "line_item" => &["discounts", "discounts.source.coupon", "pricing.price_details.price"],
        "subscription" => &[
            "customer",
            "discounts",
            "discounts.source.coupon",
            "discounts.source.coupon.applies_to",
            "discounts.source.coupon.currency_options",
            "items.data.discounts",
            "items.data.discounts.source.coupon",
            "items.data.price.currency_options",
            "items.data.price.product",
            "items.data.price.tiers",
            "latest_invoice",
            "latest_invoice.discounts",
            "latest_invoice.payments",
        ],
        "subscription_item" => &[
            "discounts",
            "discounts.source.coupon",
            "discounts.source.coupon.applies_to",
            "discounts.source.coupon.currency_options",
            "price.currency_options",
            "price.product",
            "price.tiers",
        ],
        "credit_note" => &["customer", "invoice"],
        _ => &[],
    }
}

/// A price's tiers in another currency, or in none that is named.
fn is_of_tiers(object: &str, path: &str) -> bool {
    let inner = path.strip_prefix("currency_options.").filter(|_| object == "price");
    inner.is_some_and(|inner| inner == "tiers" || inner.strip_suffix(".tiers").is_some_and(|code| code.len() == 3))
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
                .map(|inner| old::path_of_today(inner, query))
                .filter(|inner| expandable(object).contains(&inner.as_ref()) || is_of_tiers(object, inner))
                .ok_or_else(|| {
                    let message = format!("This property cannot be expanded ({path}).");
                    Refusal::invalid("expand", &message)
                })?;
            paths.push(known.into_owned());
        }
        // A parent must be in place before what is inside it.
        paths.sort_by_key(String::len);
        Ok(Self { paths })
    }

    /// The object as it is served.
    pub(crate) fn apply(&self, world: &World, object: Json) -> Json {
        let mut object = embed(object);
        for path in &self.paths {
            expand(world, &mut object, path);
        }
        object
    }
}

fn expand(world: &World, value: &mut Json, path: &str) {
    if let Json::Array(entries) = value {
        for entry in entries {
            expand(world, entry, path);
        }
        return;
    }
    if let Json::Text(id) = value
        && let Some(object) = world.find_any(id)
    {
        *value = embed(object);
    }
    let (name, rest) = path.split_once('.').unwrap_or((path, ""));
    if name.is_empty() {
        return;
    }
    if value["object"] == "discount" && name == "source" && world.has_lost_its_coupon(value) {
        let coupon = &mut value["source"]["coupon"];
        if coupon.as_str().is_some() {
            *coupon = json!({"id": coupon.take(), "object": "coupon", "deleted": true});
        }
        return;
    }
    let asked = match name {
        "currency_options" => currency_options(world, value, rest),
        _ => on_demand(world, value, name),
    };
    let Some(fields) = value.as_object_mut() else {
        return;
    };
    if let Some(asked) = asked {
        *fields.entry(Cow::Owned(name.to_owned())) = asked;
    } else if let Some(inner) = fields.get_mut(name) {
        expand(world, inner, rest);
    }
}

/// What a price or a coupon is in other currencies: without tiers, but for the currency that the path names.
fn currency_options(world: &World, value: &Json, path: &str) -> Option<Json> {
    let full = world.find_any(value["id"].as_str()?)?.get("currency_options")?.clone();
    let Json::Object(full) = full else { return None };
    let before = &value["currency_options"];
    let options = full.into_iter().map(|(currency, mut option)| {
        let is_named = path.strip_suffix(".tiers") == Some(&currency);
        let is_here = before.at(&[&currency, "tiers"]) != &Json::Null;
        if let Some(fields) = option.as_object_mut().filter(|_| !is_named && !is_here) {
            fields.remove("tiers");
        }
        (currency, option)
    });
    Some(Json::Object(options.collect()))
}

/// A field that is served only when it is asked for.
fn on_demand(world: &World, value: &Json, name: &str) -> Option<Json> {
    if name == "payments" {
        return Some(World::payments(value));
    }
    if !ON_DEMAND.contains(&name) {
        return None;
    }
    let full = world.find_any(value["id"].as_str()?)?;
    full.get(name).cloned()
}
