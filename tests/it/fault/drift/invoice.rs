//! Invoices in odd shapes.

use sandbox::Kind;
use serde_json::{Value, json};

use super::case::{Case, End, Fails, Here, Passed, Warned, case, import, long_text};

const BAD: End = Fails("INVALID_OBJECT");
const TOO_LARGE: End = Fails("AMOUNT_TOO_LARGE");
const OUT_OF_RANGE: End = Fails("DATE_OUT_OF_RANGE");

fn line(invoice: &mut Value) -> &mut Value {
    &mut invoice["lines"]["data"][0]
}

fn remove(object: &mut Value, field: &str) {
    object.as_object_mut().unwrap().remove(field);
}

const WHOLE: &[Case] = &[
    case(
        "a new field",
        |i| i["scent"] = json!({ "of": [[["x"]], 1, null] }),
        Here,
    ),
    case("an unknown status", |i| i["status"] = json!("settled"), Passed),
    case("no status", |i| remove(i, "status"), BAD),
    case("a renamed status", |i| i["state"] = i["status"].take(), BAD),
    case("a number for the status", |i| i["status"] = json!(3), BAD),
    case("no total", |i| remove(i, "total"), BAD),
    case(
        "text for the total",
        |i| i["total"] = json!(i["total"].to_string()),
        BAD,
    ),
    case("a fraction for the total", |i| i["total"] = json!(12.5), BAD),
    case(
        "a total beyond all",
        |i| i["total"] = json!(9_223_372_036_854_775_808_u64),
        BAD,
    ),
    case("a total far beyond all", |i| i["total"] = json!(1e300), BAD),
    case("the smallest total", |i| i["total"] = json!(i64::MIN), TOO_LARGE),
    case("no currency", |i| remove(i, "currency"), BAD),
    case("NUL in the currency", |i| i["currency"] = json!("us\0"), BAD),
    case(
        "a currency of a megabyte",
        |i| i["currency"] = json!(long_text(1 << 20)),
        BAD,
    ),
    case("no number", |i| i["number"] = json!(null), Here),
    case("a number for the number", |i| i["number"] = json!(5), BAD),
    case(
        "NUL in the number",
        |i| i["number"] = json!("A\0"),
        Warned("A NUL character"),
    ),
    case(
        "a number of a megabyte",
        |i| i["number"] = json!(long_text(1 << 20)),
        Warned("was shortened"),
    ),
    case("no customer", |i| i["customer"] = json!(null), Here),
    case(
        "an expanded customer",
        |i| i["customer"] = json!({ "id": i["customer"], "deleted": true }),
        Here,
    ),
    case("a list for the customer", |i| i["customer"] = json!([]), BAD),
    case("NUL in the customer", |i| i["customer"] = json!("cus\0"), BAD),
    case(
        "a customer of a megabyte",
        |i| i["customer"] = json!(long_text(1 << 20)),
        BAD,
    ),
    case("null for the parent", |i| i["parent"] = json!(null), Here),
    case("text for the parent", |i| i["parent"] = json!("sub_1"), BAD),
    case(
        "NUL in the subscription",
        |i| i["parent"] = json!({ "subscription_details": { "subscription": "s\0" } }),
        BAD,
    ),
    case(
        "null for the transitions",
        |i| i["status_transitions"] = json!(null),
        Here,
    ),
    case(
        "text for a date",
        |i| i["status_transitions"]["paid_at"] = json!("1792592000"),
        BAD,
    ),
    case(
        "paid in the year 0",
        |i| i["status_transitions"]["paid_at"] = json!(-62_167_219_200_i64),
        OUT_OF_RANGE,
    ),
    case(
        "paid before 1970",
        |i| i["status_transitions"]["paid_at"] = json!(-86_401),
        Here,
    ),
    case(
        "paid after 2038",
        |i| i["status_transitions"]["paid_at"] = json!(4_102_444_800_i64),
        Here,
    ),
    case(
        "paid in the year 9999",
        |i| i["status_transitions"]["paid_at"] = json!(253_402_300_799_i64),
        Here,
    ),
    case(
        "paid in the year 10000",
        |i| i["status_transitions"]["paid_at"] = json!(253_402_300_800_i64),
        OUT_OF_RANGE,
    ),
    case(
        "paid on the last date of all",
        |i| i["status_transitions"]["paid_at"] = json!(i64::MAX),
        OUT_OF_RANGE,
    ),
    case("no creation", |i| remove(i, "created"), BAD),
    case(
        "the smallest shipping tax",
        |i| i["shipping_cost"] = json!({ "amount_total": 0, "amount_tax": i64::MIN }),
        TOO_LARGE,
    ),
    case("text for the shipping", |i| i["shipping_cost"] = json!("free"), BAD),
    case("the other mode", |i| i["livemode"] = json!(true), Fails("WRONG_MODE")),
];

const IN_LINES: &[Case] = &[
    case("no lines", |i| remove(i, "lines"), BAD),
    case("renamed lines", |i| i["items"] = i["lines"].take(), BAD),
    case("lines without their data", |i| remove(&mut i["lines"], "data"), BAD),
    case("null among the lines", |i| *line(i) = json!(null), BAD),
    case("a line without its id", |i| remove(line(i), "id"), BAD),
    case("NUL in a line's id", |i| line(i)["id"] = json!("il\0"), BAD),
    case(
        "a line twice",
        |i| i["lines"]["data"] = json!([line(i).clone(), line(i).clone()]),
        Fails("DUPLICATE_LINE"),
    ),
    case("a line without its amount", |i| remove(line(i), "amount"), BAD),
    case("text for an amount", |i| line(i)["amount"] = json!("2000"), BAD),
    case(
        "an amount beyond all",
        |i| line(i)["amount"] = json!(9_223_372_036_854_775_808_u64),
        BAD,
    ),
    case(
        "the smallest amount",
        |i| line(i)["amount"] = json!(i64::MIN),
        TOO_LARGE,
    ),
    case(
        "the largest amounts",
        |i| {
            line(i)["amount"] = json!(i64::MAX);
            line(i)["taxes"] = json!([{ "amount": i64::MIN, "tax_behavior": "inclusive" }]);
        },
        TOO_LARGE,
    ),
    case(
        "the smallest discount",
        |i| line(i)["discount_amounts"] = json!([{ "amount": i64::MIN }]),
        TOO_LARGE,
    ),
    case(
        "text for the discounts",
        |i| line(i)["discount_amounts"] = json!("none"),
        BAD,
    ),
    case(
        "a tax without its amount",
        |i| line(i)["taxes"] = json!([{ "tax_behavior": "exclusive" }]),
        BAD,
    ),
    case(
        "an unknown kind of credit",
        |i| line(i)["pretax_credit_amounts"] = json!([{ "amount": 5, "type": "gift" }]),
        Here,
    ),
    case(
        "an unknown parent",
        |i| line(i)["parent"] = json!({ "type": "bundle_details", "bundle_details": {} }),
        Here,
    ),
    case("text for a quantity", |i| line(i)["quantity"] = json!("3"), BAD),
    case(
        "an unreadable exact quantity",
        |i| line(i)["quantity_decimal"] = json!("1e400"),
        BAD,
    ),
    case(
        "null for the price",
        |i| line(i)["pricing"] = json!(null),
        Warned("is not known: it is not counted as recurring revenue"),
    ),
    case(
        "NUL in a price",
        |i| line(i)["pricing"] = json!({ "price_details": { "price": "p\0", "product": null } }),
        BAD,
    ),
    case(
        "a product of a megabyte",
        |i| {
            line(i)["pricing"] = json!({ "price_details": { "price": null, "product": long_text(1 << 20) } });
        },
        BAD,
    ),
    case("null for a period", |i| line(i)["period"] = json!(null), Here),
    case(
        "a period of all time",
        |i| line(i)["period"] = json!({ "start": i64::MIN, "end": i64::MAX }),
        OUT_OF_RANGE,
    ),
    case(
        "a period to the year 9999",
        |i| line(i)["period"]["end"] = json!(253_402_300_799_i64),
        Here,
    ),
    case("no description", |i| line(i)["description"] = json!(null), Here),
    case(
        "NUL in a description",
        |i| line(i)["description"] = json!("A\0B"),
        Warned("A NUL character"),
    ),
    case("half a character", |i| line(i)["description"] = json!("<half>"), Here),
    case(
        "a description of a megabyte",
        |i| line(i)["description"] = json!(long_text(1 << 20)),
        Warned("was shortened"),
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_of_an_invoice_is_here() {
    import(Kind::Invoice, WHOLE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_of_an_invoice_s_lines_is_here() {
    import(Kind::Invoice, IN_LINES).await;
}
