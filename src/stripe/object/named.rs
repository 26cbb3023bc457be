//! Which other objects an object names.

use std::collections::BTreeSet;

use entity::kind::StripeKind;
use serde_json::Value;

use super::is_id;

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
