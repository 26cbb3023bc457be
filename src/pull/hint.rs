//! What an event tells: which objects to look at, nothing more.

use entity::kind::StripeKind;
use serde_json::Value;

use crate::store::SourceKey;

/// An object to look at.
pub(super) type Hint = SourceKey;

/// The event types that matter here. Stripe takes twenty in one request at most.
pub(super) const EVENT_TYPES: [&str; 20] = [
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
    "customer.subscription.resumed",
    "invoice.paid",
    "invoice.updated",
    "credit_note.created",
    "credit_note.voided",
];

/// The objects that an event of `event_type` about `object` tells of. Nothing where the type is not known or the id is missing.
pub(super) fn read(event_type: &str, object: &Value) -> Vec<Hint> {
    let named = |kind, field: &str| {
        let at = &object[field];
        let id = at.as_str().or_else(|| at["id"].as_str()).filter(|id| !id.is_empty());
        id.map(|id| (kind, id.to_owned()))
    };
    let found = match kind_of(event_type) {
        // A discount's own id cannot be fetched: it is part of the customer or the subscription.
        None if event_type.starts_with("customer.discount.") => [
            named(StripeKind::Customer, "customer"),
            named(StripeKind::Subscription, "subscription"),
        ],
        None => [None, None],
        // A deleted customer's subscriptions are canceled with it, and say so themselves.
        Some(kind) => [named(kind, "id"), None],
    };
    found.into_iter().flatten().collect()
}

fn kind_of(event_type: &str) -> Option<StripeKind> {
    let (family, _) = event_type.rsplit_once('.')?;
    match family {
        "customer" => Some(StripeKind::Customer),
        "customer.subscription" => Some(StripeKind::Subscription),
        "product" => Some(StripeKind::Product),
        "price" => Some(StripeKind::Price),
        "invoice" => Some(StripeKind::Invoice),
        "credit_note" => Some(StripeKind::CreditNote),
        _ => None,
    }
}

/// Whether an event of this type brings an object in that is not here yet and that no window holds.
pub(super) fn brings_in(event_type: &str) -> bool {
    matches!(event_type, "invoice.paid" | "invoice.payment_succeeded")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_the_objects_to_look_at() {
        let subscription = (StripeKind::Subscription, "sub_1".to_owned());
        let customer = (StripeKind::Customer, "cus_1".to_owned());
        for (event_type, object, hints) in [
            (
                "customer.subscription.updated",
                json!({"id": "sub_1"}),
                vec![subscription.clone()],
            ),
            (
                "customer.deleted",
                json!({"id": "cus_1", "deleted": true}),
                vec![customer.clone()],
            ),
            (
                "customer.discount.created",
                json!({"id": "di_1", "customer": "cus_1", "subscription": null}),
                vec![customer.clone()],
            ),
            (
                "customer.discount.deleted",
                json!({"customer": {"id": "cus_1"}, "subscription": "sub_1"}),
                vec![customer, subscription],
            ),
            ("invoice.upcoming", json!({"object": "invoice"}), vec![]),
            ("plan.created", json!({"id": "plan_1"}), vec![]),
            ("something.new", json!({"id": "x"}), vec![]),
            ("nonsense", json!({"id": "x"}), vec![]),
        ] {
            assert_eq!(read(event_type, &object), hints, "{event_type}");
        }
    }

    #[test]
    fn every_type_that_is_asked_for_is_understood() {
        let object = json!({"id": "x", "customer": "cus_1"});
        assert!(
            EVENT_TYPES
                .iter()
                .all(|event_type| !read(event_type, &object).is_empty())
        );
    }
}
