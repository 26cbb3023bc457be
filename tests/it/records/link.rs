//! Contracts that belong together, and what they come to, held against the rows in Rust.

use std::collections::BTreeMap;

use entity::contract;
use entity::kind::{ContractSource, ContractStatus, RevenueBasis};
use entity::recurring_revenue::{self, OPEN};
use serde_json::{Value, json};
use uuid::Uuid;

use super::rows::{Rows, status_of};
use super::world::World;

fn global(id: Uuid) -> Value {
    json!(format!("contract_{}", id.simple()))
}

fn found(row: Option<&contract::Model>) -> Value {
    row.map_or(Value::Null, |row| json!({ "id": global(row.id) }))
}

/// Of those that `new` is the first to follow: what ended last, and of that the longest.
fn renewed_by<'a>(rows: &'a Rows, new: &contract::Model) -> Option<&'a contract::Model> {
    let follows = |old: &&contract::Model| rows.renewal_of(old).is_some_and(|renewal| renewal.id == new.id);
    rows.contracts.iter().filter(follows).min_by_key(|old| {
        (
            std::cmp::Reverse((old.term_end, old.recurs)),
            old.term_start,
            old.stripe_id.clone(),
        )
    })
}

async fn all_contracts(world: &World, fields: &str) -> Vec<Value> {
    let query = format!(
        "query($after: String) {{ contracts(first: 100, after: $after) {{ pageInfo {{ endCursor hasNextPage }} nodes {{ id {fields} }} }} }}"
    );
    let (mut nodes, mut after) = (Vec::new(), Value::Null);
    loop {
        let page = world.query(&query, json!({ "after": after })).await["contracts"].take();
        nodes.extend(page["nodes"].as_array().unwrap().iter().cloned());
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == false {
            return nodes;
        }
    }
}

#[tokio::test]
async fn each_finds_what_it_renews_what_renews_it_and_its_subscription() {
    let world = World::full().await;
    let rows = &world.rows;
    let fields =
        "status countsTowardRecurring terminatedDate renews { id } renewedBy { id } subscriptionContract { id }";
    let (mut renewed, mut billed) = (0, 0);
    for node in all_contracts(&world, fields).await {
        let row = rows.contracts.iter().find(|row| global(row.id) == node["id"]).unwrap();
        let status = serde_json::to_value(status_of(row)).unwrap();
        assert_eq!(node["status"], status, "{row:?}");
        assert_eq!(
            node["countsTowardRecurring"],
            rows.counts_toward_recurring(row),
            "{row:?}"
        );
        let terminated = row.terminated_date.filter(|_| status == "CHURNED");
        assert_eq!(node["terminatedDate"], json!(terminated), "{row:?}");
        assert_eq!(node["renewedBy"], found(rows.renewal_of(row)), "{row:?}");
        assert_eq!(node["renews"], found(renewed_by(rows, row)), "{row:?}");
        assert_eq!(
            node["subscriptionContract"],
            found(rows.subscription_of(row)),
            "{row:?}"
        );
        renewed += usize::from(!node["renews"].is_null());
        billed += usize::from(!node["subscriptionContract"].is_null());
    }
    assert!(renewed > 3 && billed > 10, "{renewed} {billed}");
}

#[tokio::test]
async fn each_status_is_met() {
    let world = World::full().await;
    let all = [
        ContractStatus::Forecasted,
        ContractStatus::Active,
        ContractStatus::Overdue,
        ContractStatus::Churned,
        ContractStatus::Lost,
        ContractStatus::Ended,
    ];
    for status in all {
        let is = |row: &&contract::Model| status_of(row) == status;
        assert!(world.rows.contracts.iter().any(|row| is(&row)), "{status:?}");
    }
}

#[tokio::test]
async fn a_subscription_lists_its_invoices_page_by_page() {
    let world = World::full().await;
    let rows = &world.rows;
    let mut met = 0;
    let fields = "source invoiceContracts(first: 100) { totalCount nodes { id } }";
    for node in all_contracts(&world, fields).await {
        let row = rows.contracts.iter().find(|row| global(row.id) == node["id"]).unwrap();
        let mut own: Vec<&contract::Model> = rows
            .contracts
            .iter()
            .filter(|invoice| rows.subscription_of(invoice).is_some_and(|of| of.id == row.id))
            .collect();
        own.sort_by_key(|invoice| std::cmp::Reverse((invoice.booking_date, invoice.id)));
        let own: Vec<Value> = own.iter().map(|invoice| json!({ "id": global(invoice.id) })).collect();
        let expected = json!({ "totalCount": own.len(), "nodes": own });
        assert_eq!(node["invoiceContracts"], expected, "{row:?}");
        met += own.len();
    }
    assert!(met > 10);
    let one = rows
        .contracts
        .iter()
        .find(|row| {
            rows.contracts
                .iter()
                .any(|invoice| rows.subscription_of(invoice).is_some_and(|of| of.id == row.id))
        })
        .unwrap();
    let query =
        "query($id: ID!, $after: String) { contract(ref: {id: $id}) { invoiceContracts(first: 1, after: $after) {
        nodes { id } pageInfo { hasNextPage endCursor } } } }";
    let first = world.query(query, json!({ "id": global(one.id) })).await;
    let after = &first["contract"]["invoiceContracts"]["pageInfo"]["endCursor"];
    let other = json!({ "id": global(rows.contracts[9].id), "after": after });
    assert_eq!(
        world.refusal(query, other).await,
        json!(["INVALID", ["after"]]),
        "of another"
    );
}

type Sums = BTreeMap<String, [i128; 5]>;

/// contracts, total, net, mrr, arr by currency, of the contracts and items that are let through.
fn sums(
    rows: &Rows,
    takes: impl Fn(&contract::Model) -> bool,
    takes_item: impl Fn(&recurring_revenue::Model) -> bool,
) -> Sums {
    let mut sums = Sums::new();
    for row in rows.contracts.iter().filter(|row| takes(row)) {
        let has_begun = ![ContractStatus::Forecasted, ContractStatus::Lost].contains(&status_of(row));
        let has = |source| rows.has_source(row.integration_id, source);
        let in_totals = match row.source {
            ContractSource::Invoice => has(ContractSource::Invoice),
            ContractSource::Subscription => has(row.source) && !has(ContractSource::Invoice) && has_begun,
        };
        if in_totals {
            let sum = sums.entry(row.currency.clone()).or_default();
            sum[0] += 1;
            sum[1] += i128::from(row.total);
            sum[2] += i128::from(row.net);
        }
    }
    for item in rows.recurring.iter().filter(|item| takes_item(item)) {
        let is_told =
            item.basis == RevenueBasis::Subscription || rows.has_source(item.integration_id, ContractSource::Invoice);
        if is_told && item.until_at == OPEN && item.numerator != 0 {
            sums.entry(item.currency.clone()).or_default()[4] += i128::from(item.numerator);
        }
    }
    for sum in sums.values_mut() {
        sum[3] = twelfth(sum[4]);
    }
    sums
}

/// Half to the even number.
fn twelfth(of: i128) -> i128 {
    let (whole, rest) = (of.div_euclid(12), of.rem_euclid(12));
    whole + i128::from(rest > 6 || (rest == 6 && whole % 2 != 0))
}

fn shown(revenue: &Value) -> Sums {
    let amount = |row: &Value, name: &str| row[name]["minorUnits"].as_str().unwrap().parse::<i128>().unwrap();
    let rows = revenue.as_array().unwrap().iter();
    rows.map(|row| {
        let currency = row["currency"].as_str().unwrap();
        assert_eq!(row["total"]["currency"], currency);
        let amounts = ["total", "net", "mrr", "arr"].map(|name| amount(row, name));
        let [total, net, mrr, arr] = amounts;
        let count = i128::from(row["contracts"].as_i64().unwrap());
        (currency.to_owned(), [count, total, net, mrr, arr])
    })
    .collect()
}

const MONEY: &str =
    "{ currency contracts total { currency minorUnits } net { minorUnits } mrr { minorUnits } arr { minorUnits } }";

/// Whether a filter takes a contract.
type Takes<'a> = Box<dyn Fn(&contract::Model) -> bool + 'a>;

#[tokio::test]
async fn revenue_counts_each_amount_once() {
    let world = World::full().await;
    let rows = &world.rows;
    let query = format!("query($filter: ContractFilter) {{ revenue(filter: $filter) {MONEY} }}");
    let b = rows.integrations[1].id;
    let cases: [(Value, Takes<'_>); 5] = [
        (json!(null), Box::new(|_| true)),
        (json!({}), Box::new(|_| true)),
        (
            json!({ "integrationId": format!("integration_{}", b.simple()) }),
            Box::new(move |row| row.integration_id == b),
        ),
        (
            json!({ "source": ["SUBSCRIPTION"], "currency": ["USD"] }),
            Box::new(|row| row.source == ContractSource::Subscription && row.currency == "USD"),
        ),
        (
            json!({ "status": ["ACTIVE"] }),
            Box::new(|row| status_of(row) == ContractStatus::Active),
        ),
    ];
    for (filter, takes) in cases {
        let answer = world.query(&query, json!({ "filter": filter })).await;
        let is_its = |item: &recurring_revenue::Model, row: &contract::Model| {
            let ids = [Some(&row.stripe_id), row.stripe_subscription_id.as_ref()];
            item.integration_id == row.integration_id && ids.contains(&Some(&item.source_id))
        };
        let takes_item = |item: &_| rows.contracts.iter().any(|row| takes(row) && is_its(item, row));
        let expected = sums(rows, &takes, takes_item);
        assert_eq!(shown(&answer["revenue"]), expected, "{filter}");
    }
    let all = sums(rows, |_| true, |_| true);
    let recurring = all.values().filter(|sum| sum[3] > 0).count();
    assert!(all.values().all(|sum| sum[0] > 0) && recurring > 1, "{all:?}");
    assert_eq!(world.statements_of(&format!("{{ revenue {MONEY} }}")).await, 4);
}

#[tokio::test]
async fn a_client_shows_what_its_contracts_come_to() {
    let world = World::full().await;
    let rows = &world.rows;
    let answer = world
        .query(
            &format!("{{ clients(first: 100) {{ nodes {{ id revenue {MONEY} }} }} }}"),
            json!({}),
        )
        .await;
    let mut met = 0;
    for node in answer["clients"]["nodes"].as_array().unwrap() {
        let own =
            |client: Option<Uuid>| client.is_some_and(|id| node["id"] == json!(format!("client_{}", id.simple())));
        let bills_own = |item: &recurring_revenue::Model| {
            own(rows.client_who_is(item.integration_id, item.stripe_customer_id.as_ref()))
        };
        let expected = sums(rows, |row| own(rows.client_of(row)), bills_own);
        assert_eq!(shown(&node["revenue"]), expected, "{node}");
        met += expected.len();
    }
    assert!(met > 10);
}

#[tokio::test]
async fn sums_beyond_64_bits_neither_wrap_nor_fail_on_the_way() {
    let mut rows = Rows::sized(9);
    for (row, total) in rows
        .contracts
        .iter_mut()
        .zip([i64::MAX, i64::MAX, i64::MIN, i64::MIN, 7, -5])
    {
        (row.total, row.net) = (total, total);
    }
    let with_invoices = rows.integrations[1].id;
    for row in &mut rows.contracts {
        row.integration_id = with_invoices;
        row.source = ContractSource::Invoice;
        row.recurs_from = row.term_start;
        row.currency = "USD".into();
        row.stripe_id = format!("in_{}", row.stripe_id);
    }
    rows.recurring.clear();
    let expected = sums(&rows, |_| true, |_| true);
    let ids = json!([global(rows.contracts[0].id), global(rows.contracts[1].id)]);
    let world = World::with(rows).await;
    let query = format!("query($filter: ContractFilter) {{ revenue(filter: $filter) {MONEY} }}");
    let answer = world.query(&query, json!({})).await;
    assert_eq!(shown(&answer["revenue"]), expected);
    let refused = world.refusal(&query, json!({ "filter": { "ids": ids } })).await;
    assert_eq!(refused, json!(["OUT_OF_RANGE", ["filter"]]));
}
