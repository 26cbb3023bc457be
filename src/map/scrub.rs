//! What is left of Stripe's objects when a person is erased: what money and dates are reckoned from, and nothing that tells who it was.

use std::collections::HashSet;
use std::hash::BuildHasher;

use serde_json::Value;

/// Fields that tell of a person, wherever they stand in an object of a customer's.
const PERSONAL: [&str; 24] = [
    "address",
    "billing_details",
    "business_name",
    "cancellation_details",
    "custom_fields",
    "customer_address",
    "customer_email",
    "customer_name",
    "customer_phone",
    "customer_shipping",
    "customer_tax_ids",
    "email",
    "footer",
    "hosted_invoice_url",
    "individual_name",
    "invoice_pdf",
    "memo",
    "metadata",
    "pdf",
    "phone",
    "receipt_email",
    "shipping",
    "shipping_details",
    "tax_ids",
];

/// The customer that an object is, or is of; none for objects of nobody.
pub fn customer_of(object: &Value) -> Option<&str> {
    if object["object"] == "customer" {
        return object["id"].as_str();
    }
    let customer = &object["customer"];
    customer.as_str().or_else(|| customer["id"].as_str())
}

/// Takes everything personal out of an object of a customer's.
pub fn scrub(object: &mut Value) {
    let Some(fields) = object.as_object_mut() else { return };
    // What the merchant has written: about the whole, on a credit note, on a line that was added by hand. A line of a subscription has
    // Stripe's own text.
    let is_by_hand = fields
        .get("parent")
        .is_some_and(|parent| !parent["invoice_item_details"].is_null())
        || fields
            .get("object")
            .is_some_and(|object| object == "credit_note_line_item");
    let is_whole = fields.contains_key("customer");
    if is_by_hand || is_whole {
        empty(fields, "description");
    }
    if let Some(id) = fields.get("customer").and_then(|customer| customer["id"].as_str()) {
        let id = Value::from(id);
        fields.insert("customer".to_owned(), id);
    }
    for name in PERSONAL {
        empty(fields, name);
    }
    for value in fields.values_mut() {
        scrub_all(value);
    }
}

/// What is kept of an erased customer: the discount that its subscriptions are reckoned with. Without an id it makes no record.
pub fn reduced(customer: &Value) -> Value {
    let mut discount = customer["discount"].clone();
    scrub_all(&mut discount);
    serde_json::json!({ "object": "customer", "discount": discount })
}

/// A field stays, so that the object keeps its shape.
fn empty(fields: &mut serde_json::Map<String, Value>, name: &str) {
    if let Some(value) = fields.get_mut(name) {
        *value = Value::Null;
    }
}

fn scrub_all(value: &mut Value) {
    match value {
        Value::Object(_) => scrub(value),
        Value::Array(items) => items.iter_mut().for_each(scrub_all),
        _ => {}
    }
}

/// What became of an event's payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scrubbed {
    /// It tells of none of the erased.
    Untouched,
    /// What was personal is taken out.
    Parts,
    /// It is about an erased customer and nothing else: nothing of it may be kept.
    All,
}

/// Takes what is personal of the `erased` customers out of an event.
pub fn scrub_event<S: BuildHasher>(event: &mut Value, erased: &HashSet<String, S>) -> Scrubbed {
    let object = event.get_mut("data").and_then(|data| data.get_mut("object"));
    let told = object.filter(|object| customer_of(object).is_some_and(|id| erased.contains(id)));
    let Some(object) = told else {
        let related = &event["related_object"];
        let is_thin = related["type"] == "customer" && related["id"].as_str().is_some_and(|id| erased.contains(id));
        return if is_thin { Scrubbed::All } else { Scrubbed::Untouched };
    };
    if object["object"] == "customer" {
        return Scrubbed::All;
    }
    scrub(object);
    if let Some(data) = event["data"].as_object_mut() {
        data.remove("previous_attributes");
    }
    Scrubbed::Parts
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn invoice() -> Value {
        json!({
            "id": "in_1", "object": "invoice", "customer": {"id": "cus_1", "email": "ada@x.test"}, "customer_name": "Ada L.",
            "customer_email": "ada@x.test", "customer_address": {"city": "London"}, "description": "For Ada", "total": 500,
            "metadata": {"who": "Ada"}, "number": "A-1", "currency": "eur",
            "lines": {"object": "list", "data": [
                {"id": "il_1", "description": "1 × Team", "amount": 400, "metadata": {"x": "Ada"},
                 "parent": {"subscription_item_details": {"subscription_item": "si_1"}, "invoice_item_details": null}},
                {"id": "il_2", "description": "Dinner with Ada", "amount": 100,
                 "parent": {"invoice_item_details": {"invoice_item": "ii_1"}}},
            ]},
        })
    }

    #[test]
    fn what_is_reckoned_stays_and_who_it_was_goes() {
        let mut scrubbed = invoice();
        scrub(&mut scrubbed);
        let text = scrubbed.to_string();
        assert!(
            !text.contains("Ada") && !text.contains("ada@") && !text.contains("London"),
            "{text}"
        );
        assert_eq!(
            (&scrubbed["customer"], &scrubbed["total"], &scrubbed["number"]),
            (&json!("cus_1"), &json!(500), &json!("A-1"))
        );
        let lines = &scrubbed["lines"]["data"];
        assert_eq!(
            (&lines[0]["description"], &lines[0]["amount"]),
            (&json!("1 × Team"), &json!(400))
        );
        assert_eq!(
            (&lines[1]["description"], &lines[1]["amount"]),
            (&json!(null), &json!(100))
        );
        let once = scrubbed.clone();
        scrub(&mut scrubbed);
        assert_eq!(scrubbed, once, "twice is harmless");
    }

    #[test]
    fn a_credit_note_says_nothing_any_more() {
        let mut note = json!({
            "id": "cn_1", "object": "credit_note", "customer": "cus_1", "memo": "Sorry, Ada", "number": "A-1-CN-01", "total": 100,
            "lines": {"object": "list", "data": [
                {"id": "cnli_1", "object": "credit_note_line_item", "type": "custom_line_item", "description": "Ada's dinner", "amount": 60},
                {"id": "cnli_2", "object": "credit_note_line_item", "type": "invoice_line_item", "description": "Dinner with Ada",
                 "invoice_line_item": "il_2", "amount": 40},
            ]},
        });
        scrub(&mut note);
        assert!(!note.to_string().contains("Ada"), "{note}");
        assert_eq!(
            (&note["number"], &note["lines"]["data"][0]["amount"]),
            (&json!("A-1-CN-01"), &json!(60))
        );
    }

    #[test]
    fn events_tell_of_one_customer() {
        let erased: HashSet<String> = ["cus_1".to_owned()].into();
        let snapshot = |object: Value| json!({"id": "evt_1", "data": {"object": object, "previous_attributes": {"email": "ada@x.test"}}});
        for (shows, mut event, expected) in [
            (
                "the customer",
                snapshot(json!({"id": "cus_1", "object": "customer", "email": "ada@x.test"})),
                Scrubbed::All,
            ),
            ("an invoice", snapshot(invoice()), Scrubbed::Parts),
            (
                "somebody else",
                snapshot(json!({"id": "cus_2", "object": "customer"})),
                Scrubbed::Untouched,
            ),
            (
                "a product",
                snapshot(json!({"id": "prod_1", "object": "product"})),
                Scrubbed::Untouched,
            ),
            (
                "a thin event",
                json!({"id": "evt_1", "related_object": {"id": "cus_1", "type": "customer"}}),
                Scrubbed::All,
            ),
            ("nonsense", json!([1]), Scrubbed::Untouched),
        ] {
            if !event.is_object() {
                assert_eq!(customer_of(&event), None, "{shows}");
                continue;
            }
            assert_eq!(scrub_event(&mut event, &erased), expected, "{shows}");
            if expected == Scrubbed::Parts {
                assert!(!event.to_string().contains("ada@"), "{event}");
            }
        }
    }
}
