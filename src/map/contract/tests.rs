//! Cases of the contract mapping, told in Stripe's JSON.

use entity::kind::{LineKind, StripeKind};
use serde_json::{Value, json};

use super::{Before, ContractDraft, ContractRules, Moment, from_invoice, from_subscription};
use crate::map::{MapError, Mapped, Refs, SkipReason};

/// 2026-10-21T14:13:20Z
const NOW: i64 = 1_792_592_000;
const DAY: i64 = 86_400;

fn moment() -> Moment<'static> {
    static RULES: std::sync::LazyLock<ContractRules> = std::sync::LazyLock::new(ContractRules::default);
    Moment {
        rules: &RULES,
        as_of: NOW,
        past_due_since: None,
    }
}

fn monthly() -> Value {
    json!({"interval": "month", "interval_count": 1, "usage_type": "licensed"})
}

fn refs() -> Refs {
    let mut refs = Refs::default();
    let price =
        json!({"id": "price_m", "currency": "usd", "unit_amount": 2000, "recurring": monthly(), "product": "prod_1"});
    refs.insert(StripeKind::Price, "price_m".into(), &price, false);
    let once = json!({"id": "price_o", "currency": "usd", "unit_amount": 500, "recurring": null, "product": "prod_1"});
    refs.insert(StripeKind::Price, "price_o".into(), &once, false);
    refs.insert(
        StripeKind::Product,
        "prod_1".into(),
        &json!({"id": "prod_1", "name": "Team"}),
        false,
    );
    for (id, coupon) in [
        ("TEN", json!({"id": "TEN", "percent_off": 10, "duration": "forever"})),
        (
            "QUARTER",
            json!({"id": "QUARTER", "percent_off": 25.5, "duration": "repeating"}),
        ),
        (
            "FIVE",
            json!({"id": "FIVE", "amount_off": 500, "currency": "usd", "duration": "forever"}),
        ),
        (
            "EURO",
            json!({"id": "EURO", "amount_off": 500, "currency": "eur", "duration": "forever"}),
        ),
        ("ONCE", json!({"id": "ONCE", "percent_off": 50, "duration": "once"})),
        (
            "OTHER",
            json!({"id": "OTHER", "percent_off": 50, "duration": "forever", "applies_to": {"products": ["prod_2"]}}),
        ),
    ] {
        refs.insert(StripeKind::Coupon, id.into(), &coupon, false);
    }
    refs
}

/// An object with some members replaced.
fn with(mut object: Value, changes: Value) -> Value {
    if let (Some(object), Value::Object(changes)) = (object.as_object_mut(), changes) {
        object.extend(changes);
    }
    object
}

fn line(id: &str, amount: i64, price: &str, changes: Value) -> Value {
    let line = json!({
        "id": id, "amount": amount, "quantity": 1, "period": {"start": NOW, "end": NOW + 30 * DAY}, "taxes": [], "discount_amounts": [],
        "pretax_credit_amounts": [], "pricing": {"price_details": {"price": price, "product": "prod_1"}, "unit_amount_decimal": "2000"},
        "parent": {"subscription_item_details": {"proration": false}},
    });
    with(line, changes)
}

#[expect(clippy::needless_pass_by_value, reason = "cases read better so")]
fn invoice(total: i64, lines: Vec<Value>, changes: Value) -> Value {
    let invoice = json!({
        "id": "in_1", "status": "paid", "number": "A-1", "currency": "usd", "created": NOW, "effective_at": NOW, "customer": "cus_1",
        "status_transitions": {"paid_at": NOW + DAY}, "total": total, "amount_paid": total, "shipping_cost": null, "total_taxes": [],
        "lines": {"data": lines},
    });
    with(invoice, changes)
}

fn of_invoice(object: &Value) -> ContractDraft {
    match from_invoice(object, &refs(), &ContractRules::default(), None).unwrap() {
        Mapped::Record(draft) => draft,
        Mapped::Skipped(reason) => panic!("{reason:?}"),
    }
}

fn tax(amount: i64, behavior: &str) -> Value {
    json!([{"amount": amount, "tax_behavior": behavior}])
}

/// subtotal, discount, shipping, tax, total, delta
fn sums(draft: &ContractDraft) -> [i64; 6] {
    [
        draft.subtotal,
        draft.discount,
        draft.shipping,
        draft.tax,
        draft.total,
        draft.reconcile_delta.unwrap_or(i64::MIN),
    ]
}

#[test]
fn a_discounted_line_and_a_proration_with_negative_tax() {
    let proration =
        json!({"taxes": tax(-300, "exclusive"), "parent": {"subscription_item_details": {"proration": true}}});
    let regular = json!({
        "quantity": 3, "taxes": tax(1080, "exclusive"), "discount_amounts": [{"amount": 600, "discount": "di_1"}],
        "pretax_credit_amounts": [{"amount": 600, "type": "discount"}],
    });
    let lines = vec![
        line("il_2", -1500, "price_m", proration),
        line("il_1", 6000, "price_m", regular),
    ];
    let draft = of_invoice(&invoice(4680, lines, json!({"total_excluding_tax": 3900})));
    assert_eq!(sums(&draft), [4500, 600, 0, 780, 3900, 0]);
    assert!(draft.reconciled && draft.warnings.is_empty(), "{:?}", draft.warnings);
    assert_eq!(
        draft.lines.iter().map(|line| line.kind).collect::<Vec<_>>(),
        [LineKind::Proration, LineKind::Recurring]
    );
    assert_eq!((draft.name.as_str(), draft.currency.as_str()), ("Team", "USD"));
    assert_eq!(draft.booking_date.to_string(), "2026-10-22", "the day it was paid");
    assert_eq!(
        draft.term_start.unwrap().to_string(),
        "2026-10-21",
        "of the line that is no proration"
    );
    assert_eq!(draft.term_end.unwrap().to_string(), "2026-11-20");
}

#[test]
fn contained_tax_shipping_and_credit_grants() {
    let contained = json!({"taxes": tax(319, "inclusive"), "pretax_credit_amounts": [{"amount": 100, "type": "credit_balance_transaction"}]});
    let shipping = json!({"shipping_cost": {"amount_subtotal": 500, "amount_tax": 95, "amount_total": 595}});
    let draft = of_invoice(&invoice(2495, vec![line("il_1", 2000, "price_m", contained)], shipping));
    assert_eq!(sums(&draft), [2000, 100, 500, 414, 2081, 0]);
    assert_eq!(draft.lines[0].net, 2000 - 100 - 319);
}

#[test]
fn taxes_on_the_whole_only() {
    let taxes = json!({"total_taxes": [{"amount": 200, "tax_behavior": "exclusive"}, {"amount": 100, "tax_behavior": "inclusive"}]});
    let draft = of_invoice(&invoice(2200, vec![line("il_1", 2000, "price_m", json!({}))], taxes));
    assert_eq!(sums(&draft), [2000, 0, 0, 300, 1900, 0]);
}

#[test]
fn sums_that_do_not_add_up_are_shown() {
    let draft = of_invoice(&invoice(
        2005,
        vec![line("il_1", 2000, "price_m", json!({}))],
        json!({}),
    ));
    assert_eq!(
        (draft.reconcile_delta, draft.reconciled, draft.warnings.len()),
        (Some(5), false, 1)
    );
    let without_tax = json!({"total_excluding_tax": 1999});
    let draft = of_invoice(&invoice(
        2000,
        vec![line("il_1", 2000, "price_m", json!({}))],
        without_tax,
    ));
    assert_eq!((draft.reconcile_delta, draft.reconciled), (Some(0), false));
}

#[test]
fn kinds_of_lines_and_the_term_of_what_is_sold_once() {
    let by_hand = json!({"parent": {"invoice_item_details": {"proration": false}}});
    for (price, amount, expected) in [
        ("price_m", 2000, LineKind::Recurring),
        ("price_o", 500, LineKind::OneTime),
        ("price_o", -500, LineKind::Credit),
        ("price_unknown", 500, LineKind::OneTime),
    ] {
        let draft = of_invoice(&invoice(
            amount,
            vec![line("il_1", amount, price, by_hand.clone())],
            json!({}),
        ));
        assert_eq!(draft.lines[0].kind, expected, "{price} {amount}");
        assert_eq!(
            draft.pending.len(),
            usize::from(price == "price_unknown"),
            "{:?}",
            draft.pending
        );
    }
    let term = |changes: Value| {
        let draft = of_invoice(&invoice(
            500,
            vec![line("il_1", 500, "price_o", with(by_hand.clone(), changes))],
            json!({}),
        ));
        (
            draft.term_start.unwrap().to_string(),
            draft.term_end.unwrap().to_string(),
        )
    };
    let booked = || "2026-10-22".to_owned();
    assert_eq!(
        term(json!({"period": {"start": NOW, "end": NOW}})),
        (booked(), booked())
    );
    let own = ("2026-10-21".to_owned(), "2026-11-20".to_owned());
    assert_eq!(term(json!({})), own, "a period of its own");
}

#[test]
fn what_becomes_a_contract_and_what_stays_one() {
    let map = |object: &Value, zero: bool, is_record: bool| {
        from_invoice(
            object,
            &refs(),
            &ContractRules {
                import_zero_amount_invoices: zero,
                ..ContractRules::default()
            },
            is_record.then(Before::default),
        )
        .unwrap()
    };
    let open = invoice(5, vec![], json!({"status": "open"}));
    let nothing = invoice(0, vec![], json!({}));
    assert_eq!(map(&open, false, false), Mapped::Skipped(SkipReason::InvoiceNotPaid));
    assert_eq!(map(&nothing, false, false), Mapped::Skipped(SkipReason::ZeroAmount));
    assert!(matches!(map(&nothing, true, false), Mapped::Record(_)));
    let Mapped::Record(voided) = map(&invoice(0, vec![], json!({"status": "void"})), false, true) else {
        panic!("it was here")
    };
    assert_eq!(voided.source_status, "void");
    assert!(voided.warnings[0].contains("void"), "{:?}", voided.warnings);
}

#[test]
fn one_that_cannot_be_read_fails_alone() {
    let code = |object: &Value| {
        from_invoice(object, &refs(), &ContractRules::default(), Some(Before::default()))
            .unwrap_err()
            .code
    };
    assert_eq!(
        code(&invoice(
            1,
            vec![line("il_1", 1, "price_m", json!({"amount": "1"}))],
            json!({})
        )),
        "INVALID_OBJECT"
    );
    assert_eq!(code(&invoice(1, vec![], json!({"currency": null}))), "INVALID_OBJECT");
    assert_eq!(code(&json!({"id": "in_1"})), "INVALID_OBJECT");
    assert_eq!(code(&invoice(1, vec![], json!({"total": 1e300}))), "INVALID_OBJECT");
    let huge = || line("il_1", i64::MAX, "price_m", json!({}));
    assert_eq!(code(&invoice(1, vec![huge(), huge()], json!({}))), "AMOUNT_TOO_LARGE");
    assert_eq!(
        code(&invoice(
            1,
            vec![],
            json!({"status_transitions": {"paid_at": i64::MAX}})
        )),
        "DATE_OUT_OF_RANGE"
    );
}

fn item(id: &str, quantity: i64, changes: Value) -> Value {
    let price =
        json!({"id": "price_m", "currency": "usd", "unit_amount": 2000, "recurring": monthly(), "product": "prod_1"});
    let item = json!({"id": id, "quantity": quantity, "price": price, "current_period_start": NOW, "current_period_end": NOW + 30 * DAY, "discounts": []});
    with(item, changes)
}

#[expect(clippy::needless_pass_by_value, reason = "cases read better so")]
fn subscription(items: Vec<Value>, changes: Value) -> Value {
    let subscription = json!({
        "id": "sub_1", "status": "active", "currency": "usd", "created": NOW - DAY, "start_date": NOW - DAY, "customer": "cus_1",
        "cancel_at": null, "ended_at": null, "discounts": [], "items": {"data": items},
    });
    with(subscription, changes)
}

fn map_subscription(object: &Value, refs: &Refs) -> Result<Mapped<ContractDraft>, MapError> {
    from_subscription(object, refs, &moment(), false)
}

fn of_subscription(object: &Value) -> ContractDraft {
    match map_subscription(object, &refs()).unwrap() {
        Mapped::Record(draft) => draft,
        Mapped::Skipped(reason) => panic!("{reason:?}"),
    }
}

fn discount(coupon: &str, changes: Value) -> Value {
    with(
        json!({"id": "di_1", "start": NOW - DAY, "end": null, "source": {"coupon": coupon}}),
        changes,
    )
}

#[test]
fn a_subscription_counts_what_is_licensed() {
    let metered = json!({"quantity": null, "price": {"id": "price_u", "currency": "usd", "unit_amount": 1, "recurring": {"usage_type": "metered"}, "product": "prod_1"}});
    let draft = of_subscription(&subscription(
        vec![item("si_1", 3, json!({})), item("si_2", 0, metered)],
        json!({}),
    ));
    assert_eq!(
        (draft.subtotal, draft.total, draft.reconcile_delta, draft.name.as_str()),
        (6000, 6000, None, "Team")
    );
    assert_eq!(
        (draft.lines[1].kind, draft.lines[1].quantity, draft.lines[1].gross),
        (LineKind::Usage, None, 0)
    );
    assert_eq!(draft.booking_date.to_string(), "2026-10-20", "the day it was made");
}

#[test]
fn the_term_is_the_items_and_a_nearer_end_ends_it() {
    let longer = json!({"current_period_end": NOW + 365 * DAY});
    let items = || vec![item("si_1", 1, json!({})), item("si_2", 1, longer.clone())];
    for (changes, end) in [
        (json!({}), "2027-10-21"),
        (json!({"cancel_at": NOW + 10 * DAY}), "2026-10-31"),
        (json!({"cancel_at": NOW + 400 * DAY}), "2027-10-21"),
        (
            json!({"ended_at": NOW + 5 * DAY, "cancel_at": NOW + 10 * DAY}),
            "2026-10-26",
        ),
    ] {
        assert_eq!(
            of_subscription(&subscription(items(), changes))
                .term_end
                .unwrap()
                .to_string(),
            end
        );
    }
}

#[test]
fn running_discounts_go_off_in_their_order() {
    for (on_item, on_subscription, expected) in [
        (json!([]), json!([]), 0),
        (json!([discount("TEN", json!({}))]), json!([]), 400),
        (
            json!([discount("TEN", json!({}))]),
            json!([discount("QUARTER", json!({}))]),
            400 + 918,
        ),
        (json!([]), json!([discount("FIVE", json!({}))]), 500),
        (json!([discount("TEN", json!({"end": NOW}))]), json!([]), 0),
        (json!([discount("TEN", json!({"start": NOW + 1}))]), json!([]), 0),
        (json!([]), json!([discount("EURO", json!({}))]), 0),
        (json!([]), json!([discount("OTHER", json!({}))]), 0),
        (json!([]), json!([discount("ONCE", json!({}))]), 2000),
        (json!([]), json!(["di_not_expanded"]), 0),
    ] {
        let items = vec![item("si_1", 2, json!({"discounts": on_item}))];
        let draft = of_subscription(&subscription(items, json!({"discounts": on_subscription})));
        assert_eq!(
            (draft.discount, draft.total),
            (expected, 4000 - expected),
            "{on_item} {on_subscription}"
        );
    }
}

#[test]
fn a_fixed_amount_is_split_and_never_more_than_there_is() {
    let items = vec![item("si_1", 1, json!({})), item("si_2", 2, json!({}))];
    let draft = of_subscription(&subscription(
        items,
        json!({"discounts": [discount("FIVE", json!({}))]}),
    ));
    assert_eq!(
        draft.lines.iter().map(|line| line.discount).collect::<Vec<_>>(),
        [167, 333]
    );
    let free = vec![item("si_1", 0, json!({}))];
    let draft = of_subscription(&subscription(free, json!({"discounts": [discount("FIVE", json!({}))]})));
    assert_eq!((draft.discount, draft.total), (0, 0));
}

#[test]
fn the_customers_discount_counts_where_there_is_no_other() {
    let mut refs = refs();
    let customer = json!({"id": "cus_1", "discount": discount("TEN", json!({}))});
    refs.insert(StripeKind::Customer, "cus_1".into(), &customer, false);
    let total = |discounts: Value| match map_subscription(
        &subscription(vec![item("si_1", 1, json!({}))], json!({"discounts": discounts})),
        &refs,
    ) {
        Ok(Mapped::Record(draft)) => draft.total,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        [total(json!([])), total(json!([discount("FIVE", json!({}))]))],
        [1800, 1500]
    );
}

#[test]
fn a_customers_discount_goes_with_the_customer() {
    let customer = json!({"id": "cus_1", "discount": discount("TEN", json!({}))});
    let subscription = subscription(vec![item("si_1", 1, json!({}))], json!({}));
    for (deleted, total) in [(false, 1800), (true, 2000)] {
        let mut refs = refs();
        refs.insert(StripeKind::Customer, "cus_1".into(), &customer, deleted);
        match map_subscription(&subscription, &refs) {
            Ok(Mapped::Record(draft)) => assert_eq!(draft.total, total),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn an_end_passes_by_itself() {
    let ends = json!([discount("TEN", json!({"end": NOW + 7}))]);
    let draft = of_subscription(&subscription(
        vec![item("si_1", 1, json!({"discounts": ends}))],
        json!({}),
    ));
    assert_eq!(draft.state.unwrap().next_change_at, Some(NOW + 7));
}

#[test]
fn what_is_missing_is_pending_and_what_is_odd_is_told() {
    let tiered = json!({"price": {"id": "price_t", "currency": "usd", "billing_scheme": "tiered", "tiers_mode": "volume", "recurring": monthly(), "product": "prod_9"}});
    let draft = of_subscription(&subscription(
        vec![item("si_1", 1, tiered)],
        json!({"discounts": [discount("NEW", json!({}))]}),
    ));
    let missing = [
        (StripeKind::Price, "price_t"),
        (StripeKind::Coupon, "NEW"),
        (StripeKind::Product, "prod_9"),
    ];
    assert_eq!(draft.pending, missing.map(|(kind, id)| (kind, id.to_owned())));
    assert!(
        draft.warnings.iter().all(|warning| warning.starts_with("PENDING")),
        "{:?}",
        draft.warnings
    );
    let inclusive = json!({"price": {"id": "price_x", "currency": "usd", "unit_amount": 100, "tax_behavior": "inclusive", "recurring": monthly(), "product": "prod_1"}});
    let draft = of_subscription(&subscription(
        vec![item("si_1", 1, inclusive)],
        json!({"status": "of later times"}),
    ));
    assert_eq!(
        (draft.total, draft.warnings.len(), draft.source_status.as_str()),
        (100, 2, "of later times")
    );
}

#[test]
fn an_incomplete_subscription_is_none_yet() {
    let incomplete = subscription(vec![], json!({"status": "incomplete"}));
    assert_eq!(
        map_subscription(&incomplete, &refs()).unwrap(),
        Mapped::Skipped(SkipReason::SubscriptionIncomplete)
    );
    assert!(matches!(
        from_subscription(&incomplete, &refs(), &moment(), true).unwrap(),
        Mapped::Record(_)
    ));
}
