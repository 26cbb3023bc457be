//! Discounts given, moved and taken away, and events that are told by themselves.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{NOW, all, client, get, options};
use sandbox::{Kind, Sandbox};
use serde_json::{Value, json};

/// Types and coupons of the events on discounts, newest first.
async fn told(sandbox: &Sandbox) -> Vec<(Value, Value)> {
    let path = format!("/v1/events?created[gte]={NOW}&type=customer.discount.*&");
    let events = all(sandbox, &path).await.into_iter();
    events
        .map(|mut event| (event["type"].take(), event["data"]["object"]["source"]["coupon"].take()))
        .collect()
}

#[tokio::test]
async fn a_discount_hangs_on_its_subscription_and_only_its_own_events_tell() {
    let sandbox = Sandbox::start(options()).await.unwrap();
    let world = sandbox.world();
    let customer = world.create_customer(json!({ "currency": "usd" }));
    let product = world.create_product(json!({}));
    let price = world.create_price(&product, 1_000, json!({}));
    let subscription = world.create_subscription(&customer, &[&price]);
    let autumn = world.create_coupon(json!({ "id": "AUTUMN", "percent_off": 30 }));
    let path = format!("/v1/subscriptions/{subscription}?expand[]=discounts");
    let coupons = async || {
        let (_, served) = get(&sandbox, &path).await;
        let discounts = served["discounts"].as_array().unwrap().clone();
        let names = discounts.iter().map(|discount| discount["source"]["coupon"].clone());
        names.collect::<Vec<_>>()
    };

    let discount = world.give_discount(Kind::Subscription, &subscription, &autumn);
    assert_eq!(coupons().await, ["AUTUMN"]);
    world.switch_discount(&discount, "FRIENDS255");
    assert_eq!(coupons().await, ["FRIENDS255"]);
    world.end_discount(&discount);
    assert!(coupons().await.is_empty());
    let expected = [
        (json!("customer.discount.deleted"), json!("FRIENDS255")),
        (json!("customer.discount.updated"), json!("FRIENDS255")),
        (json!("customer.discount.created"), json!("AUTUMN")),
    ];
    assert_eq!(told(&sandbox).await, expected);
}

#[tokio::test]
async fn a_customer_has_one_discount_at_a_time() {
    let sandbox = Sandbox::start(options()).await.unwrap();
    let world = sandbox.world();
    let customer = world.create_customer(json!({}));
    let held = async || {
        let (_, served) = get(&sandbox, &format!("/v1/customers/{customer}")).await;
        served["discount"].clone()
    };
    world.give_discount(Kind::Customer, &customer, "TEAM20");
    let second = world.give_discount(Kind::Customer, &customer, "FRIENDS255");
    assert_eq!(held().await["source"]["coupon"], "FRIENDS255");
    world.end_discount(&second);
    assert_eq!(held().await, Value::Null);
}

#[tokio::test]
async fn a_change_may_be_told_by_an_event_of_another_kind() {
    let sandbox = Sandbox::start(options()).await.unwrap();
    let world = sandbox.world();
    let product = world.create_product(json!({ "name": "Before" }));
    let price = world.create_price(&product, 1_000, json!({}));
    let known = world.events_after(0).len();
    world.update_untold(Kind::Product, &product, json!({ "name": "After" }));
    assert!(world.events_after(known).is_empty());
    assert_eq!(
        get(&sandbox, &format!("/v1/products/{product}")).await.1["name"],
        "After"
    );
    world.tell_of("something.new", json!({ "object": "something", "product": product }));
    world.delete_price(&price);
    assert_eq!(get(&sandbox, &format!("/v1/prices/{price}")).await.0, 404);
    let told: Vec<Value> = world.events_after(known);
    assert_eq!(
        (&told[0]["type"], &told[0]["data"]["object"]["product"]),
        (&json!("something.new"), &json!(product))
    );
    assert_eq!((told.len(), &told[1]["type"]), (2, &json!("price.deleted")));
}

/// A version whose discounts hold their coupons.
const ACACIA: &str = "2025-02-24.acacia";

async fn get_old(sandbox: &Sandbox, path: &str) -> (u16, Value) {
    let request = client().unwrap().get(format!("{}{path}", sandbox.base_url()));
    let request = request.bearer_auth(sandbox.key()).header("Stripe-Version", ACACIA);
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, serde_json::from_str(&response.text().await.unwrap()).unwrap())
}

#[tokio::test]
async fn a_discount_of_a_deleted_coupon_is_told_in_full_by_the_old_version_only() {
    let sandbox = Sandbox::start(options()).await.unwrap();
    let world = sandbox.world();
    let customer = world.create_customer(json!({ "currency": "usd" }));
    let price = world.create_price(&world.create_product(json!({})), 1_000, json!({}));
    let subscription = world.create_subscription(&customer, &[&price]);
    world.create_coupon(json!({ "id": "AUTUMN", "percent_off": 30, "applies_to": { "products": ["prod_1"] } }));
    world.give_discount(Kind::Subscription, &subscription, "AUTUMN");
    world.give_discount(Kind::Customer, &customer, "AUTUMN");
    world.delete_coupon("AUTUMN");
    world.advance_clock(5);
    world.create_coupon(json!({ "id": "AUTUMN", "percent_off": 80 }));
    assert_eq!(get(&sandbox, "/v1/coupons/AUTUMN").await.1["percent_off"], 80);

    let path = format!("/v1/subscriptions/{subscription}");
    let (_, today) = get(&sandbox, &format!("{path}?expand[]=discounts.source.coupon")).await;
    let stub = json!({ "id": "AUTUMN", "object": "coupon", "deleted": true });
    assert_eq!(today["discounts"][0]["source"]["coupon"], stub);
    let (status, old) = get_old(
        &sandbox,
        &format!("{path}?expand[]=discounts.coupon.applies_to&expand[]=discounts.coupon.currency_options"),
    )
    .await;
    let discount = &old["discounts"][0];
    assert_eq!((status, &discount["coupon"]["percent_off"]), (200, &json!(30)), "{old}");
    assert_eq!(discount["coupon"]["applies_to"]["products"], json!(["prod_1"]));
    assert!(discount.get("source").is_none());
    let (_, old) = get_old(&sandbox, &format!("{path}?expand[]=discounts")).await;
    assert!(old["discounts"][0]["coupon"].get("applies_to").is_none());
    let (_, old) = get_old(&sandbox, &format!("/v1/customers/{customer}")).await;
    assert_eq!(old["discount"]["coupon"]["percent_off"], 30);

    let truth = world.truth(Kind::Coupon);
    let anew = truth.iter().filter(|coupon| coupon["id"] == "AUTUMN");
    assert_eq!(anew.map(|coupon| &coupon["percent_off"]).collect::<Vec<_>>(), [80]);
}
