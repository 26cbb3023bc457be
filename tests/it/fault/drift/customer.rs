//! Customers in odd shapes.

use sandbox::Kind;
use serde_json::json;

use super::case::{Case, Fails, Here, Warned, case, import, long_text};

const CASES: &[Case] = &[
    case(
        "NUL in text that is mapped and in text that is not",
        |c| {
            c["name"] = json!("A\0B");
            c["metadata"] = json!({ "no\0te": "\0" });
        },
        Warned("A NUL character in name was replaced."),
    ),
    case(
        "a new field of many shapes",
        |c| c["loyalty"] = json!({ "tiers": [1, { "of": [null, "x", [[]]] }], "": {} }),
        Here,
    ),
    case("no name", |c| drop(c.as_object_mut().unwrap().remove("name")), Here),
    case("a renamed name", |c| c["full_name"] = c["name"].take(), Here),
    case(
        "an object for a name",
        |c| c["name"] = json!({ "first": "A" }),
        Warned("name gives nothing that fits"),
    ),
    case("a number for a name", |c| c["name"] = json!(17), Here),
    case("null for the address", |c| c["address"] = json!(null), Here),
    case("text for the address", |c| c["address"] = json!("5 Main Street"), Here),
    case("a list for the address", |c| c["address"] = json!([1]), Here),
    case("null for the metadata", |c| c["metadata"] = json!(null), Here),
    case(
        "a number for the currency",
        |c| c["currency"] = json!(5),
        Warned("currency gives nothing that fits"),
    ),
    case("an unknown currency", |c| c["currency"] = json!("xts"), Here),
    case(
        "a date as text",
        |c| c["created"] = json!("1792592000"),
        Warned("inceptionDate gives nothing that fits"),
    ),
    case("no date", |c| c["created"] = json!(null), Here),
    case(
        "the year 0",
        |c| c["created"] = json!(-62_167_219_200_i64),
        Warned("inceptionDate gives nothing that fits"),
    ),
    case("the year 1", |c| c["created"] = json!(-62_135_596_800_i64), Here),
    case("before 1970", |c| c["created"] = json!(-1), Here),
    case("after 2038", |c| c["created"] = json!(4_102_444_800_i64), Here),
    case("the year 9999", |c| c["created"] = json!(253_402_300_799_i64), Here),
    case(
        "the year 10000",
        |c| c["created"] = json!(253_402_300_800_i64),
        Warned("inceptionDate gives nothing that fits"),
    ),
    case(
        "the last date of all",
        |c| c["created"] = json!(i64::MAX),
        Warned("inceptionDate gives nothing that fits"),
    ),
    case(
        "the first date of all",
        |c| c["created"] = json!(i64::MIN),
        Warned("inceptionDate gives nothing that fits"),
    ),
    case(
        "a date with a fraction",
        |c| c["created"] = json!(1.5e300),
        Warned("inceptionDate gives nothing that fits"),
    ),
    case("a long name", |c| c["name"] = json!(long_text(9_000)), Here),
    case(
        "a long name of long letters",
        |c| c["name"] = json!("\u{1F600}\u{10FFFD}\u{4E00}".repeat(3_000)),
        Here,
    ),
    case(
        "a megabyte that is mapped",
        |c| c["phone"] = json!(long_text(1 << 20)),
        Fails("VALUE_TOO_LARGE"),
    ),
    case(
        "a megabyte that is not",
        |c| c["description"] = json!(long_text(1 << 20)),
        Here,
    ),
    case(
        "half a character",
        |c| c["name"] = json!("half of a smile <half>"),
        Here,
    ),
    case(
        "letters from right to left",
        |c| c["name"] = json!("\u{202E}evil\u{200B}\u{FEFF}"),
        Here,
    ),
    case("an unknown kind", |c| c["object"] = json!("customer.v2"), Here),
    case("no mode", |c| c["livemode"] = json!(null), Here),
    case("the other mode", |c| c["livemode"] = json!(true), Fails("WRONG_MODE")),
    case("a discount as an id", |c| c["discount"] = json!("di_1"), Here),
    case(
        "a discount of another shape",
        |c| c["discount"] = json!({ "id": 5, "source": "x" }),
        Here,
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_of_a_customer_is_here() {
    import(Kind::Customer, CASES).await;
}
