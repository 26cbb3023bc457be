//! Refunds without a credit note: found by lists, by events and by looks, and what that costs.

use std::time::Duration;

use entity::source_object;
use sandbox::{Kind, Options};
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use tributary::store::source::unpack;

use super::support::{billed, connected, contract, look, look_each_minute, pass, put_month, reconcile, says};
use crate::support::webhook::until_taken_out;
use crate::support::{TestApp, WebhookSender};

const KEPT: &str = "net { decimal } refunded { decimal } kept { decimal }";
const KEY: &str = "rk_test_WithoutTheRightToRefunds";
const RIGHTS: [&str; 8] = [
    "rak_customer_read",
    "rak_product_read",
    "rak_plan_read",
    "rak_coupon_read",
    "rak_invoice_read",
    "rak_subscription_read",
    "rak_credit_note_read",
    "rak_event_read",
];

fn kept(refunded: &str, kept: &str) -> Value {
    json!({ "net": { "decimal": "20.00" }, "refunded": { "decimal": refunded }, "kept": { "decimal": kept } })
}

fn asked(app: &TestApp, path: &str) -> usize {
    let requests = app.sandbox().requests();
    requests
        .iter()
        .filter(|request| request.path_and_query.starts_with(path))
        .count()
}

/// The sums of all contracts, and of the one client.
async fn sums(app: &TestApp) -> [Value; 2] {
    let query = "{ revenue { net { decimal } refunded { decimal } kept { decimal } }
        clients(first: 5) { nodes { revenue { net { decimal } refunded { decimal } kept { decimal } } } } }";
    let told = app.graphql(query, json!({})).await;
    let clients = told["clients"]["nodes"].as_array().unwrap();
    let of_client = clients.iter().find_map(|client| client["revenue"].get(0)).unwrap();
    [told["revenue"][0].clone(), of_client.clone()]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_finds_them_and_what_comes_back_counts_no_more() {
    let (app, id) = billed().await;
    let world = app.sandbox().world();
    says(&app, "in_month", KEPT, &kept("0.00", "20.00")).await;
    let refund = world.create_refund("in_month", 595);
    look(&app).await;
    says(&app, "in_month", KEPT, &kept("5.95", "14.05")).await;
    assert_eq!(sums(&app).await, [kept("5.95", "14.05"), kept("5.95", "14.05")]);
    world.create_refund("in_month", 1_405);
    look(&app).await;
    says(&app, "in_month", KEPT, &kept("20.00", "0.00")).await;
    // No look asks for that: the reconcile finds it.
    world.fail_refund(&refund);
    look(&app).await;
    says(&app, "in_month", KEPT, &kept("20.00", "0.00")).await;
    reconcile(&app, &id, &["CONTRACT"]).await;
    says(&app, "in_month", KEPT, &kept("14.05", "5.95")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_and_its_credit_note_count_once_in_either_order() {
    for note_first in [true, false] {
        let (app, id) = billed().await;
        let hooks = WebhookSender::connect(&app, &id).await;
        let world = app.sandbox().world();
        let known = world.events_after(0).len();
        let refund = world.create_refund("in_month", 500);
        let note = world.create_credit_note("in_month");
        let share = json!({ "refunds": [{ "amount_refunded": 500, "refund": refund, "type": "refund" }] });
        world.update(Kind::CreditNote, &note, share);
        let mut events = world.events_after(known);
        if note_first {
            events.reverse();
        }
        for event in events {
            hooks.send(&app, &event).await;
            until_taken_out(&app).await;
        }
        let told =
            json!({ "net": { "decimal": "15.00" }, "refunded": { "decimal": "0.00" }, "kept": { "decimal": "15.00" } });
        says(&app, "in_month", KEPT, &told).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_asks_once_of_each_whose_it_is() {
    let (app, id) = connected().await;
    let world = app.sandbox().world();
    put_month(world);
    for _ in 0..4 {
        world.create_refund("in_month", 100);
    }
    for _ in 0..3 {
        world.create_refund_of_no_invoice(100);
    }
    pass(&app, Duration::from_mins(1));
    assert_eq!(app.admin().import(&id).await["state"], "SUCCEEDED");
    says(&app, "in_month", KEPT, &kept("4.00", "16.00")).await;
    assert_eq!(
        (asked(&app, "/v1/refunds?"), asked(&app, "/v1/invoice_payments?")),
        (2, 7)
    );
    assert_eq!(app.admin().import(&id).await["state"], "SUCCEEDED");
    reconcile(&app, &id, &["CONTRACT"]).await;
    assert_eq!(
        asked(&app, "/v1/invoice_payments?"),
        7,
        "what is here is not asked for again"
    );
    says(&app, "in_month", KEPT, &kept("4.00", "16.00")).await;
    let bodies = source_object::Entity::find().all(app.db().read()).await.unwrap();
    let written = bodies.iter().filter_map(|row| unpack(&row.body).ok());
    assert!(
        written
            .into_iter()
            .all(|value| !value.to_string().contains("Ada asked")),
        "people's words are not kept"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_without_the_right_says_so_and_everything_else_goes_on() {
    let options = Options {
        customers: 1,
        invoices: 0,
        subscriptions: 0,
        restricted_keys: vec![(KEY.to_owned(), RIGHTS.map(str::to_owned).into())],
        ..Options::default()
    };
    let app = TestApp::builder().sandbox(options).start().await;
    let world = app.sandbox().world();
    put_month(world);
    world.create_refund("in_month", 100);
    pass(&app, Duration::from_mins(1));
    let id = app.admin().connect_stripe(KEY, 3650).await;
    look_each_minute(&app, &id).await;
    let run = app.admin().import(&id).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    says(&app, "in_month", KEPT, &kept("0.00", "20.00")).await;
    world.create_refund("in_month", 100);
    look(&app).await;
    says(&app, "in_month", KEPT, &kept("0.00", "20.00")).await;
    let query = "query($id: ID!) { integration(id: $id) { permissions { object granted required hint } } }";
    let told = app.graphql(query, json!({ "id": id })).await;
    let permissions = told["integration"]["permissions"].as_array().unwrap();
    let refunds = permissions
        .iter()
        .find(|permission| permission["object"] == "refunds")
        .unwrap();
    assert_eq!(
        (&refunds["granted"], &refunds["required"]),
        (&json!(false), &json!(false))
    );
    assert!(
        refunds["hint"].as_str().unwrap().contains("`refunded` is 0"),
        "{refunds}"
    );
    assert!(contract(&app, "in_month", "id").await["id"].is_string());
}
