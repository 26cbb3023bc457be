//! Invoices and subscriptions both make contracts: each amount is counted once, whatever is turned off and on again.

use sandbox::Kind;
use serde_json::{Value, json};

use super::support::{billed, contract, look, says};
use crate::support::TestApp;

const MONEY: &str = "currency contracts total { decimal } net { decimal } mrr { decimal } arr { decimal }";

async fn choose(app: &TestApp, id: &str, sources: &[&str]) {
    let update = "mutation($id: ID!, $to: [ContractSource!]!) {
        updateSettings(input: {integrationId: $id, contractSources: $to}) { userErrors { code } }
    }";
    app.admin()
        .mutate("updateSettings", update, json!({ "id": id, "to": sources }))
        .await;
}

async fn counts(app: &TestApp) -> [Value; 2] {
    let of = async |stripe_id: &str| {
        let told = contract(app, stripe_id, "countsTowardRecurring").await;
        told["countsTowardRecurring"].clone()
    };
    [of("in_month").await, of("sub_month").await]
}

/// Once over the contracts of the account, once over those of the client: the same here.
async fn revenue(app: &TestApp) -> Value {
    let query = format!(
        "{{ revenue {{ {MONEY} }} clients(filter: {{stripeIds: [\"cus_ada\"]}}) {{ nodes {{ revenue {{ {MONEY} }} }} }} }}"
    );
    let told = app.graphql(&query, json!({})).await;
    assert_eq!(told["revenue"], told["clients"]["nodes"][0]["revenue"], "{told}");
    told["revenue"].clone()
}

fn once() -> Value {
    let money = |decimal: &str| json!({ "decimal": decimal });
    json!([{
        "currency": "USD", "contracts": 1, "total": money("20.00"), "net": money("20.00"), "mrr": money("20.00"), "arr": money("240.00"),
    }])
}

#[tokio::test(flavor = "multi_thread")]
async fn each_amount_is_counted_once_whatever_is_turned_off_and_on_again() {
    let (app, id) = billed().await;
    let updated = async || {
        let told = contract(&app, "in_month", "updatedAt").await;
        (told, contract(&app, "sub_month", "updatedAt").await)
    };
    let before = updated().await;
    for (sources, expected) in [
        (&["INVOICE", "SUBSCRIPTION"][..], [false, true]),
        (&["INVOICE"], [true, false]),
        (&["SUBSCRIPTION"], [false, true]),
        (&["INVOICE", "SUBSCRIPTION"], [false, true]),
    ] {
        choose(&app, &id, sources).await;
        assert_eq!(counts(&app).await, expected.map(Value::from), "{sources:?}");
        assert_eq!(revenue(&app).await, once(), "{sources:?}");
    }
    assert_eq!(updated().await, before, "nothing was mapped again for it");
    choose(&app, &id, &["INVOICE"]).await;
    assert_eq!(app.admin().import(&id).await["state"], "SUCCEEDED");
    choose(&app, &id, &["INVOICE", "SUBSCRIPTION"]).await;
    assert_eq!(app.admin().import(&id).await["state"], "SUCCEEDED");
    assert_eq!(
        (counts(&app).await, revenue(&app).await),
        ([json!(false), json!(true)], once())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_s_revenue_is_nobody_s() {
    let (app, _id) = billed().await;
    app.sandbox()
        .world()
        .update(Kind::Subscription, "sub_month", json!({ "status": "trialing" }));
    look(&app).await;
    says(&app, "sub_month", "status", &json!({ "status": "FORECASTED" })).await;
    let told = revenue(&app).await;
    assert_eq!(
        (&told[0]["mrr"]["decimal"], &told[0]["total"]["decimal"]),
        (&json!("0.00"), &json!("20.00"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_here_stays_right_while_its_source_is_off() {
    let (app, id) = billed().await;
    choose(&app, &id, &["INVOICE"]).await;
    app.sandbox().world().cancel_subscription("sub_month");
    look(&app).await;
    says(
        &app,
        "sub_month",
        "status countsTowardRecurring",
        &json!({ "status": "CHURNED", "countsTowardRecurring": false }),
    )
    .await;
    says(
        &app,
        "in_month",
        "autoRenew countsTowardRecurring",
        &json!({ "autoRenew": false, "countsTowardRecurring": true }),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_link_is_not_lost_when_the_invoice_no_longer_tells() {
    let (app, _id) = billed().await;
    let linked = "subscriptionContract { stripeId } autoRenew";
    let told = json!({ "subscriptionContract": { "stripeId": "sub_month" }, "autoRenew": true });
    assert_eq!(contract(&app, "in_month", linked).await, told);
    app.sandbox()
        .world()
        .update(Kind::Invoice, "in_month", json!({ "parent": null, "number": "A-7" }));
    look(&app).await;
    says(&app, "in_month", "number", &json!({ "number": "A-7" })).await;
    assert_eq!(contract(&app, "in_month", linked).await, told);
    // And it is still found by it: what the subscription does next shows on the invoice.
    app.sandbox().world().cancel_subscription("sub_month");
    look(&app).await;
    let after = json!({ "subscriptionContract": { "stripeId": "sub_month" }, "autoRenew": false });
    says(&app, "in_month", linked, &after).await;
}
