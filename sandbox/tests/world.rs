//! The generated world itself: its money adds up and it is the same each time.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use sandbox::{Kind, Options, Sandbox};
use serde_json::Value;

const NOW: i64 = 1_795_000_000;

fn options() -> Options {
    Options {
        invoices: 3_000,
        customers: 300,
        subscriptions: 400,
        products: 24,
        now: Some(NOW),
        ..Options::default()
    }
}

fn sum(entries: &Value, field: &str) -> i64 {
    entries
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry[field].as_i64().unwrap())
        .sum()
}

fn grants(entries: &Value) -> i64 {
    let granted = entries.as_array().unwrap().iter();
    granted
        .filter(|entry| entry["type"] == "credit_balance_transaction")
        .map(|entry| entry["amount"].as_i64().unwrap())
        .sum()
}

fn taxes(entries: &Value, behavior: &str) -> i64 {
    let levied = entries.as_array().unwrap().iter();
    levied
        .filter(|entry| entry["tax_behavior"] == behavior)
        .map(|entry| entry["amount"].as_i64().unwrap())
        .sum()
}

fn check(invoice: &Value) {
    let id = &invoice["id"];
    let lines = invoice["lines"]["data"].as_array().unwrap();
    let over = |part: &dyn Fn(&Value) -> i64| lines.iter().map(part).sum::<i64>();
    let net = over(&|line| {
        line["amount"].as_i64().unwrap()
            - sum(&line["discount_amounts"], "amount")
            - grants(&line["pretax_credit_amounts"])
    });
    let exclusive = over(&|line| taxes(&line["taxes"], "exclusive"));
    let inclusive = over(&|line| taxes(&line["taxes"], "inclusive"));
    let shipping = |part: &str| invoice["shipping_cost"][part].as_i64().unwrap_or_default();
    let total = invoice["total"].as_i64().unwrap();
    assert_eq!(total, net + exclusive + shipping("amount_total"), "{id}");
    assert_eq!(
        invoice["total_excluding_tax"],
        total - exclusive - inclusive - shipping("amount_tax"),
        "{id}"
    );
    assert_eq!(taxes(&invoice["total_taxes"], "exclusive"), exclusive, "{id}");
    assert_eq!(taxes(&invoice["total_taxes"], "inclusive"), inclusive, "{id}");
    let discounts = over(&|line| sum(&line["discount_amounts"], "amount"));
    assert_eq!(sum(&invoice["total_discount_amounts"], "amount"), discounts, "{id}");
    assert_eq!(
        grants(&invoice["total_pretax_credit_amounts"]),
        over(&|line| grants(&line["pretax_credit_amounts"]))
    );
    let step = match invoice["currency"].as_str().unwrap() {
        "isk" => 100,
        "kwd" => 10,
        _ => 1,
    };
    for line in lines {
        let prorated = line["parent"]["subscription_item_details"]["proration"] == true;
        assert!(!prorated || line["discount_amounts"] == serde_json::json!([]), "{id}");
        assert_eq!(line["amount"].as_i64().unwrap() % step, 0, "{id}");
        assert_eq!(sum(&line["taxes"], "amount") % step, 0, "{id}");
    }
    assert_eq!(total % step, 0, "{id}");
}

#[tokio::test]
async fn the_money_of_every_invoice_adds_up() {
    let sandbox = Sandbox::start(options()).await.unwrap();
    let invoices = sandbox.world().truth(Kind::Invoice);
    assert_eq!(invoices.len(), 3_000);
    invoices.iter().for_each(check);
}

#[tokio::test]
async fn the_world_holds_what_is_hard() {
    let sandbox = Sandbox::start(options()).await.unwrap();
    let invoices = sandbox.world().truth(Kind::Invoice);
    let some = |holds: &dyn Fn(&Value) -> bool| invoices.iter().filter(|invoice| holds(invoice)).count();
    for status in ["draft", "open", "paid", "void", "uncollectible"] {
        assert!(some(&|invoice| invoice["status"] == status) > 0, "{status}");
    }
    let lines = |invoice: &Value| invoice["lines"]["data"].as_array().unwrap().len();
    for count in [130, 260] {
        assert!(some(&|invoice| lines(invoice) == count) > 0, "{count}");
    }
    assert!(some(&|invoice| invoice["customer"].is_null()) > 0);
    assert!(some(&|invoice| invoice["total"] == 0) > 0);
    assert!(some(&|invoice| invoice["total"].as_i64().unwrap() < 0) > 0);
    assert!(some(&|invoice| grants(&invoice["total_pretax_credit_amounts"]) > 0) > 0);
    assert!(some(&|invoice| invoice["shipping_cost"]["amount_tax"].as_i64() > Some(0)) > 0);
    let late = |invoice: &Value| {
        let paid = invoice["status_transitions"]["paid_at"].as_i64();
        let created = invoice["created"].as_i64().unwrap();
        paid.is_some_and(|paid| paid - created > 380 * 86_400 && NOW - paid < 21 * 86_400)
    };
    assert!(some(&late) > 0);
    let subscriptions = sandbox.world().truth(Kind::Subscription);
    for status in [
        "incomplete",
        "incomplete_expired",
        "trialing",
        "active",
        "past_due",
        "canceled",
        "unpaid",
        "paused",
    ] {
        assert!(subscriptions.iter().any(|found| found["status"] == status), "{status}");
    }
    let deleted = sandbox
        .world()
        .truth(Kind::Customer)
        .iter()
        .filter(|found| found["deleted"] == true)
        .count();
    assert!(deleted > 0);
}

#[tokio::test]
async fn the_same_seed_gives_the_same_world() {
    let (one, two) = (
        Sandbox::start(options()).await.unwrap(),
        Sandbox::start(options()).await.unwrap(),
    );
    let other = Sandbox::start(Options { seed: 2, ..options() }).await.unwrap();
    for kind in Kind::ALL {
        assert_eq!(one.world().truth(kind), two.world().truth(kind), "{kind:?}");
    }
    assert_ne!(one.world().truth(Kind::Invoice), other.world().truth(Kind::Invoice));
}
