//! Where invoices are sent, the latest one tells whether a subscription is paid. Those that are open make no contracts.

use std::time::Duration;

use sandbox::{Kind, World};
use serde_json::{Value, json};

use super::support::{connected, contract, invoice, look, pass, put_month, reconcile, says};
use crate::support::{TestApp, until};

const DAY: Duration = Duration::from_hours(24);

/// The month's plan, its invoice of today sent, and open for ten days more.
fn put_sent(world: &World) {
    put_month(world);
    let sent = json!({ "collection_method": "send_invoice", "latest_invoice": "in_open" });
    world.update_untold(Kind::Subscription, "sub_month", sent);
    world.put(Kind::Invoice, open(world, "in_open"));
}

fn open(world: &World, id: &str) -> Value {
    let mut open = invoice(id, world.now(), world.now());
    (open["status"], open["collection_method"]) = (json!("open"), json!("send_invoice"));
    open["due_date"] = json!(world.now() + 10 * 86_400);
    open["status_transitions"] = json!({ "paid_at": null });
    open["amount_due"] = json!(2000);
    open
}

async fn imported() -> (TestApp, String) {
    let (app, id) = connected().await;
    put_sent(app.sandbox().world());
    pass(&app, Duration::from_hours(1));
    let run = app.admin().import(&id).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    (app, id)
}

async fn owes(app: &TestApp, state: &str) {
    let told = json!({ "paymentState": state, "status": "ACTIVE", "mrr": { "decimal": "20.00" } });
    says(app, "sub_month", "paymentState status mrr { decimal }", &told).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_invoice_is_due_then_missing_then_paid() {
    let (app, _id) = imported().await;
    owes(&app, "DUE").await;
    assert_eq!(
        contract(&app, "in_open", "status").await,
        json!(null),
        "it is no contract"
    );
    app.clock.advance(10 * DAY);
    app.sandbox().world().advance_clock(10 * 86_400);
    until("its due date has come", async || {
        app.tick().await;
        let told = contract(&app, "sub_month", "paymentState").await;
        (told["paymentState"] == "UNPAID").then_some(())
    })
    .await;
    app.sandbox().world().pay_invoice("in_open");
    look(&app).await;
    owes(&app, "PAID").await;
    says(&app, "in_open", "paymentState", &json!({ "paymentState": "PAID" })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_invoice_counts_from_when_the_subscription_names_it() {
    let (app, _id) = imported().await;
    let world = app.sandbox().world();
    world.pay_invoice("in_open");
    look(&app).await;
    owes(&app, "PAID").await;
    // No event that is looked at tells of the invoice itself.
    world.put(Kind::Invoice, open(world, "in_next"));
    world.update(Kind::Subscription, "sub_month", json!({ "latest_invoice": "in_next" }));
    look(&app).await;
    owes(&app, "DUE").await;
    world.update(Kind::Invoice, "in_next", json!({ "status": "uncollectible" }));
    look(&app).await;
    owes(&app, "UNPAID").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reconcile_finds_what_no_event_told() {
    let (app, id) = imported().await;
    let world = app.sandbox().world();
    world.update_untold(Kind::Invoice, "in_open", json!({ "status": "void" }));
    pass(&app, Duration::from_hours(1));
    owes(&app, "DUE").await;
    reconcile(&app, &id, &["CONTRACT"]).await;
    owes(&app, "PAID").await;
    let asked = |app: &TestApp| {
        let requests = app.sandbox().requests();
        requests
            .iter()
            .filter(|request| request.path_and_query.starts_with("/v1/invoices/in_open"))
            .count()
    };
    let once = asked(&app);
    pass(&app, Duration::from_hours(1));
    reconcile(&app, &id, &["CONTRACT"]).await;
    assert_eq!(asked(&app), once, "a void invoice is read again and again");
}

#[tokio::test(flavor = "multi_thread")]
async fn tax_in_a_price_follows_the_latest_invoice() {
    let (app, id) = connected().await;
    let world = app.sandbox().world();
    put_month(world);
    world.update_untold(Kind::Price, "price_month", json!({ "tax_behavior": "inclusive" }));
    let mut item = world.get(Kind::Subscription, "sub_month").unwrap()["items"]["data"][0].take();
    item["price"]["tax_behavior"] = json!("inclusive");
    let known = json!({ "latest_invoice": "in_month", "items": { "data": [item] } });
    world.update_untold(Kind::Subscription, "sub_month", known);
    assert_eq!(app.admin().import(&id).await["state"], "SUCCEEDED");
    let fields = "mrr { decimal } tax { decimal } warnings";
    let whole = json!({ "mrr": { "decimal": "20.00" }, "tax": { "decimal": "0.00" }, "warnings": [] });
    assert_eq!(contract(&app, "sub_month", fields).await, whole);
    let mut next = invoice("in_next", world.now() - 60, world.now() - 60);
    next["lines"]["data"][0]["taxes"] = json!([{ "amount": 400, "tax_behavior": "inclusive" }]);
    (next["total_excluding_tax"], next["amount_due"]) = (json!(1600), json!(2000));
    next["status"] = json!("open");
    world.put(Kind::Invoice, next);
    world.update(Kind::Subscription, "sub_month", json!({ "latest_invoice": "in_next" }));
    world.pay_invoice("in_next");
    look(&app).await;
    let less = json!({ "mrr": { "decimal": "16.00" }, "tax": { "decimal": "4.00" }, "warnings": [] });
    says(&app, "sub_month", fields, &less).await;
}
