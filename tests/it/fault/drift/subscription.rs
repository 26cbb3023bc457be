//! Subscriptions in odd shapes.

use sandbox::Kind;
use serde_json::{Value, json};

use super::case::{Case, End, Fails, Here, Warned, case, import, long_text};

const BAD: End = Fails("INVALID_OBJECT");

fn item(subscription: &mut Value) -> &mut Value {
    &mut subscription["items"]["data"][0]
}

const CASES: &[Case] = &[
    case("a new field", |s| s["mood"] = json!({ "of": ["x", 1, null] }), Here),
    case(
        "an unknown status",
        |s| s["status"] = json!("hibernating"),
        Warned("hibernating is not known here"),
    ),
    case(
        "NUL in the status",
        |s| s["status"] = json!("a\0b"),
        Warned("A NUL character"),
    ),
    case("no status", |s| s["status"] = json!(null), BAD),
    case("no items", |s| drop(s.as_object_mut().unwrap().remove("items")), BAD),
    case("null for the items", |s| s["items"] = json!(null), BAD),
    case("renamed items", |s| s["entries"] = s["items"].take(), BAD),
    case(
        "items without their data",
        |s| s["items"] = json!({ "object": "list", "has_more": false }),
        BAD,
    ),
    case("an item without its price", |s| item(s)["price"] = json!(null), BAD),
    case("an item without its id", |s| item(s)["id"] = json!(null), BAD),
    case("NUL in an item's id", |s| item(s)["id"] = json!("si\0"), BAD),
    case(
        "NUL in a price's id",
        |s| item(s)["price"]["id"] = json!("price\0"),
        BAD,
    ),
    case(
        "NUL in a product's id",
        |s| item(s)["price"]["product"] = json!("prod\0"),
        BAD,
    ),
    case("text for a quantity", |s| item(s)["quantity"] = json!("3"), BAD),
    case("a quantity beyond all", |s| item(s)["quantity"] = json!(1e30), BAD),
    case(
        "the largest quantity",
        |s| item(s)["quantity"] = json!(i64::MAX),
        Fails("AMOUNT_TOO_LARGE"),
    ),
    case(
        "an expanded customer",
        |s| s["customer"] = json!({ "id": s["customer"], "balance": "x" }),
        Here,
    ),
    case("no customer", |s| s["customer"] = json!(null), Here),
    case("a number for the customer", |s| s["customer"] = json!(5), BAD),
    case("NUL in the customer", |s| s["customer"] = json!("cus\0"), BAD),
    case(
        "a customer of a megabyte",
        |s| s["customer"] = json!(long_text(1 << 20)),
        BAD,
    ),
    case("no discounts", |s| s["discounts"] = json!(null), Here),
    case(
        "discounts as ids",
        |s| s["discounts"] = json!(["di_1"]),
        Warned("is not known and not taken off"),
    ),
    case(
        "NUL in a discount",
        |s| s["discounts"] = json!(["di\0"]),
        Warned("is not known and not taken off"),
    ),
    case("text for the discounts", |s| s["discounts"] = json!("x"), BAD),
    case("no currency", |s| s["currency"] = json!(null), BAD),
    case("NUL in the currency", |s| s["currency"] = json!("us\0"), BAD),
    case(
        "a currency of a megabyte",
        |s| s["currency"] = json!(long_text(1 << 20)),
        BAD,
    ),
    case(
        "a description of a megabyte",
        |s| s["description"] = json!(long_text(1 << 20)),
        Here,
    ),
    case("text for a date", |s| s["cancel_at"] = json!("tomorrow"), BAD),
    case(
        "made in the year 0",
        |s| s["created"] = json!(-62_167_219_200_i64),
        Fails("DATE_OUT_OF_RANGE"),
    ),
    case("made before 1970", |s| s["created"] = json!(-86_400), Here),
    case(
        "ends in the year 9999",
        |s| item(s)["current_period_end"] = json!(253_402_300_799_i64),
        Here,
    ),
    case(
        "ends in the year 10000",
        |s| item(s)["current_period_end"] = json!(253_402_300_800_i64),
        Fails("DATE_OUT_OF_RANGE"),
    ),
    case(
        "ends on the last date of all",
        |s| item(s)["current_period_end"] = json!(i64::MAX),
        Fails("DATE_OUT_OF_RANGE"),
    ),
    case(
        "begins on the first date of all",
        |s| item(s)["current_period_start"] = json!(i64::MIN),
        Fails("DATE_OUT_OF_RANGE"),
    ),
    case("the other mode", |s| s["livemode"] = json!(true), Fails("WRONG_MODE")),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_of_a_subscription_is_here() {
    import(Kind::Subscription, CASES).await;
}
