//! A discount keeps what it takes off, though its coupon is deleted and another is made with the same id.

use std::time::Duration;

use sandbox::{Fault, Kind, World};
use serde_json::{Value, json};

use super::support::{connected, contract, look, pass, put_month, reconcile, says};
use crate::support::TestApp;

const OFF: &str = "discount { decimal } mrr { decimal } warnings";
const HOUR: Duration = Duration::from_hours(1);

fn off(discount: &str, mrr: &str) -> Value {
    json!({ "discount": { "decimal": discount }, "mrr": { "decimal": mrr }, "warnings": [] })
}

fn pending(coupon: &str, discount: &str) -> Value {
    let why = format!(
        "PENDING: coupon {coupon} is gone from Stripe, and what discount {discount} takes off by it is not known yet; nothing is taken off."
    );
    json!({ "discount": { "decimal": "0.00" }, "mrr": { "decimal": "20.00" }, "warnings": [why] })
}

/// Deletes a coupon and makes another with its id, half off.
fn make_anew(world: &World, coupon: &str) {
    world.delete_coupon(coupon);
    world.advance_clock(60);
    world.create_coupon(json!({ "id": coupon, "percent_off": 50 }));
}

/// Requests for the terms of discounts, which are asked for in an older version.
fn asked_for_terms(app: &TestApp) -> usize {
    let requests = app.sandbox().requests();
    let for_terms = |path: &str| path.contains("discounts.coupon") || path.contains("discount.coupon");
    requests
        .iter()
        .filter(|request| for_terms(&request.path_and_query))
        .count()
}

async fn import(app: &TestApp, id: &str) {
    let run = app.admin().import(id).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_seen_is_kept_with_the_discount() {
    let (app, id) = connected().await;
    let world = app.sandbox().world();
    put_month(world);
    world.create_coupon(json!({ "id": "SPRING", "percent_off": 15 }));
    world.give_discount(Kind::Subscription, "sub_month", "SPRING");
    pass(&app, HOUR);
    import(&app, &id).await;
    assert_eq!(contract(&app, "sub_month", OFF).await, off("3.00", "17.00"));
    make_anew(world, "SPRING");
    world.update(Kind::Product, "prod_plan", json!({ "name": "Renamed" }));
    look(&app).await;
    says(&app, "sub_month", "name", &json!({ "name": "Renamed" })).await;
    says(&app, "sub_month", OFF, &off("3.00", "17.00")).await;
    let run = reconcile(&app, &id, &["PRODUCT", "CONTRACT"]).await;
    assert_eq!(run["drift"], 0, "{run}");
    assert_eq!(contract(&app, "sub_month", OFF).await, off("3.00", "17.00"));
    assert_eq!(asked_for_terms(&app), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_never_seen_is_read_once() {
    let (app, id) = connected().await;
    let world = app.sandbox().world();
    put_month(world);
    world.create_coupon(json!({ "id": "SPRING", "percent_off": 15 }));
    world.give_discount(Kind::Subscription, "sub_month", "SPRING");
    make_anew(world, "SPRING");
    pass(&app, HOUR);
    import(&app, &id).await;
    assert_eq!(contract(&app, "sub_month", OFF).await, off("3.00", "17.00"));
    assert_eq!(asked_for_terms(&app), 1);
    import(&app, &id).await;
    reconcile(&app, &id, &["CONTRACT"]).await;
    assert_eq!(contract(&app, "sub_month", OFF).await, off("3.00", "17.00"));
    assert_eq!(asked_for_terms(&app), 1, "it was read again");
}

#[tokio::test(flavor = "multi_thread")]
async fn discounts_of_items_and_customers_are_read_too() {
    let (app, id) = connected().await;
    let world = app.sandbox().world();
    put_month(world);
    world.create_coupon(json!({ "id": "ITEMS", "percent_off": 10, "applies_to": { "products": ["prod_plan"] } }));
    world.create_coupon(json!({ "id": "ADAS", "percent_off": null, "amount_off": 300, "currency": "usd" }));
    world.give_discount(Kind::Customer, "cus_ada", "ADAS");
    let start = world.now();
    let mut item = world.get(Kind::Subscription, "sub_month").unwrap()["items"]["data"][0].take();
    item["discounts"] = json!([{ "id": "di_item", "object": "discount", "start": start, "end": null,
        "source": { "type": "coupon", "coupon": "ITEMS" } }]);
    world.update(Kind::Subscription, "sub_month", json!({ "items": { "data": [item] } }));
    world.delete_coupon("ITEMS");
    make_anew(world, "ADAS");
    pass(&app, HOUR);
    import(&app, &id).await;
    assert_eq!(contract(&app, "sub_month", OFF).await, off("5.00", "15.00"));
    assert_eq!(asked_for_terms(&app), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_waited_for() {
    let (app, id) = connected().await;
    let world = app.sandbox().world();
    put_month(world);
    world.create_coupon(json!({ "id": "SPRING", "percent_off": 15 }));
    let discount = world.give_discount(Kind::Subscription, "sub_month", "SPRING");
    make_anew(world, "SPRING");
    pass(&app, HOUR);
    let refused = Fault::ServerError(400);
    app.sandbox()
        .faults()
        .fail_some(1_000, 1, refused, Some("/v1/subscriptions/sub_month"));
    import(&app, &id).await;
    assert_eq!(contract(&app, "sub_month", OFF).await, pending("SPRING", &discount));
    app.sandbox().faults().clear();
    import(&app, &id).await;
    assert_eq!(contract(&app, "sub_month", OFF).await, off("3.00", "17.00"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_brings_a_discount_whose_coupon_is_gone_by_then() {
    let (app, id) = connected().await;
    let world = app.sandbox().world();
    put_month(world);
    import(&app, &id).await;
    world.create_coupon(json!({ "id": "FLASH", "percent_off": 25 }));
    world.give_discount(Kind::Subscription, "sub_month", "FLASH");
    world.delete_coupon("FLASH");
    look(&app).await;
    says(&app, "sub_month", OFF, &off("5.00", "15.00")).await;
    world.create_coupon(json!({ "id": "FLASH", "percent_off": 75 }));
    look(&app).await;
    reconcile(&app, &id, &["PRODUCT", "CONTRACT"]).await;
    assert_eq!(contract(&app, "sub_month", OFF).await, off("5.00", "15.00"));
    assert_eq!(asked_for_terms(&app), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_s_event_brings_one_too() {
    let (app, id) = connected().await;
    let world = app.sandbox().world();
    put_month(world);
    world.create_coupon(json!({ "id": "FLASH", "percent_off": 25 }));
    world.give_discount(Kind::Customer, "cus_ada", "FLASH");
    make_anew(world, "FLASH");
    world.end_discount(
        world.get(Kind::Customer, "cus_ada").unwrap()["discount"]["id"]
            .as_str()
            .unwrap(),
    );
    pass(&app, HOUR);
    import(&app, &id).await;
    assert_eq!(contract(&app, "sub_month", OFF).await, off("0.00", "20.00"));
    world.give_discount(Kind::Customer, "cus_ada", "FLASH");
    world.delete_coupon("FLASH");
    world.advance_clock(60);
    world.create_coupon(json!({ "id": "FLASH", "percent_off": 90 }));
    look(&app).await;
    says(&app, "sub_month", OFF, &off("10.00", "10.00")).await;
}
