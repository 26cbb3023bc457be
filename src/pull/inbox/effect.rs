//! What an event tells of: which objects, and whether it tells their state, their end, or only that something is different.

use entity::kind::StripeKind;
use serde_json::Value;

use super::event::{Content, Event};
use crate::store::SourceKey;
use crate::stripe::object::is_id;

/// The event types that are asked for at each look. Stripe takes twenty in one request at most; the others come by webhook, and
/// what they tell is found by the next reconcile. With `customer.subscription.resumed` comes an `updated`, for the status is another.
pub const EVENT_TYPES: [&str; 20] = [
    "customer.created",
    "customer.updated",
    "customer.deleted",
    "customer.discount.created",
    "customer.discount.updated",
    "customer.discount.deleted",
    "product.created",
    "product.updated",
    "product.deleted",
    "price.created",
    "price.updated",
    "customer.subscription.created",
    "customer.subscription.updated",
    "customer.subscription.deleted",
    "customer.subscription.paused",
    "invoice.paid",
    "invoice.updated",
    "credit_note.created",
    "credit_note.voided",
    "refund.created",
];

/// What an event tells of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Effect {
    /// Its state is the event's payload.
    State(SourceKey),
    /// It was deleted: the type says so, whatever the payload looks like.
    Deleted(SourceKey),
    /// Something about it is different.
    Look(SourceKey),
    /// The same, and no matter where it is not here.
    LookIfHere(SourceKey),
    /// All subscriptions of a customer ended with it.
    SubscriptionsOf(String),
    /// What the account says of itself is different.
    Account,
    /// Objects went without a word of their own.
    Relist,
}

/// What `event` tells; nothing where its type means nothing here or the id is missing.
pub(super) fn effects(event: &Event) -> Vec<Effect> {
    let told = match &event.content {
        Content::Snapshot { object, .. } => of_snapshot(&event.name, object),
        Content::Thin { object_type, object_id } => of_thin(&event.name, object_type, object_id),
    };
    told.into_iter().flatten().collect()
}

/// Whether events of this type mean something here.
pub(super) fn is_known(name: &str) -> bool {
    let probe = serde_json::json!({"id": "x", "customer": "x", "subscription": "x", "invoice": "x"});
    !of_snapshot(name, &probe)
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .is_empty()
}

/// Whether an event of this type brings in an invoice that no window holds.
pub(super) fn brings_in(name: &str) -> bool {
    matches!(name, "invoice.paid" | "invoice.payment_succeeded")
}

type Effects = [Option<Effect>; 3];

fn of_snapshot(name: &str, object: &Value) -> Effects {
    let Some((family, verb)) = name.rsplit_once('.') else {
        return [const { None }; 3];
    };
    let named = |kind, field: &str| id_at(&object[field]).map(|id| (kind, id));
    // A type of later times may carry an object of another kind.
    let is_of = |kind: StripeKind| object["object"].as_str().is_none_or(|name| name == kind.object_name());
    let own = |kind| named(kind, "id").filter(|_| is_of(kind));
    let own_state = |kind| {
        let key = own(kind)?;
        Some(if verb == "deleted" {
            Effect::Deleted(key)
        } else {
            Effect::State(key)
        })
    };
    match family {
        "customer" if verb == "deleted" => [
            own_state(StripeKind::Customer),
            own(StripeKind::Customer).map(|(_, id)| Effect::SubscriptionsOf(id)),
            None,
        ],
        "customer" => [own_state(StripeKind::Customer), None, None],
        "product" => [own_state(StripeKind::Product), None, None],
        "price" => [own_state(StripeKind::Price), None, None],
        "coupon" => [own_state(StripeKind::Coupon), None, None],
        // A subscription never disappears: "deleted" is its status canceled.
        "customer.subscription" => [own(StripeKind::Subscription).map(Effect::State), None, None],
        "subscription_schedule" => [
            named(StripeKind::Subscription, "subscription").map(Effect::Look),
            None,
            None,
        ],
        // A discount cannot be read by its id: it is part of what it is on.
        "customer.discount" => [
            named(StripeKind::Customer, "customer").map(Effect::Look),
            named(StripeKind::Subscription, "subscription").map(Effect::Look),
            None,
        ],
        "invoice" if is_of_no_business(name) => [const { None }; 3],
        "invoice" => [own_state(StripeKind::Invoice), None, None],
        "invoice_payment" | "invoiceitem" => [
            named(StripeKind::Invoice, "invoice").map(Effect::LookIfHere),
            None,
            None,
        ],
        "credit_note" => [
            own_state(StripeKind::CreditNote),
            named(StripeKind::Invoice, "invoice").map(Effect::LookIfHere),
            None,
        ],
        "refund" | "charge.refund" => [own(StripeKind::Refund).map(Effect::Look), None, None],
        "account" if verb == "updated" => [Some(Effect::Account), None, None],
        "test_helpers.test_clock" if verb == "deleted" => [Some(Effect::Relist), None, None],
        _ => [const { None }; 3],
    }
}

/// Stripe's word for a kind, in its objects' `object`.
fn of_thin(name: &str, object_type: &str, object_id: &str) -> Effects {
    let kind = match object_type.rsplit('.').next() {
        Some("customer") => StripeKind::Customer,
        Some("product") => StripeKind::Product,
        Some("price") => StripeKind::Price,
        Some("coupon") => StripeKind::Coupon,
        Some("subscription") => StripeKind::Subscription,
        Some("invoice") if is_of_no_business(name) => return [const { None }; 3],
        Some("invoice") => StripeKind::Invoice,
        Some("credit_note") => StripeKind::CreditNote,
        Some("refund") => StripeKind::Refund,
        Some("account") if name == "account.updated" => return [Some(Effect::Account), None, None],
        Some("test_clock") if name.ends_with(".deleted") => return [Some(Effect::Relist), None, None],
        _ => return [const { None }; 3],
    };
    if !is_id(object_id) {
        return [const { None }; 3];
    }
    let key = (kind, object_id.to_owned());
    let is_end = name.ends_with(".deleted") && kind != StripeKind::Subscription;
    [
        Some(if is_end {
            Effect::Deleted(key)
        } else {
            Effect::Look(key)
        }),
        (is_end && kind == StripeKind::Customer).then(|| Effect::SubscriptionsOf(object_id.to_owned())),
        None,
    ]
}

/// A preview of an invoice, without an id; and drafts.
fn is_of_no_business(name: &str) -> bool {
    matches!(name, "invoice.upcoming" | "invoice.created")
}

fn id_at(value: &Value) -> Option<String> {
    let id = value.as_str().or_else(|| value["id"].as_str())?;
    is_id(id).then(|| id.to_owned())
}

#[cfg(test)]
mod tests;
