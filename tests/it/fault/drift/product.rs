//! Products in odd shapes.

use sandbox::Kind;
use serde_json::json;

use super::case::{Case, Fails, Here, Warned, case, import, long_text};

const CASES: &[Case] = &[
    case(
        "a new field",
        |p| p["carbon"] = json!({ "grams": 1.5e-7, "by": [{}] }),
        Here,
    ),
    case("no name", |p| drop(p.as_object_mut().unwrap().remove("name")), Here),
    case("an unknown type", |p| p["type"] = json!("experience"), Here),
    case(
        "text for the flag",
        |p| p["active"] = json!("perhaps"),
        Warned("active gives nothing that fits"),
    ),
    case("no flag", |p| p["active"] = json!(null), Here),
    case("a list for the metadata", |p| p["metadata"] = json!(["sku"]), Here),
    case("a number for the sku", |p| p["metadata"] = json!({ "sku": 5 }), Here),
    case("a long name", |p| p["name"] = json!(long_text(9_000)), Here),
    case(
        "a megabyte",
        |p| p["description"] = json!(long_text(1 << 20)),
        Fails("VALUE_TOO_LARGE"),
    ),
    case(
        "NUL",
        |p| p["description"] = json!("\0"),
        Warned("A NUL character in description was replaced."),
    ),
    case("half a character", |p| p["name"] = json!("<half> a smile"), Here),
    case("the last date of all", |p| p["created"] = json!(i64::MAX), Here),
    case("the first date of all", |p| p["created"] = json!(i64::MIN), Here),
    case("the other mode", |p| p["livemode"] = json!(true), Fails("WRONG_MODE")),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_of_a_product_is_here() {
    import(Kind::Product, CASES).await;
}
