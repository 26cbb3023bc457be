//! The table of types.

use serde_json::json;

use super::*;

fn told(name: &str, object: &Value) -> Vec<Effect> {
    of_snapshot(name, object).into_iter().flatten().collect()
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn every_type_has_its_effect() {
    let key = |kind, id: &str| (kind, id.to_owned());
    let (customer, subscription) = (
        key(StripeKind::Customer, "cus_1"),
        key(StripeKind::Subscription, "sub_1"),
    );
    let invoice = key(StripeKind::Invoice, "in_1");
    for (name, object, effects) in [
        (
            "customer.subscription.updated",
            json!({"id": "sub_1"}),
            vec![Effect::State(subscription.clone())],
        ),
        (
            "customer.subscription.deleted",
            json!({"id": "sub_1"}),
            vec![Effect::State(subscription.clone())],
        ),
        (
            "customer.deleted",
            json!({"id": "cus_1", "deleted": true}),
            vec![
                Effect::Deleted(customer.clone()),
                Effect::SubscriptionsOf("cus_1".to_owned()),
            ],
        ),
        (
            "customer.discount.created",
            json!({"id": "di_1", "customer": "cus_1", "subscription": null}),
            vec![Effect::Look(customer.clone())],
        ),
        (
            "customer.discount.deleted",
            json!({"customer": {"id": "cus_1"}, "subscription": "sub_1"}),
            vec![Effect::Look(customer), Effect::Look(subscription.clone())],
        ),
        (
            "subscription_schedule.released",
            json!({"id": "s", "subscription": "sub_1"}),
            vec![Effect::Look(subscription)],
        ),
        (
            "price.deleted",
            json!({"id": "p"}),
            vec![Effect::Deleted(key(StripeKind::Price, "p"))],
        ),
        (
            "product.deleted",
            json!({"id": "p"}),
            vec![Effect::Deleted(key(StripeKind::Product, "p"))],
        ),
        (
            "coupon.updated",
            json!({"id": "c"}),
            vec![Effect::State(key(StripeKind::Coupon, "c"))],
        ),
        (
            "invoice.overpaid",
            json!({"id": "in_1"}),
            vec![Effect::State(invoice.clone())],
        ),
        (
            "invoice.deleted",
            json!({"id": "in_1"}),
            vec![Effect::Deleted(invoice.clone())],
        ),
        (
            "invoice_payment.paid",
            json!({"id": "i", "invoice": "in_1"}),
            vec![Effect::LookIfHere(invoice.clone())],
        ),
        (
            "credit_note.voided",
            json!({"id": "cn", "invoice": "in_1"}),
            vec![
                Effect::State(key(StripeKind::CreditNote, "cn")),
                Effect::LookIfHere(invoice),
            ],
        ),
        (
            "test_helpers.test_clock.deleted",
            json!({"id": "clock_1"}),
            vec![Effect::Relist],
        ),
        ("invoice.upcoming", json!({"object": "invoice"}), vec![]),
        ("invoice.created", json!({"id": "in_1"}), vec![]),
        ("customer.updated", json!({"name": "without an id"}), vec![]),
        ("customer.updated", json!({"id": "cus_\0"}), vec![]),
        ("customer.updated", json!({"id": ".."}), vec![]),
        (
            "customer.of_later_times",
            json!({"id": "cbtxn_1", "object": "customer_balance_transaction"}),
            vec![],
        ),
        ("customer.deleted", json!({"id": "in_1", "object": "invoice"}), vec![]),
        ("plan.created", json!({"id": "plan_1"}), vec![]),
        ("something.new", json!({"id": "x"}), vec![]),
        ("nonsense", json!({"id": "x"}), vec![]),
    ] {
        assert_eq!(told(name, &object), effects, "{name}");
    }
}

#[test]
fn every_type_that_is_asked_for_is_understood() {
    assert!(EVENT_TYPES.into_iter().all(is_known));
    assert!(!is_known("charge.refunded") && !is_known("invoice.created"));
}

#[test]
fn a_thin_event_is_a_hint_or_an_end() {
    let all = |name, object_type, id| of_thin(name, object_type, id).into_iter().flatten().collect::<Vec<_>>();
    let told = |name, object_type| all(name, object_type, "x").pop();
    let key = |kind| (kind, "x".to_owned());
    assert_eq!(
        told("invoice.paid", "invoice"),
        Some(Effect::Look(key(StripeKind::Invoice)))
    );
    assert_eq!(
        told("product.deleted", "product"),
        Some(Effect::Deleted(key(StripeKind::Product)))
    );
    assert_eq!(
        all("customer.deleted", "customer", "x"),
        [
            Effect::Deleted(key(StripeKind::Customer)),
            Effect::SubscriptionsOf("x".to_owned())
        ]
    );
    assert_eq!(
        told("customer.subscription.deleted", "billing.subscription"),
        Some(Effect::Look(key(StripeKind::Subscription)))
    );
    assert_eq!(told("charge.refunded", "charge"), None);
    assert_eq!(told("invoice.created", "invoice"), None);
    assert!(all("customer.updated", "customer", "x\0").is_empty());
}
