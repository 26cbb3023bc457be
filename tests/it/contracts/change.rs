//! Contracts are made from an object and those it names, or that name it: each of them that changes shows.

use std::time::Duration;

use sandbox::{Fault, Kind};
use serde_json::{Value, json};

use super::support::{billed, connected, contract, invoice, look, pass, put_month, reconcile, says};
use crate::support::{TestApp, WebhookSender};

const CREDIT: &str = "status credited { decimal } net { decimal } terminatedDate warnings";

#[tokio::test(flavor = "multi_thread")]
async fn credit_notes_come_and_are_taken_back() {
    let (app, _id) = billed().await;
    let world = app.sandbox().world();
    let note = world.create_credit_note("in_month");
    look(&app).await;
    let told = json!({ "status": "ACTIVE", "credited": { "decimal": "5.00" }, "net": { "decimal": "15.00" }, "terminatedDate": null, "warnings": [] });
    says(&app, "in_month", CREDIT, &told).await;
    world.void_credit_note(&note);
    look(&app).await;
    let told = json!({ "status": "ACTIVE", "credited": { "decimal": "0.00" }, "net": { "decimal": "20.00" }, "terminatedDate": null, "warnings": [] });
    says(&app, "in_month", CREDIT, &told).await;
    for _ in 0..4 {
        world.create_credit_note("in_month");
    }
    look(&app).await;
    let told = json!({ "status": "CHURNED", "credited": { "decimal": "20.00" }, "net": { "decimal": "0.00" }, "terminatedDate": "2026-11-23", "warnings": [] });
    says(&app, "in_month", CREDIT, &told).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credit_note_that_comes_before_its_invoice_counts() {
    let (app, id) = connected().await;
    put_month(app.sandbox().world());
    assert_eq!(app.admin().import(&id).await["state"], "SUCCEEDED");
    let hooks = WebhookSender::connect(&app, &id).await;
    let world = app.sandbox().world();
    let known = world.events_after(0).len();
    world.put(Kind::Invoice, invoice("in_next", world.now() - 60, world.now() - 60));
    world.create_credit_note("in_next");
    for event in world.events_after(known) {
        if event["type"] == "credit_note.created" {
            hooks.send(&app, &event).await;
        }
    }
    assert_eq!(contract(&app, "in_next", "net { decimal }").await, json!(null));
    assert_eq!(app.admin().import(&id).await["state"], "SUCCEEDED");
    says(
        &app,
        "in_next",
        "net { decimal }",
        &json!({ "net": { "decimal": "15.00" } }),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_shows_what_becomes_of_its_subscription() {
    let (app, _id) = billed().await;
    app.clock.advance(std::time::Duration::from_hours(24 * 17));
    app.sandbox().world().advance_clock(17 * 86_400);
    let status = async || contract(&app, "in_month", "status").await;
    assert_eq!(
        status().await,
        json!({ "status": "ENDED" }),
        "the period runs, and is about to be renewed"
    );
    app.sandbox().world().cancel_subscription("sub_month");
    look(&app).await;
    let told = json!({ "status": "CHURNED", "terminatedDate": "2026-12-10", "autoRenew": false });
    says(&app, "in_month", "status terminatedDate autoRenew", &told).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_a_product_and_a_coupon_show_when_they_change() {
    let (app, _id) = billed().await;
    let world = app.sandbox().world();
    world.update(Kind::Product, "prod_plan", json!({ "name": "Renamed" }));
    world.update(
        Kind::Price,
        "price_month",
        json!({ "recurring": { "interval": "year" } }),
    );
    look(&app).await;
    for stripe_id in ["in_month", "sub_month"] {
        let told = json!({ "name": "Renamed", "mrr": { "decimal": "1.67" } });
        says(&app, stripe_id, "name mrr { decimal }", &told).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paid_invoice_that_is_no_longer_paid_is_flagged_and_stays() {
    let (app, _id) = billed().await;
    app.sandbox()
        .world()
        .update(Kind::Invoice, "in_month", json!({ "status": "uncollectible" }));
    look(&app).await;
    let told = json!({
        "sourceStatus": "uncollectible", "paymentState": "UNPAID", "status": "CHURNED", "terminationReason": "REVERSED",
        "total": { "decimal": "20.00" }, "net": { "decimal": "0.00" },
        "warnings": ["Stripe's invoice is no longer paid but uncollectible."],
    });
    says(
        &app,
        "in_month",
        "sourceStatus paymentState status terminationReason total { decimal } net { decimal } warnings",
        &told,
    )
    .await;
    let revenue = app
        .graphql("{ revenue { contracts total { decimal } net { decimal } } }", json!({}))
        .await;
    let nothing = json!([{ "contracts": 0, "total": { "decimal": "0.00" }, "net": { "decimal": "0.00" } }]);
    assert_eq!(revenue["revenue"], nothing);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_pending_until_it_is_here() {
    let (app, id) = billed().await;
    let world = app.sandbox().world();
    // Inline, so that no list has it, and Stripe does not answer for it.
    let mut next = invoice("in_next", world.now() - 60, world.now() - 60);
    next["lines"]["data"][0]["pricing"]["price_details"]["price"] = json!("price_inline");
    world.put(Kind::Invoice, next);
    let recurring = json!({ "interval": "month", "interval_count": 1, "usage_type": "licensed" });
    world.put(Kind::Price, json!({ "id": "price_inline", "currency": "usd", "unit_amount": 2000, "recurring": recurring, "product": "prod_plan", "active": null }));
    app.sandbox()
        .faults()
        .fail_next(1, Fault::ServerError(400), Some("/v1/prices/price_inline"));
    app.admin().import(&id).await;
    let pending = json!({
        "mrr": { "decimal": "0.00" }, "total": { "decimal": "20.00" },
        "warnings": ["PENDING: price price_inline is not here yet; the contract is completed when it is."],
    });
    says(&app, "in_next", "mrr { decimal } total { decimal } warnings", &pending).await;
    app.admin().import(&id).await;
    let whole = json!({ "mrr": { "decimal": "20.00" }, "total": { "decimal": "20.00" }, "warnings": [] });
    says(&app, "in_next", "mrr { decimal } total { decimal } warnings", &whole).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stripe_has_deleted_is_flagged_and_still_shows_what_it_names() {
    let (app, id) = billed().await;
    let world = app.sandbox().world();
    world.delete_invoice("in_month");
    pass(&app, Duration::from_mins(1));
    reconcile(&app, &id, &["CONTRACT"]).await;
    let told = json!({ "deletedInStripe": true, "name": "Plan", "total": { "decimal": "20.00" } });
    says(&app, "in_month", "deletedInStripe name total { decimal }", &told).await;
    world.update(Kind::Product, "prod_plan", json!({ "name": "Renamed" }));
    look(&app).await;
    let told = json!({ "deletedInStripe": true, "name": "Renamed", "total": { "decimal": "20.00" } });
    says(&app, "in_month", "deletedInStripe name total { decimal }", &told).await;
}

/// What `explain` says of the state of a subscription.
async fn state(app: &TestApp, id: &str, stripe_id: &str) -> Value {
    let query = "query($id: ID!, $stripe: String!) {
        explain(integrationId: $id, kind: SUBSCRIPTION, stripeId: $stripe) { state } }";
    app.graphql(query, json!({ "id": id, "stripe": stripe_id })).await["explain"]["state"].take()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_amount_in_the_currency_of_the_subscription_is_waited_for() {
    let (app, id) = connected().await;
    let world = app.sandbox().world();
    put_month(world);
    world.update(Kind::Price, "price_month", json!({ "currency": "eur" }));
    let mut item = world.get(Kind::Subscription, "sub_month").unwrap()["items"]["data"][0].take();
    item["price"]["currency"] = json!("eur");
    world.update(Kind::Subscription, "sub_month", json!({ "items": { "data": [item] } }));
    assert_eq!(app.admin().import(&id).await["state"], "SUCCEEDED");
    let fields = "mrr { decimal } warnings";
    let lacking =
        json!({ "mrr": { "decimal": "0.00" }, "warnings": ["PENDING: price price_month has no amount in USD."] });
    assert_eq!(contract(&app, "sub_month", fields).await, lacking);
    assert_eq!(state(&app, &id, "sub_month").await, "PENDING");
    world.update(
        Kind::Price,
        "price_month",
        json!({ "currency_options": { "usd": { "unit_amount": 2300 } } }),
    );
    look(&app).await;
    let whole = json!({ "mrr": { "decimal": "23.00" }, "warnings": [] });
    says(&app, "sub_month", fields, &whole).await;
    assert_eq!(state(&app, &id, "sub_month").await, "IMPORTED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_lets_invoices_over_nothing_in() {
    let (app, id) = connected().await;
    let world = app.sandbox().world();
    put_month(world);
    let mut free = invoice("in_free", world.now() - 60, world.now() - 60);
    (free["total"], free["total_excluding_tax"]) = (json!(0), json!(0));
    free["lines"]["data"][0]["amount"] = json!(0);
    world.put(Kind::Invoice, free);
    assert_eq!(app.admin().import(&id).await["state"], "SUCCEEDED");
    let fields = "total { decimal } status warnings";
    assert_eq!(contract(&app, "in_free", fields).await, json!(null));
    let query = "mutation($id: ID!) {
        updateSettings(input: {integrationId: $id, importZeroAmountInvoices: true}) { userErrors { code } }
    }";
    app.admin().mutate("updateSettings", query, json!({ "id": id })).await;
    assert_eq!(app.admin().import(&id).await["state"], "SUCCEEDED");
    let told = json!({ "total": { "decimal": "0.00" }, "status": "ACTIVE", "warnings": [] });
    says(&app, "in_free", fields, &told).await;
}
