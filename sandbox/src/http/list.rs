//! Lists: which filters each knows, what it shows by default, and its pages.

use crate::json::{Json, json};

use super::error::Refusal;
use super::expand::Expansion;
use super::query::Query;
use super::route;
use crate::world::{Condition, EVENT_LIFETIME_SECONDS, Extent, Kind, Selection, Start, World};

/// The parameters every list knows.
pub(crate) const PAGING: [&str; 4] = ["limit", "starting_after", "ending_before", "expand["];
const TYPES_AT_MOST: usize = 20;
const SUBSCRIPTION_STATUSES: [&str; 10] = [
    "incomplete",
    "incomplete_expired",
    "trialing",
    "active",
    "past_due",
    "canceled",
    "unpaid",
    "paused",
    "all",
    "ended",
];
const INVOICE_STATUSES: [&str; 5] = ["draft", "open", "paid", "uncollectible", "void"];
const METHODS: [&str; 2] = ["charge_automatically", "send_invoice"];

/// The fields a list can be filtered by for an exact value.
fn filters(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Customer => &["email"],
        Kind::Product => &["active", "type", "url"],
        Kind::Price => &["active", "currency", "product", "type"],
        Kind::Coupon => &[],
        Kind::Invoice => &["status", "collection_method", "customer", "subscription"],
        Kind::Subscription => &["status", "collection_method", "customer"],
        Kind::CreditNote => &["customer", "invoice"],
        Kind::Refund => &["charge", "payment_intent"],
        Kind::Event => &["type", "delivery_success"],
    }
}

fn known_parameters(kind: Kind) -> Vec<&'static str> {
    let arrays: &[&str] = match kind {
        Kind::Product => &["ids["],
        Kind::Price => &["lookup_keys["],
        Kind::Event => &["types["],
        _ => &[],
    };
    [&PAGING[..], &["created", "created["], filters(kind), arrays].concat()
}

fn condition(field: &'static str, wanted: &[&str]) -> Condition {
    let wanted = wanted.iter().map(|value| (*value).to_owned()).collect();
    Condition {
        field,
        wanted,
        not: false,
    }
}

/// Refuses a value that is not among those the filter knows.
fn check(kind: Kind, field: &str, value: &str) -> Result<(), Refusal> {
    let known: &[&str] = match (kind, field) {
        (Kind::Invoice, "status") => &INVOICE_STATUSES,
        (Kind::Subscription, "status") => &SUBSCRIPTION_STATUSES,
        (_, "collection_method") => &METHODS,
        (_, "active" | "delivery_success") => &["true", "false"],
        _ => return Ok(()),
    };
    if known.contains(&value) {
        return Ok(());
    }
    let message = format!("Invalid {field}: must be one of {}", known.join(", "));
    Err(Refusal::invalid(field, &message))
}

fn status_condition(status: Option<&str>) -> Option<Condition> {
    match status {
        Some("all") => None,
        Some("ended") => Some(condition("status", &["canceled", "incomplete_expired"])),
        Some(status) => Some(condition("status", &[status])),
        None => Some(Condition {
            not: true,
            ..condition("status", &["canceled"])
        }),
    }
}

/// What a request asks a list for.
fn select(world: &World, kind: Kind, query: &Query) -> Result<Selection, Refusal> {
    query.allow(&known_parameters(kind))?;
    let mut conditions = Vec::new();
    for field in filters(kind) {
        let value = query.find(field);
        if let Some(value) = value {
            check(kind, field, value)?;
        }
        match (kind, *field, value) {
            (Kind::Subscription, "status", status) => conditions.extend(status_condition(status)),
            (Kind::Price, "active", None) => conditions.push(condition(field, &["true"])),
            (_, field, Some(value)) => conditions.push(condition(field, &[value])),
            (_, _, None) => {}
        }
    }
    for (name, field) in [("ids", "id"), ("lookup_keys", "lookup_key"), ("types", "type")] {
        let wanted = query.all(name);
        if name == "types" && wanted.len() > TYPES_AT_MOST {
            let message = format!("Invalid array: at most {TYPES_AT_MOST} types may be given");
            return Err(Refusal::invalid(name, &message));
        }
        if !wanted.is_empty() {
            conditions.push(condition(field, &wanted));
        }
    }
    let (mut since, until) = query.created()?;
    if kind == Kind::Event {
        since = since.max(world.now() - EVENT_LIFETIME_SECONDS);
    }
    Ok(Selection {
        kind,
        conditions,
        since,
        until,
    })
}

/// How many entries a page may have.
pub(crate) fn limit(query: &Query) -> Result<usize, Refusal> {
    let limit = query.integer("limit")?.unwrap_or(10);
    usize::try_from(limit)
        .ok()
        .filter(|limit| (1..=100).contains(limit))
        .ok_or_else(|| Refusal::invalid("limit", "This value must be between 1 and 100."))
}

/// The cursor of a request: the parameter's name and the id.
pub(crate) fn cursor(query: &Query) -> Result<Option<(&'static str, &str)>, Refusal> {
    match (query.find("starting_after"), query.find("ending_before")) {
        (Some(_), Some(_)) => Err(Refusal::invalid(
            "ending_before",
            "You may only specify one of these parameters: starting_after, ending_before.",
        )),
        (Some(id), None) => Ok(Some(("starting_after", id))),
        (None, Some(id)) => Ok(Some(("ending_before", id))),
        (None, None) => Ok(None),
    }
}

/// A page of a kind's list.
pub(crate) fn page(world: &World, kind: Kind, query: &Query) -> Result<Json, Refusal> {
    let selection = select(world, kind, query)?;
    let expansion = Expansion::of_list(kind.object(), query)?;
    let limit = limit(query)?;
    let start = match cursor(query)? {
        None => Start::Newest,
        Some((param, id)) => {
            let place = world
                .resolve(kind, id)
                .and_then(|index| world.place(&selection, index))
                .ok_or_else(|| Refusal::missing(400, kind.object(), param, id))?;
            if param == "starting_after" {
                Start::After(place)
            } else {
                Start::Before(place)
            }
        }
    };
    let (indexes, has_more) = world.page(&selection, start, limit);
    let data: Vec<Json> = indexes
        .into_iter()
        .filter_map(|index| match world.poisoned(kind, index) {
            Some(poison) => Some(poison),
            None => world
                .standing_at(kind, index, Extent::Embedded)
                .map(|object| expansion.apply(world, object)),
        })
        .collect();
    Ok(json!({"object": "list", "data": data, "has_more": has_more, "url": route::list_url(kind)}))
}

/// A page of entries that are all at hand, such as an invoice's lines.
pub(crate) fn page_of(
    world: &World,
    mut entries: Vec<Json>,
    object: &str,
    url: &str,
    query: &Query,
) -> Result<Json, Refusal> {
    let expansion = Expansion::of_list(object, query)?;
    let limit = limit(query)?;
    let mut first = 0;
    if let Some((param, id)) = cursor(query)? {
        let place = entries
            .iter()
            .position(|entry| entry["id"] == id)
            .ok_or_else(|| Refusal::missing(400, object, param, id))?;
        if param == "starting_after" {
            first = place + 1;
        } else {
            entries.truncate(place);
            first = place.saturating_sub(limit);
        }
    }
    let backwards = query.find("ending_before").is_some();
    let has_more = if backwards {
        first > 0
    } else {
        entries.len() > first + limit
    };
    let data: Vec<Json> = entries
        .into_iter()
        .skip(first)
        .take(limit)
        .map(|entry| expansion.apply(world, entry))
        .collect();
    Ok(json!({"object": "list", "data": data, "has_more": has_more, "url": url}))
}
