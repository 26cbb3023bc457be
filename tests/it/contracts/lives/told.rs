//! What the API says of a life, and how that differs from what it should.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::life::{Expected, Life};
use crate::contracts::golden::{difference, plain};
use crate::support::TestApp;

const CONTRACT: &str = "query($id: String!, $on: Date) { contract(ref: {stripe: {stripeId: $id}}, asOf: $on) {
    source sourceStatus name status paymentState bookingDate termStart termEnd terminatedDate terminationReason autoRenew
    currency total { decimal } credited { decimal } net { decimal } refunded { decimal } kept { decimal }
    tcv { decimal } acv { decimal } arr { decimal } mrr { decimal } countsTowardRecurring warnings
    subscriptionContract { stripeId } renews { stripeId } renewedBy { stripeId }
    lines(first: 100) { nodes { kind quantity net { decimal } mrr { decimal } } }
} }";
const LISTED: &str = "query($customer: String!, $status: [ContractStatus!], $on: Date) {
    contracts(filter: {stripeCustomerId: $customer, status: $status}, asOf: $on) { nodes { stripeId } }
}";
const MONEY: &str = "currency contracts total { decimal } net { decimal } refunded { decimal } kept { decimal }
    mrr { decimal } arr { decimal } basis warnings";

/// What a life expects and the API does not say.
pub(super) async fn differences(app: &TestApp, life: &Life, expected: &Expected) -> Vec<String> {
    let mut found = Vec::new();
    let told = &expected.told;
    let mut by_status: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (id, contract) in told["contracts"].as_object().into_iter().flatten() {
        let said = contract_of(app, life, id, expected.as_of).await;
        if let Some(status) = said["status"].as_str() {
            by_status.entry(status.to_owned()).or_default().insert(id.clone());
        }
        let mut contract = contract.clone();
        if let Some(fields) = contract.as_object_mut() {
            fields.entry("warnings").or_insert(json!([]));
        }
        found.extend(difference(&contract, &said).map(|found| format!("{id}: {found}")));
    }
    for (status, ids) in by_status {
        let listed = listed(app, life, &status, expected.as_of).await;
        let missing: Vec<&String> = ids.iter().filter(|id| !listed.contains(*id)).collect();
        if !missing.is_empty() {
            found.push(format!("the list of what is {status} lacks {missing:?}: {listed:?}"));
        }
    }
    if let Some(rows) = told.get("revenue") {
        let said = revenue(app, life, expected.as_of).await;
        found.extend(difference(rows, &said).map(|found| format!("revenue: {found}")));
    }
    for (product, rows) in told["products"].as_object().into_iter().flatten() {
        let said = revenue_of_product(app, life, product, expected.as_of).await;
        found.extend(difference(rows, &said).map(|found| format!("revenue of {product}: {found}")));
    }
    let as_of = expected.as_of.map(|day| format!(" as of {day}")).unwrap_or_default();
    let on_its_day = |found| format!("{} on {}{as_of}: {found}", life.name, expected.on);
    found.into_iter().map(on_its_day).collect()
}

async fn contract_of(app: &TestApp, life: &Life, id: &str, on: Option<NaiveDate>) -> Value {
    let variables = json!({ "id": life.own(id), "on": on });
    let said = app.graphql(CONTRACT, variables).await["contract"].take();
    plain(life.as_written(&said))
}

async fn listed(app: &TestApp, life: &Life, status: &str, on: Option<NaiveDate>) -> BTreeSet<String> {
    let variables = json!({ "customer": life.customer, "status": [status], "on": on });
    let said = life.as_written(&app.graphql(LISTED, variables).await["contracts"]["nodes"]);
    let nodes = said.as_array().cloned().unwrap_or_default();
    let ids = nodes.iter().filter_map(|node| node["stripeId"].as_str());
    ids.map(str::to_owned).collect()
}

/// Once of the customer, once of its client: the same.
pub(super) async fn revenue(app: &TestApp, life: &Life, on: Option<NaiveDate>) -> Value {
    let query = format!(
        "query($customer: String!, $on: Date) {{
            revenue(filter: {{stripeCustomerId: $customer}}, asOf: $on) {{ {MONEY} }}
            clients(filter: {{stripeIds: [$customer]}}) {{ nodes {{ revenue(asOf: $on) {{ {MONEY} }} }} }}
        }}"
    );
    let variables = json!({ "customer": life.customer, "on": on });
    let mut said = app.graphql(&query, variables).await;
    let of_client = &said["clients"]["nodes"][0]["revenue"];
    assert_eq!(
        *of_client, said["revenue"],
        "{}: revenue of the client on {on:?}",
        life.name
    );
    plain(said["revenue"].take())
}

async fn revenue_of_product(app: &TestApp, life: &Life, product: &str, on: Option<NaiveDate>) -> Value {
    let find = "query($id: String!) { products(filter: {stripeIds: [$id]}) { nodes { id } } }";
    let found = app.graphql(find, json!({ "id": life.own(product) })).await;
    let query = format!(
        "query($customer: String!, $product: ID!, $on: Date) {{
            revenue(filter: {{stripeCustomerId: $customer, productId: $product}}, asOf: $on) {{ {MONEY} }}
        }}"
    );
    let variables = json!({ "customer": life.customer, "product": found["products"]["nodes"][0]["id"], "on": on });
    plain(app.graphql(&query, variables).await["revenue"].take())
}
