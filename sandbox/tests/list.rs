//! Lists: order, cursors, filters, default scope and expansion.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{NOW, all, get, ids, options, send};
use sandbox::{Kind, Sandbox};
use serde_json::{Value, json};

async fn start() -> Sandbox {
    Sandbox::start(options()).await.unwrap()
}

fn without(kind: Kind, sandbox: &Sandbox, out: impl Fn(&Value) -> bool) -> Vec<Value> {
    let mut truth = sandbox.world().truth(kind);
    truth.retain(|object| !out(object));
    truth.reverse();
    truth
}

fn names(objects: &[Value]) -> Vec<&str> {
    objects.iter().map(|object| object["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn paging_shows_each_object_once_newest_first() {
    let sandbox = start().await;
    let invoices = all(&sandbox, "/v1/invoices?").await;
    assert_eq!(names(&invoices), names(&without(Kind::Invoice, &sandbox, |_| false)));
    let customers = all(&sandbox, "/v1/customers?").await;
    let living = without(Kind::Customer, &sandbox, |found| found["deleted"] == true);
    assert_eq!(names(&customers), names(&living));
}

#[tokio::test]
async fn ending_before_pages_towards_the_newest() {
    let sandbox = start().await;
    let newest = names(&without(Kind::Invoice, &sandbox, |_| false)).join(" ");
    let newest: Vec<&str> = newest.split(' ').collect();
    let (_, page) = get(&sandbox, &format!("/v1/invoices?limit=3&ending_before={}", newest[5])).await;
    assert_eq!(ids(&page), newest[2..5]);
    assert_eq!(page["has_more"], true);
}

#[tokio::test]
async fn a_created_invoice_takes_its_place_by_time() {
    let sandbox = start().await;
    let customer = sandbox.world().create_customer(json!({"name": "New"}));
    let id = sandbox
        .world()
        .create_paid_invoice(&customer, NOW - 500 * 86_400, NOW - 60);
    let invoices = all(&sandbox, "/v1/invoices?status=paid&").await;
    let created: Vec<i64> = invoices
        .iter()
        .map(|found| found["created"].as_i64().unwrap())
        .collect();
    assert!(created.is_sorted_by(|newer, older| newer >= older));
    assert!(names(&invoices).contains(&id.as_str()));
    let (_, newest) = get(&sandbox, "/v1/customers?limit=1").await;
    assert_eq!(ids(&newest), [customer]);
    let path = format!("/v1/invoices?created[lt]={NOW}&ending_before={id}&limit=1");
    assert_eq!(get(&sandbox, &path).await.0, 200);
}

#[tokio::test]
async fn a_dead_cursor_is_refused() {
    let sandbox = start().await;
    let (_, page) = get(&sandbox, "/v1/customers?limit=1").await;
    let id = ids(&page).pop().unwrap();
    sandbox.world().delete_customer(&id);
    let (status, body) = get(&sandbox, &format!("/v1/customers?starting_after={id}")).await;
    assert_eq!(status, 400);
    assert_eq!(body["error"]["code"], "resource_missing");
    assert_eq!(body["error"]["param"], "starting_after");
    let (status, stub) = get(&sandbox, &format!("/v1/customers/{id}")).await;
    assert_eq!(
        (status, stub),
        (200, json!({"id": id, "object": "customer", "deleted": true}))
    );
}

#[tokio::test]
async fn filters_agree_with_the_objects() {
    let sandbox = start().await;
    let customer = sandbox.world().truth(Kind::Subscription)[20]["customer"].clone();
    let customer = customer.as_str().unwrap();
    for (path, kind, field, value) in [
        ("/v1/invoices?status=paid&", Kind::Invoice, "status", "paid"),
        (
            "/v1/invoices?collection_method=send_invoice&",
            Kind::Invoice,
            "collection_method",
            "send_invoice",
        ),
        (
            "/v1/subscriptions?status=past_due&",
            Kind::Subscription,
            "status",
            "past_due",
        ),
        (
            &format!("/v1/invoices?customer={customer}&"),
            Kind::Invoice,
            "customer",
            customer,
        ),
        (
            &format!("/v1/subscriptions?status=all&customer={customer}&"),
            Kind::Subscription,
            "customer",
            customer,
        ),
    ] {
        let found = all(&sandbox, path).await;
        assert_eq!(
            names(&found),
            names(&without(kind, &sandbox, |object| object[field] != value)),
            "{path}"
        );
    }
}

#[tokio::test]
async fn default_scopes_leave_out_what_stripe_leaves_out() {
    let sandbox = start().await;
    let living = all(&sandbox, "/v1/subscriptions?").await;
    let expected = without(Kind::Subscription, &sandbox, |found| found["status"] == "canceled");
    assert_eq!(names(&living), names(&expected));
    let ended = all(&sandbox, "/v1/subscriptions?status=ended&").await;
    assert!(ended.iter().any(|found| found["status"] == "incomplete_expired"));
    let active = all(&sandbox, "/v1/prices?").await;
    let inactive = all(&sandbox, "/v1/prices?active=false&").await;
    assert!(active.iter().all(|price| price["active"] == true));
    assert!(inactive.iter().all(|price| price["active"] == false) && !inactive.is_empty());
    assert!(active.len() + inactive.len() < sandbox.world().truth(Kind::Price).len());
}

#[tokio::test]
async fn created_ranges_cut_the_list() {
    let sandbox = start().await;
    let truth = sandbox.world().truth(Kind::Invoice);
    let edge = truth[30]["created"].as_i64().unwrap();
    let above = all(&sandbox, &format!("/v1/invoices?created[gt]={edge}&")).await;
    let below = all(&sandbox, &format!("/v1/invoices?created[lte]={edge}&")).await;
    assert_eq!(above.len() + below.len(), truth.len());
    assert!(above.iter().all(|found| found["created"].as_i64().unwrap() > edge));
    let exact = all(&sandbox, &format!("/v1/invoices?created={edge}&")).await;
    assert!(exact.iter().any(|found| found["id"] == truth[30]["id"]));
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let sandbox = start().await;
    let many = "&types[]=invoice.paid".repeat(21);
    for (path, param) in [
        ("/v1/invoices?limit=0", "limit"),
        ("/v1/invoices?limit=101", "limit"),
        ("/v1/invoices?include[]=total_count", "include[]"),
        ("/v1/invoices?status=late", "status"),
        ("/v1/invoices?expand[]=data.charge", "expand"),
        (
            "/v1/invoices?expand[]=data.lines.data.discounts.source.coupon",
            "expand",
        ),
        (&format!("/v1/events?limit=1{many}"), "types"),
        ("/v1/customers?created[gte]=soon", "created[gte]"),
    ] {
        let (status, body) = get(&sandbox, path).await;
        assert_eq!((status, &body["error"]["param"]), (400, &json!(param)), "{path}");
    }
    assert_eq!(get(&sandbox, "/v1/invoices/in_none").await.0, 404);
    assert_eq!(get(&sandbox, "/v1/charges").await.0, 404);
}

#[tokio::test]
async fn expansion_adds_what_is_asked_for() {
    let sandbox = start().await;
    let plain = all(&sandbox, "/v1/prices?").await;
    assert!(
        plain
            .iter()
            .all(|price| price.get("tiers").is_none() && price.get("currency_options").is_none())
    );
    let full = all(
        &sandbox,
        "/v1/prices?expand[]=data.tiers&expand[]=data.currency_options&",
    )
    .await;
    assert!(full.iter().any(|price| price["tiers"].is_array()));
    assert!(full.iter().any(|price| price["currency_options"].is_object()));
    let path = "/v1/subscriptions?status=all&expand[]=data.discounts.source.coupon&expand[]=data.items.data.discounts&";
    let subscriptions = all(&sandbox, path).await;
    let coupon = subscriptions
        .iter()
        .find_map(|found| found["discounts"].get(0))
        .unwrap();
    assert_eq!(coupon["source"]["coupon"]["object"], "coupon");
    let discounted = subscriptions
        .iter()
        .flat_map(|found| found["items"]["data"].as_array().unwrap());
    assert!(
        discounted
            .filter_map(|item| item["discounts"].get(0))
            .all(|discount| discount["object"] == "discount")
    );
    let (_, coupon) = get(&sandbox, "/v1/coupons/TEAM20?expand[]=applies_to").await;
    assert!(coupon["applies_to"]["products"].is_array());
}

#[tokio::test]
async fn long_embedded_lists_are_cut_and_served_apart() {
    let sandbox = start().await;
    let invoices = all(&sandbox, "/v1/invoices?").await;
    let long = invoices
        .iter()
        .find(|found| found["lines"]["has_more"] == true)
        .unwrap();
    assert_eq!(long["lines"]["data"].as_array().unwrap().len(), 10);
    let url = long["lines"]["url"].as_str().unwrap();
    let lines = all(&sandbox, &format!("{url}?")).await;
    let whole = sandbox
        .world()
        .get(Kind::Invoice, long["id"].as_str().unwrap())
        .unwrap();
    assert_eq!(json!(lines), whole["lines"]["data"]);
    let subscriptions = all(&sandbox, "/v1/subscriptions?status=all&").await;
    let wide = subscriptions
        .iter()
        .find(|found| found["items"]["has_more"] == true)
        .unwrap();
    let items = all(&sandbox, &format!("{}&", wide["items"]["url"].as_str().unwrap())).await;
    assert_eq!(items.len(), 13);
}

#[tokio::test]
async fn recent_payments_have_events() {
    let sandbox = start().await;
    let events = all(&sandbox, "/v1/events?type=invoice.paid&").await;
    assert!(!events.is_empty());
    for event in &events {
        let object = &event["data"]["object"];
        assert_eq!(event["created"], object["status_transitions"]["paid_at"]);
        assert!(event["created"].as_i64().unwrap() >= NOW - 30 * 86_400);
    }
    sandbox.world().advance_clock(31 * 86_400);
    assert!(all(&sandbox, "/v1/events?").await.is_empty());
    let date = send(&sandbox, "/v1/account").await.unwrap().headers()["date"].clone();
    assert_eq!(date, "Sat, 19 Dec 2026 11:06:40 GMT");
}

#[tokio::test]
async fn tiers_in_another_currency_come_by_its_name_only() {
    let sandbox = Sandbox::start(options()).await.unwrap();
    let option = |unit: i64| json!({ "tiers": [{ "up_to": null, "unit_amount": unit }] });
    sandbox.world().put(
        Kind::Price,
        json!({ "id": "price_steps", "currency": "usd", "billing_scheme": "tiered", "tiers": option(100)["tiers"],
            "currency_options": { "eur": option(90), "gbp": option(80) } }),
    );
    let of = async |expand: &str| get(&sandbox, &format!("/v1/prices/price_steps?{expand}")).await;
    let (status, general) = of("expand[]=tiers&expand[]=currency_options.tiers").await;
    assert_eq!(status, 200, "{general}");
    assert!(general["currency_options"]["eur"].get("tiers").is_none(), "{general}");
    let (_, named) = of("expand[]=currency_options.eur.tiers&expand[]=currency_options").await;
    assert_eq!(named["currency_options"]["eur"], option(90));
    assert!(named["currency_options"]["gbp"].get("tiers").is_none(), "{named}");
    let (_, both) = of("expand[]=currency_options.eur.tiers&expand[]=currency_options.gbp.tiers").await;
    assert_eq!(
        both["currency_options"],
        json!({ "eur": option(90), "gbp": option(80) })
    );
    let (_, list) = get(&sandbox, "/v1/prices?limit=1&expand[]=data.currency_options.eur.tiers").await;
    assert_eq!(list["data"][0]["currency_options"]["eur"], option(90), "{list}");
    assert_eq!(of("expand[]=currency_options.eur.unit_amount").await.0, 400);
}

#[tokio::test]
async fn a_plus_in_a_path_is_a_blank_unless_it_is_escaped() {
    let sandbox = start().await;
    for id in ["a+b", "a b"] {
        sandbox.world().create_product(json!({ "id": id }));
    }
    for (path, id) in [("a+b", "a b"), ("a%20b", "a b"), ("a%2Bb", "a+b")] {
        let (status, product) = get(&sandbox, &format!("/v1/products/{path}")).await;
        assert_eq!((status, &product["id"]), (200, &json!(id)), "{path}");
    }
}
