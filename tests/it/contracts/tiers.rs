//! Tiers in a subscription's own currency: Stripe gives them only where that currency is asked for by name.

use std::time::Duration;

use sandbox::{Kind, World};
use serde_json::{Value, json};

use super::support::{connected, contract, look, pass, reconcile, says};
use crate::support::TestApp;

const MONEY: &str = "currency total { decimal } mrr { decimal } warnings";

fn price(id: &str) -> Value {
    let recurring = json!({ "interval": "month", "interval_count": 1, "usage_type": "licensed" });
    json!({ "object": "price", "id": id, "currency": "usd", "billing_scheme": "tiered", "tiers_mode": "graduated", "active": true,
        "recurring": recurring, "product": "prod_plan" })
}

/// A price of 1.00 a unit in USD, 0.90 in EUR and 0.80 in GBP, in steps.
fn put_price(world: &World, id: &str) {
    let tiers = |unit: i64| json!([{ "up_to": 10, "unit_amount": unit }, { "up_to": null, "unit_amount": unit / 2 }]);
    let mut whole = price(id);
    whole["tiers"] = tiers(100);
    whole["currency_options"] = json!({ "eur": { "tiers": tiers(90) }, "gbp": { "tiers": tiers(80) } });
    world.put(Kind::Product, json!({ "id": "prod_plan", "name": "Plan" }));
    world.put(Kind::Price, whole);
}

/// A subscription to twelve units in some currency.
fn put_subscription(world: &World, id: &str, price_id: &str, currency: &str) {
    world.put(Kind::Customer, json!({ "id": format!("cus_of_{id}"), "name": "Ada" }));
    let item = json!({ "id": format!("si_{id}"), "price": price(price_id), "quantity": 12, "discounts": [] });
    world.put(
        Kind::Subscription,
        json!({ "id": id, "status": "active", "currency": currency, "customer": format!("cus_of_{id}"), "discounts": [],
            "items": { "data": [item] } }),
    );
}

fn money(currency: &str, amount: &str) -> Value {
    json!({ "currency": currency, "total": { "decimal": amount }, "mrr": { "decimal": amount }, "warnings": [] })
}

fn requests_for(app: &TestApp, part: &str) -> usize {
    let requests = app.sandbox().requests();
    requests
        .iter()
        .filter(|request| request.path_and_query.contains(part))
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn they_are_read_once_the_currency_is_known() {
    let (app, id) = connected().await;
    let world = app.sandbox().world();
    put_price(world, "price_steps");
    for (subscription, currency) in [("sub_usd", "usd"), ("sub_eur", "eur"), ("sub_gbp", "gbp")] {
        put_subscription(world, subscription, "price_steps", currency);
    }
    pass(&app, Duration::from_hours(1));
    assert_eq!(app.admin().import(&id).await["state"], "SUCCEEDED");
    for (subscription, currency, amount) in [
        ("sub_usd", "USD", "11.00"),
        ("sub_eur", "EUR", "9.90"),
        ("sub_gbp", "GBP", "8.80"),
    ] {
        assert_eq!(contract(&app, subscription, MONEY).await, money(currency, amount));
    }
    assert_eq!(requests_for(&app, "/v1/prices/price_steps"), 1);
    // From now on the list gives them.
    reconcile(&app, &id, &["PRODUCT", "CONTRACT"]).await;
    assert_eq!(requests_for(&app, "/v1/prices/price_steps"), 1);
    assert_eq!(contract(&app, "sub_eur", MONEY).await, money("EUR", "9.90"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_brings_a_subscription_in_a_new_currency() {
    let (app, id) = connected().await;
    let world = app.sandbox().world();
    put_price(world, "price_steps");
    put_subscription(world, "sub_usd", "price_steps", "usd");
    pass(&app, Duration::from_hours(1));
    assert_eq!(app.admin().import(&id).await["state"], "SUCCEEDED");
    put_subscription(world, "sub_new", "price_steps", "eur");
    world.update(Kind::Subscription, "sub_new", json!({ "description": "Told" }));
    look(&app).await;
    says(&app, "sub_new", MONEY, &money("EUR", "9.90")).await;
    // A change of the price is read with the tiers of all currencies that are known by then.
    let dearer = json!({ "eur": { "tiers": [{ "up_to": null, "unit_amount": 200 }] } });
    world.update(Kind::Price, "price_steps", json!({ "currency_options": dearer }));
    look(&app).await;
    says(&app, "sub_new", MONEY, &money("EUR", "24.00")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_option_without_tiers_is_waited_for_and_not_converted() {
    let (app, id) = connected().await;
    let world = app.sandbox().world();
    put_price(world, "price_steps");
    put_subscription(world, "sub_chf", "price_steps", "chf");
    pass(&app, Duration::from_hours(1));
    assert_eq!(app.admin().import(&id).await["state"], "SUCCEEDED");
    let mut waiting = money("CHF", "0.00");
    waiting["warnings"] = json!(["PENDING: price price_steps has no tiers in CHF."]);
    let told = contract(&app, "sub_chf", MONEY).await;
    assert!(
        told["warnings"][0]
            .as_str()
            .unwrap()
            .starts_with("PENDING: price price_steps has no"),
        "{told}"
    );
    assert_eq!(told["total"], waiting["total"]);
    let option = json!({ "chf": { "tiers": [{ "up_to": null, "unit_amount": 100 }] } });
    world.update(Kind::Price, "price_steps", json!({ "currency_options": option }));
    look(&app).await;
    says(&app, "sub_chf", MONEY, &money("CHF", "12.00")).await;
}
