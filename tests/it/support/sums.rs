//! Money by currency and month: what the contracts come to, and what Stripe's objects do.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate};
use entity::contract;
use entity::kind::ContractSource;
use sandbox::{Kind, Sandbox};
use sea_orm::EntityTrait;
use serde_json::Value;
use tributary::store::Db;

/// By currency and month: how many, and what they come to in minor units, with tax and without.
type Sums = BTreeMap<(String, String), (usize, i64, i64)>;

/// Fails where the sums of the contracts differ from those of the objects, by as little as one minor unit.
pub(crate) async fn assert_same_sums(db: &Db, sandbox: &Sandbox, is_kept: impl Fn(&Value) -> bool) {
    let contracts = contract::Entity::find().all(db.read()).await.unwrap();
    let plain = plain_subscriptions(sandbox);
    let (mut invoiced, mut subscribed) = (Sums::new(), Sums::new());
    for row in &contracts {
        let entry = (
            row.currency.clone(),
            month(row.booking_date),
            row.total + row.tax,
            row.total,
        );
        match row.source {
            ContractSource::Invoice => add(&mut invoiced, entry),
            ContractSource::Subscription if plain.contains_key(&row.stripe_id) => add(&mut subscribed, entry),
            ContractSource::Subscription => {}
        }
    }
    assert_eq!(invoiced, invoices(sandbox, is_kept), "invoices by currency and month");
    let mut owed = Sums::new();
    for entry in plain.into_values() {
        add(&mut owed, entry);
    }
    assert_eq!(subscribed, owed, "subscriptions by currency and month");
}

fn add(sums: &mut Sums, (currency, month, with_tax, without): (String, String, i64, i64)) {
    let sum = sums.entry((currency, month)).or_default();
    *sum = (sum.0 + 1, sum.1 + with_tax, sum.2 + without);
}

fn month(day: NaiveDate) -> String {
    day.format("%Y-%m").to_string()
}

fn month_of(second: &Value) -> Option<String> {
    let at = DateTime::from_timestamp(second.as_i64()?, 0)?;
    Some(month(at.date_naive()))
}

fn currency(object: &Value) -> String {
    object["currency"].as_str().unwrap().to_uppercase()
}

fn invoices(sandbox: &Sandbox, is_kept: impl Fn(&Value) -> bool) -> Sums {
    let mut sums = Sums::new();
    sandbox.world().each(Kind::Invoice, |invoice| {
        if invoice["status"] != "paid" || invoice["total"] == 0 || !is_kept(invoice) {
            return;
        }
        let total = invoice["total"].as_i64().unwrap();
        let taxes = invoice["total_taxes"].as_array().into_iter().flatten();
        let taxes: i64 = taxes.map(|tax| tax["amount"].as_i64().unwrap()).sum();
        let without = invoice["total_excluding_tax"].as_i64().unwrap_or(total - taxes);
        let booked = month_of(&invoice["status_transitions"]["paid_at"])
            .or_else(|| month_of(&invoice["effective_at"]))
            .or_else(|| month_of(&invoice["created"]));
        add(&mut sums, (currency(invoice), booked.unwrap(), total, without));
    });
    sums
}

/// Subscriptions whose worth is quantity times unit price and nothing else, by id.
fn plain_subscriptions(sandbox: &Sandbox) -> BTreeMap<String, (String, String, i64, i64)> {
    let mut discounted = Vec::new();
    sandbox.world().each(Kind::Customer, |customer| {
        if !customer["discount"].is_null() {
            discounted.push(customer["id"].clone());
        }
    });
    let mut plain = BTreeMap::new();
    sandbox.world().each(Kind::Subscription, |subscription| {
        if subscription["status"] == "incomplete" || discounted.contains(&subscription["customer"]) {
            return;
        }
        if let Some(worth) = worth(subscription) {
            let id = subscription["id"].as_str().unwrap().to_owned();
            let begun = month_of(&subscription["created"]).unwrap();
            plain.insert(id, (currency(subscription), begun, worth, worth));
        }
    });
    plain
}

fn worth(subscription: &Value) -> Option<i64> {
    let is_none = |list: &Value| list.as_array().is_none_or(Vec::is_empty);
    let items = subscription["items"]["data"].as_array()?;
    let worth = items.iter().map(|item| {
        let price = &item["price"];
        let is_plain = price["billing_scheme"] == "per_unit"
            && price["transform_quantity"].is_null()
            && price["currency"] == subscription["currency"]
            && price["recurring"]["usage_type"] == "licensed";
        let amount = price["unit_amount"].as_i64()? * item["quantity"].as_i64()?;
        (is_plain && is_none(&item["discounts"])).then_some(amount)
    });
    is_none(&subscription["discounts"]).then(|| worth.sum())?
}
