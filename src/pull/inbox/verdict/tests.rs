//! The table of the decision.

use serde_json::json;

use super::*;

const TODAY: Option<&str> = Some("2026-10-28.endive");
/// A read at second 1000 that took no time: held between 999 and 1001.
const STORED: Seen = Seen {
    min_ms: 999_000,
    max_ms: 1_001_000,
};
const HERE: Here = Here {
    stored: Some(STORED),
    events_from: 500,
    window_start: 400,
    keeps_owed: false,
    unsettled_from: None,
};
const NOT_HERE: Here = Here { stored: None, ..HERE };

fn telling(kind: StripeKind, created: i64, told: Told<'_>) -> Telling<'_> {
    Telling {
        kind,
        created,
        told,
        contested: false,
        brings_in: false,
    }
}

#[test]
fn by_time() {
    let customer = json!({"id": "cus_1", "name": "Ada"});
    let slow = Here {
        stored: Some(Seen {
            min_ms: 939_000,
            max_ms: 1_001_000,
        }),
        ..HERE
    };
    let by_event = Here {
        stored: Some(Seen::of_event(1_000)),
        ..HERE
    };
    for (shows, created, here, verdict) in [
        ("newer", 1_002, HERE, Verdict::Believe),
        ("in the last second of the bounds", 1_001, HERE, Verdict::Read),
        ("inside the bounds", 1_000, HERE, Verdict::Read),
        ("shortly before them", 990, HERE, Verdict::Read),
        ("older", 988, HERE, Verdict::Drop),
        ("a slow read whose Date was stamped late", 945, slow, Verdict::Read),
        ("long before a slow read", 928, slow, Verdict::Drop),
        ("after an event", 1_001, by_event, Verdict::Believe),
        ("in the second of an event", 1_000, by_event, Verdict::Read),
        ("not here, and after the first import", 500, NOT_HERE, Verdict::Believe),
        ("not here, and before the first import", 499, NOT_HERE, Verdict::Read),
    ] {
        let told = telling(StripeKind::Customer, created, Told::State(&customer, TODAY));
        assert_eq!(judge(&told, here), verdict, "{shows}");
        let contested = Telling {
            contested: true,
            ..told
        };
        let verdict = if verdict == Verdict::Believe {
            Verdict::Read
        } else {
            verdict
        };
        assert_eq!(
            judge(&contested, here),
            verdict,
            "{shows}, and told otherwise in the same second"
        );
        let deleted = telling(StripeKind::Customer, created, Told::Deleted);
        let expected = judge(&told, here);
        assert_eq!(
            judge(&deleted, here),
            expected,
            "{shows}: a deletion is a state like others"
        );
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn by_what_the_payload_lacks() {
    let lines = |has_more: bool| json!({"id": "in_1", "status": "paid", "created": 900, "discounts": [], "lines": {"data": [{}], "has_more": has_more}});
    let items = |discounts: Value| json!({"id": "sub_1", "discounts": [], "items": {"data": [{"discounts": discounts}], "has_more": false}});
    let customer = json!({"id": "cus_1"});
    for (shows, kind, object, version, verdict) in [
        ("whole", StripeKind::Customer, customer.clone(), TODAY, Verdict::Believe),
        (
            "the first version of this shape",
            StripeKind::Customer,
            customer.clone(),
            Some("2025-12-15.clover"),
            Verdict::Believe,
        ),
        (
            "too old a version",
            StripeKind::Customer,
            customer.clone(),
            Some("2025-11-17.clover"),
            Verdict::Read,
        ),
        (
            "a very old version",
            StripeKind::Customer,
            customer.clone(),
            Some("2020-03-02"),
            Verdict::Read,
        ),
        ("no version", StripeKind::Customer, customer, None, Verdict::Read),
        (
            "a stub where a state should be",
            StripeKind::Customer,
            json!({"id": "cus_1", "deleted": true}),
            TODAY,
            Verdict::Read,
        ),
        ("all lines", StripeKind::Invoice, lines(false), TODAY, Verdict::Believe),
        (
            "more lines elsewhere",
            StripeKind::Invoice,
            lines(true),
            TODAY,
            Verdict::Read,
        ),
        (
            "discounts by id",
            StripeKind::Invoice,
            json!({"id": "in_1", "status": "paid", "discounts": ["di_1"]}),
            TODAY,
            Verdict::Read,
        ),
        (
            "no discounts",
            StripeKind::Subscription,
            items(json!([])),
            TODAY,
            Verdict::Believe,
        ),
        (
            "an item's discounts by id",
            StripeKind::Subscription,
            items(json!(["di_1"])),
            TODAY,
            Verdict::Read,
        ),
        (
            "no items at all",
            StripeKind::Subscription,
            json!({"id": "sub_1"}),
            TODAY,
            Verdict::Read,
        ),
        (
            "a price: tiers come by expansion only",
            StripeKind::Price,
            json!({"id": "price_1"}),
            TODAY,
            Verdict::Read,
        ),
        (
            "a coupon: so do its products",
            StripeKind::Coupon,
            json!({"id": "coupon_1"}),
            TODAY,
            Verdict::Read,
        ),
    ] {
        let told = telling(kind, 2_000, Told::State(&object, version));
        assert_eq!(judge(&told, HERE), verdict, "{shows}");
    }
}

#[test]
fn a_hint_is_read_and_an_old_one_is_not() {
    for (shows, created, told, here, verdict) in [
        ("newer", 2_000, Told::Hint, HERE, Verdict::Read),
        ("older", 900, Told::Hint, HERE, Verdict::Drop),
        ("not here", 2_000, Told::Hint, NOT_HERE, Verdict::Read),
        ("here", 2_000, Told::HintIfHere, HERE, Verdict::Read),
        (
            "not here, and no matter",
            2_000,
            Told::HintIfHere,
            NOT_HERE,
            Verdict::Drop,
        ),
    ] {
        assert_eq!(
            judge(&telling(StripeKind::Invoice, created, told), here),
            verdict,
            "{shows}"
        );
    }
}

#[test]
fn a_sent_invoice_of_a_subscription_counts_while_it_is_to_be_paid() {
    let invoice = |status: &str, method: &str, subscription: Option<&str>| {
        json!({
            "id": "in_1", "status": status, "created": 1, "collection_method": method, "discounts": [],
            "parent": {"subscription_details": {"subscription": subscription}},
        })
    };
    let keeps = Here {
        keeps_owed: true,
        ..NOT_HERE
    };
    for (object, verdict) in [
        (invoice("open", "send_invoice", Some("sub_1")), Verdict::Believe),
        (
            invoice("uncollectible", "send_invoice", Some("sub_1")),
            Verdict::Believe,
        ),
        (invoice("draft", "send_invoice", Some("sub_1")), Verdict::Drop),
        (invoice("void", "send_invoice", Some("sub_1")), Verdict::Drop),
        (invoice("open", "charge_automatically", Some("sub_1")), Verdict::Drop),
        (invoice("open", "send_invoice", None), Verdict::Drop),
    ] {
        let told = telling(StripeKind::Invoice, 2_000, Told::State(&object, TODAY));
        assert_eq!(judge(&told, keeps), verdict, "{object}");
        assert_eq!(judge(&told, NOT_HERE), Verdict::Drop, "{object}");
    }
}

#[test]
fn invoices_that_are_not_here_come_in_when_they_are_paid() {
    let invoice = |status: &str, created: i64, paid_at: Option<i64>| json!({"id": "in_1", "status": status, "created": created, "status_transitions": {"paid_at": paid_at}, "discounts": []});
    for (shows, object, brings_in, verdict) in [
        ("open", invoice("open", 900, None), false, Verdict::Drop),
        (
            "paid, created in the window",
            invoice("paid", 400, Some(2_000)),
            false,
            Verdict::Believe,
        ),
        (
            "paid in the window",
            invoice("paid", 1, Some(400)),
            false,
            Verdict::Believe,
        ),
        (
            "paid before the window",
            invoice("paid", 1, Some(399)),
            false,
            Verdict::Drop,
        ),
        (
            "paid before the window, and told by invoice.paid",
            invoice("paid", 1, Some(399)),
            true,
            Verdict::Believe,
        ),
        (
            "open, and told by invoice.paid",
            invoice("open", 1, None),
            true,
            Verdict::Drop,
        ),
    ] {
        let told = Telling {
            brings_in,
            ..telling(StripeKind::Invoice, 2_000, Told::State(&object, TODAY))
        };
        assert_eq!(judge(&told, NOT_HERE), verdict, "{shows}");
        assert_ne!(
            judge(&told, HERE),
            Verdict::Drop,
            "{shows}, and here: it is never out of scope again"
        );
    }
    let gone = telling(StripeKind::Invoice, 2_000, Told::Deleted);
    assert_eq!(judge(&gone, NOT_HERE), Verdict::Drop, "a draft that was deleted");
}

#[test]
fn of_the_other_mode_or_another_account() {
    let ours = (false, Some("acct_1"));
    for (shows, theirs, outcome) in [
        ("ours", (Some(false), Some("acct_1")), None),
        ("untold", (None, None), None),
        (
            "the other mode",
            (Some(true), Some("acct_1")),
            Some(EventOutcome::WrongMode),
        ),
        (
            "another account",
            (Some(false), Some("acct_2")),
            Some(EventOutcome::WrongAccount),
        ),
    ] {
        assert_eq!(refuses(theirs, ours), outcome, "{shows}");
    }
    assert_eq!(
        refuses((Some(false), Some("acct_2")), (false, None)),
        None,
        "our account may be unknown"
    );
}
