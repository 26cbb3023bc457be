//! Events that mean nothing here: they are kept by their ids, cost no request and change nothing.

use entity::kind::EventOutcome;
use sandbox::Kind;
use serde_json::{Value, json};

use super::support::{MARK, changes, imported, in_window, living};
use crate::support::webhook::{inbox, thin, until_taken_out};
use crate::support::{TestApp, WebhookSender, assert_equals_truth};

/// Types that are none of ours, whatever their object.
const UNKNOWN: [&str; 15] = [
    "charge.refunded",
    "payout.created",
    "payment_intent.succeeded",
    "plan.created",
    "plan.deleted",
    "promotion_code.created",
    "tax_rate.updated",
    "customer.source.created",
    "customer.tax_id.created",
    "test_helpers.test_clock.advancing",
    "invoice.created",
    "invoice.upcoming",
    "something.new",
    "nonsense",
    ".",
];

/// Sends events, and fails unless each comes to this and none costs or changes anything.
async fn assert_without_effect(app: &TestApp, hooks: &WebhookSender, told: Vec<(Value, EventOutcome)>) {
    let (requests, before) = (app.sandbox().request_count(), changes(app).await);
    for (event, _) in &told {
        hooks.send(app, event).await;
    }
    until_taken_out(app).await;
    let rows = inbox(app).await;
    for (event, outcome) in told {
        let row = rows.iter().find(|row| event["id"] == row.event_id.as_str());
        assert_eq!(row.unwrap().outcome, Some(outcome), "{event}");
    }
    assert_eq!((app.sandbox().request_count(), changes(app).await), (requests, before));
    assert_equals_truth(app.db(), app.sandbox(), in_window).await;
}

/// The events that tell of these.
fn snapshots(app: &TestApp, told: Vec<(&str, Value, EventOutcome)>) -> Vec<(Value, EventOutcome)> {
    let world = app.sandbox().world();
    let known = world.events_after(0).len();
    for (event_type, object, _) in &told {
        world.tell_of(event_type, object.clone());
    }
    let events = world.events_after(known).into_iter();
    events.zip(told.into_iter().map(|(_, _, outcome)| outcome)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_type_that_means_nothing_costs_and_changes_nothing() {
    let (app, _id, hooks) = imported(30).await;
    let customer = living(&app, Kind::Customer, |_| true).remove(0);
    let invoice = living(&app, Kind::Invoice, |invoice| invoice["status"] == "paid").remove(0);
    let object = json!({
        "id": customer, "object": "customer", "name": MARK, "customer": customer, "invoice": invoice, "status": "paid",
    });
    let told = UNKNOWN.map(|event_type| (event_type, object.clone(), EventOutcome::UnknownType));
    let told = snapshots(&app, told.to_vec());
    let thin = told.iter().enumerate().map(|(number, (event, outcome))| {
        let mut thin = thin(event);
        thin["id"] = json!(format!("evt_thin_{number}"));
        thin["related_object"] = json!({ "id": "x_1", "type": "something" });
        (thin, *outcome)
    });
    let all = thin.chain(told.clone()).collect();
    assert_without_effect(&app, &hooks, all).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_here_and_need_not_be_costs_and_changes_nothing() {
    let (app, _id, hooks) = imported(30).await;
    let customer = living(&app, Kind::Customer, |_| true).remove(0);
    let world = app.sandbox().world();
    let open = world.create_invoice(&customer, 1_000);
    world.update_untold(Kind::Invoice, &open, json!({ "created": world.now() - 31 * 86_400 }));
    let open = world.get(Kind::Invoice, &open).unwrap();
    let child = json!({ "id": "x_1", "invoice": open["id"] });
    let old = {
        let mut old = world
            .get(Kind::Invoice, &world.create_paid_invoice(&customer, 1, 2))
            .unwrap();
        old["number"] = json!("OLD");
        old
    };
    let dropped = |event_type, object: &Value| (event_type, object.clone(), EventOutcome::Dropped);
    let told = vec![
        dropped("invoice.finalized", &open),
        dropped("invoice.updated", &open),
        dropped("invoice.voided", &open),
        dropped("invoice.marked_uncollectible", &open),
        dropped("invoice.deleted", &open),
        dropped("invoice_payment.paid", &child),
        dropped("invoiceitem.created", &child),
        dropped("invoice.updated", &old),
    ];
    let told = snapshots(&app, told);
    assert_without_effect(&app, &hooks, told).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_names_no_object_costs_and_changes_nothing_and_holds_up_nothing() {
    let (app, _id, hooks) = imported(30).await;
    let nameless = |event_type, object: Value| (event_type, object, EventOutcome::Nameless);
    let told = vec![
        nameless("customer.updated", json!({ "object": "customer", "name": MARK })),
        nameless("customer.created", json!({ "id": "", "object": "customer" })),
        nameless("customer.created", json!({ "id": "cus_\0", "object": "customer" })),
        nameless("customer.deleted", json!({ "id": "cus_\n", "deleted": true })),
        nameless("product.created", json!({ "id": "..", "object": "product" })),
        nameless("price.updated", json!({ "id": 7, "object": "price" })),
        nameless("invoice.paid", json!({ "id": "i".repeat(256), "object": "invoice" })),
        nameless(
            "customer.funded",
            json!({ "id": "cbtxn_1", "object": "customer_balance_transaction" }),
        ),
        nameless(
            "customer.subscription.noted",
            json!({ "id": "in_1", "object": "invoice", "items": {} }),
        ),
        nameless("customer.updated", json!(["cus_1"])),
        nameless("customer.updated", Value::Null),
        nameless("invoiceitem.created", json!({ "id": "x_1", "invoice": null })),
        nameless(
            "subscription_schedule.updated",
            json!({ "id": "x_1", "subscription": null }),
        ),
        nameless("customer.discount.created", json!({ "id": "x_1", "customer": null })),
    ];
    let mut told = snapshots(&app, told);
    for (number, related) in [
        Value::Null,
        json!({ "id": "", "type": "customer" }),
        json!({ "id": "a\0", "type": "customer" }),
        json!({ "id": 7, "type": "customer" }),
        json!({ "type": "customer" }),
    ]
    .into_iter()
    .enumerate()
    {
        let mut thin = thin(&told[0].0);
        thin["id"] = json!(format!("evt_thin_{number}"));
        thin["related_object"] = related;
        told.push((thin, EventOutcome::Nameless));
    }
    for (number, data) in [json!([]), json!("x"), json!(7), Value::Null, json!({})]
        .into_iter()
        .enumerate()
    {
        let mut odd = told[0].0.clone();
        odd["id"] = json!(format!("evt_odd_{number}"));
        odd["data"] = data;
        told.push((odd, EventOutcome::Nameless));
    }
    assert_without_effect(&app, &hooks, told).await;
}
