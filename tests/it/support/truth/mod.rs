//! Holds what was imported against what the sandbox has, record by record and to the minor unit.
//!
//! - [`money`] reckons what contracts come to, [`course`] where they stand on a day, [`span`] what invoices say of recurring revenue; all from
//!   Stripe's JSON alone.

mod course;
mod money;
mod ratio;
mod span;

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate};

use entity::kind::ContractSource;
use entity::{client, client_link, contract, contract_line, product, remap_queue, subscription_state};
use sandbox::{Kind, Sandbox};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};
use serde_json::Value;
use tributary::store::Db;

use super::until;
pub(crate) use course::{Course, States};
pub(crate) use money::Company;
use money::Numbers;
pub(crate) use ratio::Ratio;

/// Fails where the records differ from the sandbox's objects. `is_kept` says which invoices belong here.
pub(crate) async fn assert_equals_truth(db: &Db, sandbox: &Sandbox, is_kept: impl Fn(&Value) -> bool) {
    let now = sandbox.world().now();
    nothing_left_to_map(db, now).await;
    assert_clients(db, sandbox).await;
    assert_products(db, sandbox).await;
    let is_contract = |invoice: &Value| invoice["status"] == "paid" && invoice["total"] != 0 && is_kept(invoice);
    let invoices = truth(sandbox, Kind::Invoice, is_contract);
    assert_contracts(db, ContractSource::Invoice, &invoices, check_invoice).await;
    let subscriptions = truth(sandbox, Kind::Subscription, |subscription| {
        subscription["status"] != "incomplete"
    });
    assert_contracts(db, ContractSource::Subscription, &subscriptions, check_subscription).await;
    let company = Company::of(sandbox, now);
    assert_numbers(db, &company, invoices.values().chain(subscriptions.values())).await;
    let today = DateTime::from_timestamp(now, 0).unwrap().date_naive();
    let course = Course::of(&company, &invoices);
    for day in [
        today,
        today - Days::new(40),
        today + Days::new(40),
        today + Days::new(400),
    ] {
        assert_course(db, &course, day).await;
    }
}

/// What time has changed is mapped again a moment later.
async fn nothing_left_to_map(db: &Db, now: i64) {
    until("nothing waits to be mapped again", async || {
        let waiting = remap_queue::Entity::find().count(db.read()).await.unwrap();
        let due = subscription_state::Entity::find().filter(subscription_state::Column::NextChangeAt.lte(now));
        (waiting + due.count(db.read()).await.unwrap() == 0).then_some(())
    })
    .await;
}

async fn assert_numbers<'a>(db: &Db, company: &Company<'_>, objects: impl Iterator<Item = &'a Value>) {
    let rows = contract::Entity::find().all(db.read()).await.unwrap();
    let by_id: BTreeMap<&str, &contract::Model> = rows.iter().map(|row| (row.stripe_id.as_str(), row)).collect();
    for object in objects {
        let row = by_id[object["id"].as_str().unwrap()];
        let said = Numbers {
            total: row.total,
            credited: row.credited,
            net: row.net,
            mrr: row.mrr,
            arr: row.arr,
            acv: row.acv,
        };
        assert_eq!(said, company.numbers(object), "{:?} {object}", row.warnings);
    }
}

async fn assert_course(db: &Db, course: &Course<'_>, day: NaiveDate) {
    let rows = contract::Entity::find().all(db.read()).await.unwrap();
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    for ids in ids.chunks(500) {
        let as_of = tributary::store::contract::AsOf::utc(day, false);
        for dated in tributary::store::contract::list_by_ids(db.read(), ids, &as_of)
            .await
            .unwrap()
        {
            let said = serde_json::to_value(dated.status).unwrap();
            let row = dated.row;
            let may_be = course.status(&row.stripe_id, day);
            assert!(
                may_be.contains(&said),
                "{} on {day}: {said}, not {may_be:?}: {row:?}",
                row.stripe_id
            );
            assert_eq!(row.auto_renew, course.auto_renew(&row.stripe_id), "{row:?}");
        }
    }
}

/// The sandbox's objects by id.
pub(crate) fn truth(sandbox: &Sandbox, kind: Kind, is_meant: impl Fn(&Value) -> bool) -> BTreeMap<String, Value> {
    let objects = sandbox.world().truth(kind).into_iter().filter(is_meant);
    objects
        .map(|object| (object["id"].as_str().unwrap().to_owned(), object))
        .collect()
}

fn same_ids<'a, V>(what: &str, here: impl Iterator<Item = &'a String>, truth: &BTreeMap<String, V>) {
    let mut here: Vec<&String> = here.collect();
    here.sort();
    let there: Vec<&String> = truth.keys().collect();
    let extra: Vec<_> = here.iter().filter(|id| !truth.contains_key(id.as_str())).collect();
    let lost: Vec<_> = there.iter().filter(|id| here.binary_search(id).is_err()).collect();
    assert!(
        extra.is_empty() && lost.is_empty() && here.len() == there.len(),
        "{what}: extra {extra:?}, lost {lost:?}"
    );
}

async fn assert_clients(db: &Db, sandbox: &Sandbox) {
    let truth = truth(sandbox, Kind::Customer, |customer| customer["deleted"] != true);
    let links = linked_clients(db).await;
    same_ids(
        "customers",
        links
            .iter()
            .filter(|(link, _)| !link.deleted_in_stripe)
            .map(|(link, _)| &link.stripe_customer_id),
        &truth,
    );
    for (link, client) in &links {
        let Some(customer) = truth.get(&link.stripe_customer_id) else {
            continue;
        };
        let names = ["name", "business_name", "individual_name", "email", "id"].map(|field| customer[field].as_str());
        let name = names
            .into_iter()
            .flatten()
            .find(|name| !name.trim().is_empty())
            .unwrap();
        assert_eq!(client.name, name, "{customer}");
        assert_eq!(client.email.as_deref(), customer["email"].as_str(), "{customer}");
        let currency = customer["currency"].as_str().map(str::to_uppercase);
        assert_eq!(client.currency, currency, "{customer}");
        assert_eq!(
            client.address_city.as_deref(),
            customer["address"]["city"].as_str(),
            "{customer}"
        );
    }
}

async fn linked_clients(db: &Db) -> Vec<(client_link::Model, client::Model)> {
    let clients = client::Entity::find().all(db.read()).await.unwrap();
    let by_id: BTreeMap<_, _> = clients.into_iter().map(|client| (client.id, client)).collect();
    let links = client_link::Entity::find().all(db.read()).await.unwrap();
    links
        .into_iter()
        .map(|link| (link.clone(), by_id[&link.client_id].clone()))
        .collect()
}

async fn assert_products(db: &Db, sandbox: &Sandbox) {
    let truth = truth(sandbox, Kind::Product, |product| product["deleted"] != true);
    let recurring: Vec<String> = sandbox
        .world()
        .truth(Kind::Price)
        .into_iter()
        .filter(|price| price["active"] == true && price["recurring"].is_object())
        .map(|price| price["product"].as_str().unwrap().to_owned())
        .collect();
    let rows = product::Entity::find()
        .filter(product::Column::DeletedInStripe.eq(false))
        .all(db.read())
        .await
        .unwrap();
    same_ids("products", rows.iter().map(|row| &row.stripe_id), &truth);
    for row in rows {
        let product = &truth[&row.stripe_id];
        assert_eq!(row.name, product["name"].as_str().unwrap());
        assert_eq!(row.active, product["active"] == true, "{product}");
        assert_eq!(row.recurring, recurring.contains(&row.stripe_id), "{product}");
        let sku = product["metadata"]["sku"].as_str().unwrap_or(&row.stripe_id);
        assert_eq!(row.sku.as_deref(), Some(sku), "{product}");
    }
}

async fn assert_contracts(
    db: &Db,
    source: ContractSource,
    truth: &BTreeMap<String, Value>,
    check: fn(&contract::Model, &[contract_line::Model], &Value),
) {
    let rows = contract::Entity::find()
        .filter(contract::Column::Source.eq(source))
        .all(db.read())
        .await
        .unwrap();
    same_ids("contracts", rows.iter().map(|row| &row.stripe_id), truth);
    let mut lines: BTreeMap<_, Vec<contract_line::Model>> = BTreeMap::new();
    let in_order = contract_line::Entity::find().order_by_asc(contract_line::Column::LineNumber);
    for line in in_order.all(db.read()).await.unwrap() {
        lines.entry(line.contract_id).or_default().push(line);
    }
    for row in rows {
        check(
            &row,
            lines.get(&row.id).map_or(&[], Vec::as_slice),
            &truth[&row.stripe_id],
        );
    }
}

fn sum<'a>(list: &'a Value, is_meant: impl Fn(&&'a Value) -> bool) -> i64 {
    list.as_array()
        .into_iter()
        .flatten()
        .filter(is_meant)
        .map(|part| part["amount"].as_i64().unwrap())
        .sum()
}

/// Reckons each amount anew from Stripe's JSON, without any of the product's own code.
fn check_invoice(row: &contract::Model, lines: &[contract_line::Model], invoice: &Value) {
    let items = invoice["lines"]["data"].as_array().unwrap();
    assert_eq!(lines.len(), items.len(), "{invoice}");
    for (line, item) in lines.iter().zip(items) {
        let is_grant = |credit: &&Value| credit["type"] == "credit_balance_transaction";
        let discount = sum(&item["discount_amounts"], |_| true) + sum(&item["pretax_credit_amounts"], is_grant);
        let contained = sum(&item["taxes"], |tax| tax["tax_behavior"] == "inclusive");
        let gross = item["amount"].as_i64().unwrap();
        assert_eq!(line.stripe_id, item["id"].as_str().unwrap());
        assert_eq!(
            (line.gross, line.discount, line.net),
            (gross, discount, gross - discount - contained),
            "{item}"
        );
        assert_eq!(line.tax, sum(&item["taxes"], |_| true), "{item}");
        assert_eq!(
            line.stripe_product_id.as_deref(),
            item["pricing"]["price_details"]["product"].as_str(),
            "{item}"
        );
    }
    assert_eq!(row.reconcile_delta, Some(0), "{invoice}");
    assert_eq!(row.total + row.tax, invoice["total"].as_i64().unwrap(), "{invoice}");
    assert_eq!(
        Some(row.total),
        invoice["total_excluding_tax"].as_i64().or(Some(row.total)),
        "{invoice}"
    );
    assert_eq!(row.currency, invoice["currency"].as_str().unwrap().to_uppercase());
    assert_eq!(row.stripe_customer_id.as_deref(), invoice["customer"].as_str());
    assert_eq!(row.number.as_deref(), invoice["number"].as_str());
    assert_eq!(
        row.paid_at,
        invoice["status_transitions"]["paid_at"].as_i64().map(|at| at * 1000)
    );
    assert!(
        row.warnings.0.iter().all(|warning| !warning.starts_with("PENDING")),
        "{:?}",
        row.warnings
    );
}

fn check_subscription(row: &contract::Model, lines: &[contract_line::Model], subscription: &Value) {
    let items = subscription["items"]["data"].as_array().unwrap();
    assert_eq!(lines.len(), items.len(), "{subscription}");
    for (line, item) in lines.iter().zip(items) {
        let price = &item["price"];
        assert_eq!(line.stripe_price_id.as_deref(), price["id"].as_str(), "{item}");
        let is_plain = price["billing_scheme"] == "per_unit" && price["transform_quantity"].is_null();
        if let (true, Some(unit), Some(quantity)) = (is_plain, price["unit_amount"].as_i64(), item["quantity"].as_i64())
            && price["currency"] == subscription["currency"]
        {
            assert_eq!(line.gross, unit * quantity, "{item}");
        }
    }
    assert_eq!(row.source_status, subscription["status"].as_str().unwrap());
    assert_eq!(row.subtotal, lines.iter().map(|line| line.gross).sum::<i64>());
    assert_eq!(row.total, row.subtotal - row.discount);
    assert!(
        row.warnings.0.iter().all(|warning| !warning.starts_with("PENDING")),
        "{:?} {subscription}",
        row.warnings
    );
}
