//! Changes: what they do to objects, and the events and webhooks that tell.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::time::Duration;

use common::{NOW, all, get, options};
use hmac::{Hmac, KeyInit, Mac};
use sandbox::{Kind, Sandbox};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

async fn event_types(sandbox: &Sandbox) -> Vec<String> {
    let events = all(sandbox, &format!("/v1/events?created[gte]={NOW}&")).await;
    events
        .iter()
        .map(|event| event["type"].as_str().unwrap().to_owned())
        .collect()
}

fn first(sandbox: &Sandbox, kind: Kind, holds: impl Fn(&Value) -> bool) -> String {
    let truth = sandbox.world().truth(kind);
    truth.iter().find(|object| holds(object)).unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn an_update_tells_what_was_before() {
    let sandbox = Sandbox::start(options()).await.unwrap();
    let id = first(&sandbox, Kind::Customer, |found| found["deleted"].is_null());
    let before = sandbox.world().get(Kind::Customer, &id).unwrap();
    sandbox.world().update(
        Kind::Customer,
        &id,
        json!({"name": "Other", "metadata": {"crm_id": "x"}}),
    );
    let (_, served) = get(&sandbox, &format!("/v1/customers/{id}")).await;
    assert_eq!(
        (&served["name"], &served["metadata"]["crm_id"]),
        (&json!("Other"), &json!("x"))
    );
    let (_, events) = get(&sandbox, "/v1/events?limit=1&types[]=customer.*").await;
    let data = &events["data"][0]["data"];
    assert_eq!(data["previous_attributes"]["name"], before["name"]);
    assert_eq!(data["object"]["name"], "Other");
}

#[tokio::test]
async fn paying_crediting_and_canceling_show() {
    let sandbox = Sandbox::start(options()).await.unwrap();
    let world = sandbox.world();
    let invoice = first(&sandbox, Kind::Invoice, |found| found["status"] == "open");
    world.pay_invoice(&invoice);
    let note = world.create_credit_note(&invoice);
    let paid = world.get(Kind::Invoice, &invoice).unwrap();
    assert_eq!(paid["status_transitions"]["paid_at"], NOW);
    assert_eq!(
        paid["post_payment_credit_notes_amount"],
        world.get(Kind::CreditNote, &note).unwrap()["amount"]
    );
    let subscription = first(&sandbox, Kind::Subscription, |found| found["status"] == "active");
    world.cancel_subscription(&subscription);
    assert_eq!(
        get(&sandbox, &format!("/v1/subscriptions/{subscription}")).await.1["status"],
        "canceled"
    );
    let told = event_types(&sandbox).await;
    assert_eq!(
        told,
        [
            "customer.subscription.deleted",
            "invoice.updated",
            "credit_note.created",
            "invoice.paid",
            "invoice.updated"
        ]
    );
}

#[tokio::test]
async fn deleting_leaves_stubs_or_nothing() {
    let sandbox = Sandbox::start(options()).await.unwrap();
    let world = sandbox.world();
    let product = world.create_product(json!({"id": "my-product", "name": "Mine"}));
    assert_eq!(get(&sandbox, "/v1/products/my-product").await.1["name"], "Mine");
    world.delete_product(&product);
    assert_eq!(get(&sandbox, "/v1/products/my-product").await.0, 404);
    let customer = world.truth(Kind::Subscription)[20]["customer"]
        .as_str()
        .unwrap()
        .to_owned();
    world.delete_customer(&customer);
    let path = format!("/v1/subscriptions?status=all&customer={customer}&");
    let subscriptions = all(&sandbox, &path).await;
    assert!(!subscriptions.is_empty());
    assert!(subscriptions.iter().all(|found| found["status"] == "canceled"));
    assert_eq!(event_types(&sandbox).await[0], "customer.deleted");
}

#[tokio::test]
async fn webhooks_carry_a_valid_signature() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let sandbox = Sandbox::start(options()).await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    sandbox.world().register_webhook(&url, "whsec_secret");
    let customer = sandbox.world().create_customer(json!({"email": "a@example.com"}));
    let received = tokio::time::timeout(Duration::from_secs(10), receive(&listener))
        .await
        .unwrap();
    let (head, body) = received.split_once("\r\n\r\n").unwrap();
    let signature = head.lines().find_map(|line| {
        line.to_lowercase()
            .strip_prefix("stripe-signature: ")
            .map(str::to_owned)
    });
    let signature = signature.unwrap();
    let (time, hash) = signature.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(b"whsec_secret").unwrap();
    mac.update(format!("{time}.{body}").as_bytes());
    mac.verify_slice(&hex::decode(hash).unwrap()).unwrap();
    let event: Value = serde_json::from_str(body).unwrap();
    assert_eq!(
        (&event["type"], &event["data"]["object"]["id"]),
        (&json!("customer.created"), &json!(customer))
    );
}

async fn receive(listener: &TcpListener) -> String {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut text = String::new();
    let mut buffer = [0; 4_096];
    loop {
        let read = stream.read(&mut buffer).await.unwrap();
        text.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .lines()
            .find_map(|line| line.to_lowercase().strip_prefix("content-length: ").map(str::to_owned));
        if body.len() == length.unwrap().parse::<usize>().unwrap() {
            break;
        }
    }
    stream
        .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        .await
        .unwrap();
    text
}

#[tokio::test]
async fn an_event_may_be_listed_later_than_it_happened() {
    let sandbox = Sandbox::start(options()).await.unwrap();
    let world = sandbox.world();
    world.list_events_late(90);
    for number in 0..20 {
        world.create_customer(json!({ "name": format!("Late {number}") }));
    }
    let at_once = event_types(&sandbox).await.len();
    world.advance_clock(45);
    let soon = event_types(&sandbox).await.len();
    world.advance_clock(45);
    let in_the_end = event_types(&sandbox).await.len();
    assert!(at_once < soon && soon < in_the_end, "{at_once}, {soon}, {in_the_end}");
    assert_eq!(in_the_end, 20);
}

#[tokio::test]
async fn an_old_account_s_events_are_in_old_shapes() {
    let sandbox = Sandbox::start(options()).await.unwrap();
    let world = sandbox.world();
    world.tell_in_old_version();
    let invoice = first(&sandbox, Kind::Invoice, |found| found["status"] == "open");
    world.pay_invoice(&invoice);
    let (_, events) = get(&sandbox, "/v1/events?limit=1&type=invoice.paid").await;
    let (_, served) = get(&sandbox, &format!("/v1/invoices/{invoice}")).await;
    let event = &events["data"][0];
    assert_eq!(event["api_version"], "2024-06-20");
    assert!(event["data"]["object"].get("parent").is_none() && served.get("parent").is_some());
}
