//! Each reason for which an object makes no record.

use std::time::Duration;

use sandbox::{Kind, Options};
use serde_json::{Value, json};

use super::support::{
    MONTH, assert_says, begins, billed_customer, connected, explain, find, free_invoice, is_in_window,
};
use crate::support::{TestApp, text};

#[tokio::test(flavor = "multi_thread")]
async fn each_reason_to_skip_is_told_in_words() {
    let (app, id) = connected(MONTH).await;
    let begins = begins(&app);
    let price = find(&app, Kind::Price, |price| price["active"] == true);
    let price = app.sandbox().world().get(Kind::Price, &price).unwrap();
    let lost = price["product"].as_str().unwrap();
    app.sandbox().world().delete_product(lost);
    let gone = billed_customer(&app);
    let free = free_invoice(&app, &gone);
    app.sandbox().world().delete_customer(&gone);
    assert_eq!(app.admin().import(&id).await["state"], "SUCCEEDED");
    let old = find(&app, Kind::Invoice, |invoice| {
        invoice["status"] == "paid" && !is_in_window(invoice, begins)
    });
    let unpaid = find(&app, Kind::Invoice, |invoice| invoice["status"] == "open");
    let incomplete = find(&app, Kind::Subscription, |subscription| {
        subscription["status"] == "incomplete"
    });
    let new = app.sandbox().world().create_customer(json!({ "name": "Newcomer" }));
    for (kind, of, words) in [
        ("INVOICE", free.as_str(), "importZeroAmountInvoices"),
        ("INVOICE", &old, "before the lookback window begins"),
        ("INVOICE", &unpaid, "not paid"),
        ("SUBSCRIPTION", &incomplete, "first payment is still open"),
        ("CUSTOMER", &gone, "deleted in Stripe before it was imported"),
        ("PRODUCT", lost, "deleted in Stripe before it was imported"),
        ("CUSTOMER", &new, "has not been seen yet"),
    ] {
        let told = explain(app.admin(), &id, kind, of).await;
        assert_says(&told, "SKIPPED", words);
        assert_eq!((&told["record"], &told["lastRun"]), (&Value::Null, &Value::Null));
        assert_ne!(told["asOf"], Value::Null);
    }
    assert!(
        !explain(app.admin(), &id, "CUSTOMER", &new).await["reason"]
            .as_str()
            .unwrap()
            .contains("turned off")
    );
    app.admin().switch_sync(&id, false).await;
    let told = explain(app.admin(), &id, "CUSTOMER", &new).await;
    assert_says(&told, "SKIPPED", "Sync is turned off.");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_settings_leave_out_is_told_whether_it_is_kept_or_not() {
    let (app, id) = connected(MONTH).await;
    let update = "mutation($id: ID!, $to: [ContractSource!]!) {
        updateSettings(input: {integrationId: $id, contractSources: $to}) { userErrors { code } }
    }";
    let direct = "mutation($id: ID!) {
        updateCustomerMapping(input: {integrationId: $id, direction: DISABLED}) { userErrors { code } }
    }";
    app.admin()
        .mutate("updateCustomerMapping", direct, json!({ "id": id }))
        .await;
    let begins = begins(&app);
    let customer = find(&app, Kind::Customer, |customer| customer["deleted"] != true);
    let invoice = find(&app, Kind::Invoice, |invoice| {
        invoice["status"] == "paid" && is_in_window(invoice, begins)
    });
    let subscription = find(&app, Kind::Subscription, |subscription| {
        subscription["status"] == "active"
    });
    let choose = async |source: &str| {
        let variables = json!({ "id": id, "to": [source] });
        app.admin().mutate("updateSettings", update, variables).await;
    };
    choose("SUBSCRIPTION").await;
    let told = explain(app.admin(), &id, "INVOICE", &invoice).await;
    assert_says(&told, "SKIPPED", "contractSources");
    choose("INVOICE").await;
    app.admin().import(&id).await;
    let told = explain(app.admin(), &id, "SUBSCRIPTION", &subscription).await;
    assert_says(&told, "SKIPPED", "contractSources");
    let told = explain(app.admin(), &id, "CUSTOMER", &customer).await;
    assert_says(&told, "SKIPPED", "DISABLED");
    assert_eq!(told["record"], Value::Null);
}

/// Days before the day on which an import of ninety days begins: made, paid.
const LATE: [(i64, i64, bool); 6] = [
    (170, 45, true),
    (149, 89, true),
    (440, 31, true),
    // More than a year before the window: only its event tells of it, and those of the last thirty days are there.
    (460, 29, true),
    (460, 45, false),
    (900, 89, false),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_was_paid_long_after_it_was_made_is_found_or_told_and_can_be_had() {
    const DAY: i64 = 86_400;
    for method in ["charge_automatically", "send_invoice"] {
        let world = Options {
            customers: 1,
            invoices: 0,
            subscriptions: 0,
            ..Options::default()
        };
        let app = TestApp::builder().sandbox(world).start().await;
        let world = app.sandbox().world();
        let customer = world.create_customer(json!({ "name": "Late" }));
        let today = world.now() + 90 * DAY;
        let mut late = Vec::new();
        // As time goes by, so that each event is as old as its payment.
        let mut cases = LATE.to_vec();
        cases.sort_by_key(|(_, paid, _)| -paid);
        for (made, paid, is_found) in cases {
            world.advance_clock(today - paid * DAY - world.now());
            let invoice = world.create_paid_invoice(&customer, today - made * DAY, world.now());
            world.update(Kind::Invoice, &invoice, json!({ "collection_method": method }));
            late.push((invoice, is_found, made, paid));
        }
        world.advance_clock(today - world.now());
        app.clock.advance(Duration::from_hours(24 * 90));
        let id = app.admin().connect_stripe(app.sandbox().key(), 90).await;
        for (invoice, is_found, made, paid) in &late {
            let told = explain(app.admin(), &id, "INVOICE", invoice).await;
            let words = if *is_found {
                "the next import"
            } else {
                "resync of its id"
            };
            assert!(text(&told["reason"]).contains(words), "{method} {made} {paid} {told}");
        }
        let run = app.admin().import(&id).await;
        assert_eq!(run["state"], "SUCCEEDED", "{run}");
        for (invoice, is_found, made, paid) in &late {
            let told = explain(app.admin(), &id, "INVOICE", invoice).await;
            assert_eq!(told["state"] == "IMPORTED", *is_found, "{method} {made} {paid} {told}");
        }
        for (invoice, ..) in late.iter().filter(|(_, is_found, ..)| !is_found) {
            let query = "mutation($input: ResyncInput!) { resync(input: $input) { run { id } userErrors { code } } }";
            let input = json!({ "integrationId": id, "kind": "INVOICE", "stripeId": invoice });
            let run = app.admin().mutate("resync", query, json!({ "input": input })).await;
            app.admin().end_of_run(run["run"]["id"].as_str().unwrap()).await;
            assert_eq!(explain(app.admin(), &id, "INVOICE", invoice).await["state"], "IMPORTED");
        }
    }
}
