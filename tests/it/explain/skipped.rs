//! Each reason for which an object makes no record.

use sandbox::Kind;
use serde_json::{Value, json};

use super::support::{
    MONTH, assert_says, begins, billed_customer, connected, explain, find, free_invoice, is_in_window,
};

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
