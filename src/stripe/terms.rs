//! What discounts take off whose coupon is gone. Today's versions give a stub in its place; the last one before them still tells the
//! coupon in full. Nothing else is asked in that version.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::list::is_object;
use super::object::{Coupon, Discount, is_id};
use super::{Client, Error};

/// The last version in which a discount holds its coupon.
const VERSION: &str = "2025-02-24.acacia";
/// What an embedded coupon is silent about unless asked.
const EXPAND: [&str; 2] = ["coupon.applies_to", "coupon.currency_options"];

/// Whose discounts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holder {
    /// A subscription's own, by its id.
    Subscription(String),
    /// Those of a subscription's items, by the subscription's id.
    Items(String),
    /// A customer's, by its id.
    Customer(String),
}

/// Coupons as they were when discounts were given by them, by the ids of both.
pub type Terms = BTreeMap<(String, String), Value>;

impl Client {
    /// The coupons of a holder's discounts.
    pub async fn discount_terms(&self, holder: &Holder) -> Result<Terms, Error> {
        let client = self.clone().at_version(VERSION);
        let discounts = match holder {
            Holder::Subscription(id) => {
                let path = ["subscriptions", id.as_str()];
                let query = expand("discounts");
                let mut answer = client.get("/v1/subscriptions/:id", &path, &query, is_object).await?;
                list(answer.body["discounts"].take())
            }
            Holder::Items(id) => {
                let mut query = expand("data.discounts");
                query.push(("subscription", id.clone()));
                let items = client
                    .all("/v1/subscription_items", &["subscription_items"], &query)
                    .await?;
                items
                    .into_iter()
                    .flat_map(|mut item| list(item["discounts"].take()))
                    .collect()
            }
            Holder::Customer(id) => {
                let path = ["customers", id.as_str()];
                let query = expand("discount");
                let mut answer = client.get("/v1/customers/:id", &path, &query, is_object).await?;
                vec![answer.body["discount"].take()]
            }
        };
        Ok(discounts.iter().filter_map(terms).collect())
    }
}

fn expand(discounts: &str) -> Vec<(&'static str, String)> {
    EXPAND.map(|path| ("expand[]", format!("{discounts}.{path}"))).into()
}

fn list(value: Value) -> Vec<Value> {
    match value {
        Value::Array(values) => values,
        _ => Vec::new(),
    }
}

/// The coupon of a discount; `None` where what is told is not the one that it was given by.
fn terms(discount: &Value) -> Option<((String, String), Value)> {
    let told = &discount["coupon"];
    let coupon = Coupon::deserialize(told).ok().filter(|_| told["deleted"] != true)?;
    let discount = Discount::deserialize(discount).ok()?;
    let says_something = coupon.percent_off.is_some() || coupon.amount_off.is_some();
    let is_known = says_something && discount.is_by(&coupon) && is_id(&coupon.id);
    is_known.then(|| ((discount.id, coupon.id), told.clone()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_coupon_that_it_was_given_by_is_taken() {
        let of = |coupon: Value| terms(&json!({"id": "di_1", "start": 100, "coupon": coupon}));
        let known = json!({"id": "TEN", "created": 100, "percent_off": 10});
        assert_eq!(of(known.clone()), Some((("di_1".to_owned(), "TEN".to_owned()), known)));
        for other in [
            json!({"id": "TEN", "created": 101, "percent_off": 50}),
            json!({"id": "TEN", "object": "coupon", "deleted": true}),
            json!({"id": "TEN", "created": 100, "percent_off": null}),
            json!("TEN"),
            json!(null),
        ] {
            assert_eq!(of(other.clone()), None, "{other}");
        }
    }
}
