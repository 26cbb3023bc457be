//! Which other objects an object names.

use std::collections::BTreeSet;

use entity::kind::StripeKind;
use serde_json::Value;

use super::is_id;
use super::subscription::SEND_INVOICE;

/// The objects that an object of `kind` names and that its record is made from, each once.
pub fn named_by(kind: StripeKind, object: &Value) -> Vec<(StripeKind, String)> {
    let mut names = Names::default();
    match kind {
        StripeKind::Invoice => invoice(object, &mut names),
        StripeKind::Subscription => subscription(object, &mut names),
        StripeKind::Price => names.add(StripeKind::Product, &object["product"]),
        StripeKind::CreditNote | StripeKind::Refund => names.add(StripeKind::Invoice, &object["invoice"]),
        StripeKind::Customer => names.coupon_of(&object["discount"]),
        StripeKind::Product | StripeKind::Coupon => {}
    }
    names.0.into_iter().collect()
}

/// Whether the customer of a subscription is sent invoices, and pays by them.
pub fn is_sent_invoices(subscription: &Value) -> bool {
    subscription["collection_method"] == SEND_INVOICE
}

/// Whether an invoice was issued and waits to be paid, or is given up.
pub fn is_unsettled(invoice: &Value) -> bool {
    matches!(invoice["status"].as_str(), Some("open" | "uncollectible"))
}

/// Whether an invoice was sent for a subscription and waits to be paid, or is given up.
pub fn is_owed(invoice: &Value) -> bool {
    let subscription = &invoice["parent"]["subscription_details"]["subscription"];
    is_unsettled(invoice) && is_sent_invoices(invoice) && !subscription.is_null()
}

/// Whether something of a subscription is told by its latest invoice only: whether it is paid, and how much tax is in a price.
fn is_told_by_latest_invoice(subscription: &Value) -> bool {
    let mut items = subscription["items"]["data"].as_array().into_iter().flatten();
    is_sent_invoices(subscription) || items.any(|item| item["price"]["tax_behavior"] == "inclusive")
}

#[derive(Default)]
struct Names(BTreeSet<(StripeKind, String)>);

impl Names {
    fn add(&mut self, kind: StripeKind, field: &Value) {
        let id = field.as_str().or_else(|| field["id"].as_str()).filter(|id| is_id(id));
        self.0.extend(id.map(|id| (kind, id.to_owned())));
    }

    fn coupon_of(&mut self, discount: &Value) {
        self.add(StripeKind::Coupon, &discount["source"]["coupon"]);
    }

    fn coupons_of(&mut self, discounts: &Value) {
        for discount in discounts.as_array().into_iter().flatten() {
            self.coupon_of(discount);
        }
    }
}

fn invoice(invoice: &Value, names: &mut Names) {
    names.add(StripeKind::Customer, &invoice["customer"]);
    names.add(
        StripeKind::Subscription,
        &invoice["parent"]["subscription_details"]["subscription"],
    );
    names.coupons_of(&invoice["discounts"]);
    for line in invoice["lines"]["data"].as_array().into_iter().flatten() {
        let details = &line["pricing"]["price_details"];
        names.add(StripeKind::Price, &details["price"]);
        names.add(StripeKind::Product, &details["product"]);
    }
}

fn subscription(subscription: &Value, names: &mut Names) {
    names.add(StripeKind::Customer, &subscription["customer"]);
    if is_told_by_latest_invoice(subscription) {
        names.add(StripeKind::Invoice, &subscription["latest_invoice"]);
    }
    names.coupons_of(&subscription["discounts"]);
    for item in subscription["items"]["data"].as_array().into_iter().flatten() {
        names.add(StripeKind::Price, &item["price"]);
        names.add(StripeKind::Product, &item["price"]["product"]);
        names.coupons_of(&item["discounts"]);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_invoice_names_what_its_contract_is_made_from() {
        let invoice = json!({
            "customer": {"id": "cus_1"},
            "parent": {"subscription_details": {"subscription": "sub_1"}},
            "discounts": ["di_1", {"id": "di_2", "source": {"coupon": "C"}}],
            "lines": {"data": [
                {"pricing": {"price_details": {"price": "price_1", "product": "prod_1"}}},
                {"pricing": {"price_details": {"price": "price_1", "product": "prod_1"}}},
                {"pricing": null},
            ]},
        });
        let names: Vec<String> = named_by(StripeKind::Invoice, &invoice)
            .into_iter()
            .map(|(_, id)| id)
            .collect();
        assert_eq!(names, ["cus_1", "prod_1", "price_1", "sub_1", "C"]);
    }

    #[test]
    fn a_subscription_names_its_latest_invoice_where_that_tells_something() {
        let price = |tax_behavior: &str| json!({"price": {"id": "price_1", "tax_behavior": tax_behavior}});
        for (method, tax_behavior, names_it) in [
            ("send_invoice", "unspecified", true),
            ("charge_automatically", "inclusive", true),
            ("charge_automatically", "exclusive", false),
        ] {
            let subscription = json!({
                "collection_method": method, "latest_invoice": "in_1", "items": {"data": [price(tax_behavior)]},
            });
            let names = named_by(StripeKind::Subscription, &subscription);
            let invoice = (StripeKind::Invoice, "in_1".to_owned());
            assert_eq!(names.contains(&invoice), names_it, "{method} {tax_behavior}");
        }
    }

    #[test]
    fn odd_shapes_name_nothing() {
        for odd in [
            json!(null),
            json!([]),
            json!({"customer": 5, "lines": "x"}),
            json!({"customer": ""}),
        ] {
            assert_eq!(named_by(StripeKind::Invoice, &odd), []);
        }
    }
}
