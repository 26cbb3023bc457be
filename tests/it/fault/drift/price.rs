//! Prices in odd shapes. They make no records, but contracts are reckoned with them.

use sandbox::Kind;
use serde_json::json;

use super::case::{Case, Fails, Here, case, import};

const CASES: &[Case] = &[
    case("a new field", |p| p["surge"] = json!([{ "from": 1 }]), Here),
    case("an unknown scheme", |p| p["billing_scheme"] = json!("auction"), Here),
    case(
        "an unknown interval",
        |p| p["recurring"]["interval"] = json!("fortnight"),
        Here,
    ),
    case("no product", |p| p["product"] = json!(null), Here),
    case(
        "an expanded product",
        |p| p["product"] = json!({ "id": p["product"], "name": "x" }),
        Here,
    ),
    case(
        "a number for the product",
        |p| p["product"] = json!(5),
        Fails("INVALID_OBJECT"),
    ),
    case(
        "NUL in the product",
        |p| p["product"] = json!("prod\0"),
        Fails("INVALID_OBJECT"),
    ),
    case(
        "text for the amount",
        |p| p["unit_amount"] = json!("2000"),
        Fails("INVALID_OBJECT"),
    ),
    case(
        "an amount beyond all",
        |p| p["unit_amount"] = json!(9_223_372_036_854_775_808_u64),
        Fails("INVALID_OBJECT"),
    ),
    case("no currency", |p| p["currency"] = json!(null), Fails("INVALID_OBJECT")),
    case(
        "text for the recurrence",
        |p| p["recurring"] = json!("monthly"),
        Fails("INVALID_OBJECT"),
    ),
    case(
        "an object for the tiers",
        |p| p["tiers"] = json!({}),
        Fails("INVALID_OBJECT"),
    ),
    case("the last date of all", |p| p["created"] = json!(i64::MAX), Here),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_price_that_cannot_be_read_fails_and_takes_no_contract_with_it() {
    import(Kind::Price, CASES).await;
}
