//! Filters: each against what it says, worked out from the rows in Rust.

use entity::kind::{
    ClientOrigin, ClientStatus, ContractSource, ContractStatus, LineKind, PaymentState, RunKind, RunState, RunTrigger,
    StripeKind,
};
use entity::{client, client_link, contract, contract_line, product, run, sync_error};
use serde_json::{Value, json};
use uuid::Uuid;

use super::rows::{NOW_MS, status_of};
use super::world::World;

/// A filter, and whether it takes a row.
type Case<'a, R> = (Value, Box<dyn Fn(&R) -> bool + 'a>);

fn case<'a, R>(filter: Value, takes: impl Fn(&R) -> bool + 'a) -> Case<'a, R> {
    (filter, Box::new(takes))
}

fn global(prefix: &str, id: Uuid) -> String {
    format!("{prefix}_{}", id.simple())
}

/// Holds each filter to its rows. One that takes none or all of them would prove nothing, unless it is meant to.
async fn hold<R>(
    world: &World,
    (field, input, prefix): (&str, &str, &str),
    rows: &[R],
    id: fn(&R) -> Uuid,
    cases: Vec<Case<'_, R>>,
) {
    let query = format!(
        "query($filter: {input}) {{ page: {field}(first: 100, filter: $filter) {{ totalCount nodes {{ id }} }} }}"
    );
    for (filter, takes) in cases {
        let mut expected: Vec<String> = rows
            .iter()
            .filter(|row| takes(row))
            .map(|row| global(prefix, id(row)))
            .collect();
        let page = world.query(&query, json!({ "filter": filter })).await["page"].take();
        let nodes = page["nodes"].as_array().unwrap();
        let mut found: Vec<String> = nodes
            .iter()
            .map(|node| node["id"].as_str().unwrap().to_owned())
            .collect();
        found.sort();
        expected.sort();
        assert_eq!(page["totalCount"], json!(expected.len()), "{filter}");
        assert!(expected.len() <= 100, "{filter} takes more than a page shows");
        assert_eq!(found, expected, "{filter}");
    }
}

#[tokio::test]
async fn clients() {
    let world = World::full().await;
    let rows = &world.rows;
    let [a, b] = [rows.integrations[0].id, rows.integrations[1].id];
    let linked = |id: Uuid, to: &dyn Fn(&client_link::Model) -> bool| {
        rows.links.iter().any(|link| link.client_id == id && to(link))
    };
    let (c0, c3) = (rows.clients[0].id, rows.clients[3].id);
    let cases = vec![
        case(json!({}), |_: &client::Model| true),
        case(Value::Null, |_| true),
        case(
            json!({ "ids": [global("client", c0), global("client", c3), global("product", c0)] }),
            move |row: &client::Model| row.id == c0 || row.id == c3,
        ),
        case(json!({ "ids": [] }), |_: &client::Model| false),
        case(
            json!({ "integrationId": global("integration", a) }),
            |row: &client::Model| linked(row.id, &|link| link.integration_id == a),
        ),
        case(
            json!({ "integrationId": global("integration", b) }),
            |row: &client::Model| linked(row.id, &|link| link.integration_id == b),
        ),
        case(json!({ "stripeIds": ["cus_0", "cus_5"] }), |row: &client::Model| {
            linked(row.id, &|link| {
                ["cus_0", "cus_5"].contains(&link.stripe_customer_id.as_str())
            })
        }),
        // One link must be both.
        case(
            json!({ "integrationId": global("integration", b), "stripeIds": ["cus_5"] }),
            |_| false,
        ),
        case(
            json!({ "externalIds": ["crm-2", "crm-8", "none"] }),
            |row: &client::Model| {
                row.external_id
                    .as_deref()
                    .is_some_and(|id| id == "crm-2" || id == "crm-8")
            },
        ),
        case(json!({ "origin": "MANUAL" }), |row: &client::Model| {
            row.origin == ClientOrigin::Manual
        }),
        case(json!({ "status": ["TRIAL", "INACTIVE"] }), |row: &client::Model| {
            row.status != ClientStatus::Active
        }),
        case(json!({ "status": [] }), |_: &client::Model| false),
        case(json!({ "deletedInStripe": true }), |row: &client::Model| {
            row.deleted_in_stripe
        }),
        case(
            json!({ "deletedInStripe": false, "origin": "STRIPE" }),
            |row: &client::Model| !row.deleted_in_stripe && row.origin == ClientOrigin::Stripe,
        ),
        case(
            json!({ "updatedAt": { "from": "2026-11-23T11:59:58Z", "to": "2026-11-23T12:00:00Z" } }),
            |row: &client::Model| (NOW_MS - 2000..NOW_MS).contains(&row.updated_at),
        ),
        case(
            json!({ "updatedAt": { "from": "2026-11-23T12:00:00Z", "to": "2026-11-23T11:00:00Z" } }),
            |_| false,
        ),
    ];
    hold(
        &world,
        ("clients", "ClientFilter", "client"),
        &rows.clients,
        |row: &client::Model| row.id,
        cases,
    )
    .await;
}

#[tokio::test]
async fn search_is_literal_and_knows_no_case() {
    let world = World::full().await;
    let query = "query($search: String) { clients(filter: {search: $search}) { nodes { name } } }";
    for (search, names) in [
        ("ACME", vec!["Acme", "ACME", "acme", "Ａｃｍｅ"]),
        ("ａcM", vec!["Acme", "ACME", "acme", "Ａｃｍｅ"]),
        ("strasse", vec!["Straße", "STRASSE"]),
        ("aße", vec!["Straße", "STRASSE"]),
        ("ÄRZ", vec!["Ärzte"]),
        ("A\u{30a}ng", vec!["Ångström"]),
        ("京", vec!["東京"]),
        ("😀", vec!["😀 Smile"]),
        ("fin", vec!["ﬁne"]),
        ("%", vec!["100% Wool"]),
        ("0% w", vec!["100% Wool"]),
        ("_", vec!["snake_case"]),
        ("\\", vec!["back\\slash"]),
        ("k\\s", vec!["back\\slash"]),
        ("0_", vec![]),
        ("10%0", vec![]),
        ("'; DROP TABLE client; --", vec![]),
        ("office@7.", vec!["Ärzte"]),
    ] {
        let found = world.query(query, json!({ "search": search })).await;
        let mut found: Vec<&str> = found["clients"]["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|node| node["name"].as_str().unwrap())
            .collect();
        let mut names = names;
        found.sort_unstable();
        names.sort_unstable();
        assert_eq!(found, names, "{search}");
    }
    let all = world.query(query, json!({ "search": "  " })).await;
    assert_eq!(
        all["clients"]["nodes"].as_array().unwrap().len(),
        world.rows.clients.len()
    );
}

#[tokio::test]
async fn products() {
    let world = World::full().await;
    let rows = &world.rows;
    let a = rows.integrations[0].id;
    let third = rows.products[3].id;
    let cases = vec![
        case(
            json!({ "ids": [global("product", third)] }),
            move |row: &product::Model| row.id == third,
        ),
        case(
            json!({ "integrationId": global("integration", a) }),
            move |row: &product::Model| row.integration_id == a,
        ),
        case(json!({ "stripeIds": ["prod_0", "prod_5"] }), |row: &product::Model| {
            ["prod_0", "prod_5"].contains(&row.stripe_id.as_str())
        }),
        case(json!({ "active": true }), |row: &product::Model| row.active),
        case(json!({ "recurring": true, "active": true }), |row: &product::Model| {
            row.active && row.recurring
        }),
        case(
            json!({ "updatedAt": { "to": "2026-11-23T11:59:59Z" } }),
            |row: &product::Model| row.updated_at < NOW_MS - 1000,
        ),
        case(json!({ "search": "ACME" }), |row: &product::Model| {
            row.search_key.contains("acme")
        }),
    ];
    hold(
        &world,
        ("products", "ProductFilter", "product"),
        &rows.products,
        |row: &product::Model| row.id,
        cases,
    )
    .await;
}

#[tokio::test]
async fn contracts() {
    let world = World::full().await;
    let rows = &world.rows;
    let b = rows.integrations[1].id;
    let (owner, product) = (rows.clients[0].id, &rows.products[3]);
    let two = [rows.contracts[3].id, rows.contracts[8].id];
    let day = |text: &str| text.parse::<chrono::NaiveDate>().unwrap();
    let (march, april) = (day("2026-03-05"), day("2026-04-04"));
    let names_product = |contract: &contract::Model| {
        rows.lines.iter().any(|line| {
            line.contract_id == contract.id
                && line.integration_id == product.integration_id
                && line.stripe_product_id.as_ref() == Some(&product.stripe_id)
        })
    };
    let cases = vec![
        case(
            json!({ "ids": two.map(|id| global("contract", id)) }),
            move |row: &contract::Model| two.contains(&row.id),
        ),
        case(
            json!({ "integrationId": global("integration", b) }),
            move |row: &contract::Model| row.integration_id == b,
        ),
        case(json!({ "stripeIds": ["in_1", "sub_3"] }), |row: &contract::Model| {
            ["in_1", "sub_3"].contains(&row.stripe_id.as_str())
        }),
        case(
            json!({ "clientId": global("client", owner) }),
            |row: &contract::Model| rows.client_of(row) == Some(owner),
        ),
        case(
            json!({ "clientId": global("client", Uuid::nil()) }),
            |_: &contract::Model| false,
        ),
        case(
            json!({ "clientId": global("contract", owner) }),
            |_: &contract::Model| false,
        ),
        case(json!({ "stripeCustomerId": "cus_4" }), |row: &contract::Model| {
            row.stripe_customer_id.as_deref() == Some("cus_4")
        }),
        case(json!({ "productId": global("product", product.id) }), names_product),
        case(json!({ "linked": true }), |row: &contract::Model| {
            rows.client_of(row).is_some()
        }),
        case(json!({ "linked": false }), |row: &contract::Model| {
            rows.client_of(row).is_none()
        }),
        case(json!({ "source": ["SUBSCRIPTION"] }), |row: &contract::Model| {
            row.source == ContractSource::Subscription
        }),
        case(json!({ "source": [] }), |_: &contract::Model| false),
        case(json!({ "status": ["ACTIVE"] }), |row: &contract::Model| {
            status_of(row) == ContractStatus::Active
        }),
        case(
            json!({ "status": ["OVERDUE", "ENDED", "LOST"] }),
            |row: &contract::Model| {
                [ContractStatus::Overdue, ContractStatus::Ended, ContractStatus::Lost].contains(&status_of(row))
            },
        ),
        case(
            json!({ "status": ["CHURNED", "FORECASTED"] }),
            |row: &contract::Model| [ContractStatus::Churned, ContractStatus::Forecasted].contains(&status_of(row)),
        ),
        case(json!({ "status": [] }), |_: &contract::Model| false),
        case(json!({ "paymentState": ["PAST_DUE"] }), |row: &contract::Model| {
            row.payment_state == PaymentState::PastDue
        }),
        case(json!({ "countsTowardRecurring": true }), |row: &contract::Model| {
            rows.counts_toward_recurring(row)
        }),
        case(
            json!({ "countsTowardRecurring": false, "source": ["INVOICE"] }),
            |row: &contract::Model| !rows.counts_toward_recurring(row) && row.source == ContractSource::Invoice,
        ),
        case(json!({ "currency": ["jpy", "KWD"] }), |row: &contract::Model| {
            row.currency != "USD"
        }),
        case(json!({ "reconciled": false }), |row: &contract::Model| !row.reconciled),
        case(
            json!({ "bookingDate": { "from": "2026-03-05", "to": "2026-04-04" } }),
            |row: &contract::Model| (march..april).contains(&row.booking_date),
        ),
        case(
            json!({ "termEnd": { "from": "2026-04-04" } }),
            |row: &contract::Model| row.term_end.is_some_and(|end| end >= april),
        ),
        case(
            json!({ "updatedAt": { "from": "2026-11-23T11:59:55Z" } }),
            |row: &contract::Model| row.updated_at >= NOW_MS - 5000,
        ),
        case(json!({ "search": "strasse № 2" }), |row: &contract::Model| {
            row.search_key.contains("strasse no 2")
        }),
        case(
            json!({ "linked": true, "source": ["INVOICE"], "currency": ["JPY"] }),
            |row: &contract::Model| {
                rows.client_of(row).is_some() && row.source == ContractSource::Invoice && row.currency == "JPY"
            },
        ),
    ];
    hold(
        &world,
        ("contracts", "ContractFilter", "contract"),
        &rows.contracts,
        |row: &contract::Model| row.id,
        cases,
    )
    .await;
}

#[tokio::test]
async fn lines_runs_and_errors() {
    let world = World::full().await;
    let rows = &world.rows;
    let (contract, product) = (rows.contracts[1].id, &rows.products[3]);
    let names = |line: &contract_line::Model| {
        (line.integration_id, line.stripe_product_id.as_ref()) == (product.integration_id, Some(&product.stripe_id))
    };
    let lines = vec![
        case(
            json!({ "contractId": global("contract", contract) }),
            move |row: &contract_line::Model| row.contract_id == contract,
        ),
        case(json!({ "productId": global("product", product.id) }), names),
        case(json!({ "kind": ["PRORATION"] }), |row: &contract_line::Model| {
            row.kind == LineKind::Proration
        }),
        case(
            json!({ "kind": ["PRORATION"], "contractId": global("contract", contract) }),
            move |row: &contract_line::Model| row.kind == LineKind::Proration && row.contract_id == contract,
        ),
    ];
    hold(
        &world,
        ("contractLines", "ContractLineFilter", "line"),
        &rows.lines,
        |row: &contract_line::Model| row.id,
        lines,
    )
    .await;

    let a = rows.integrations[0].id;
    let runs = vec![
        case(
            json!({ "integrationId": global("integration", a) }),
            move |row: &run::Model| row.integration_id == a,
        ),
        case(json!({ "kind": ["CATCH_UP"] }), |row: &run::Model| {
            row.kind == RunKind::CatchUp
        }),
        case(json!({ "state": ["FAILED", "QUEUED"] }), |row: &run::Model| {
            row.state != RunState::Succeeded
        }),
        case(
            json!({ "trigger": ["MANUAL"], "state": ["QUEUED"] }),
            |row: &run::Model| row.trigger == RunTrigger::Manual && row.state == RunState::Queued,
        ),
        case(
            json!({ "queuedAt": { "from": "2026-11-23T11:59:58Z" } }),
            |row: &run::Model| row.queued_at >= NOW_MS - 2000,
        ),
    ];
    hold(
        &world,
        ("runs", "RunFilter", "run"),
        &rows.runs,
        |row: &run::Model| row.id,
        runs,
    )
    .await;

    let run = rows.runs[1].id;
    let errors = vec![
        case(
            json!({ "integrationId": global("integration", a) }),
            move |row: &sync_error::Model| row.integration_id == a,
        ),
        case(
            json!({ "runId": global("run", run) }),
            move |row: &sync_error::Model| row.run_id == Some(run),
        ),
        case(json!({ "kind": ["PRICE"] }), |row: &sync_error::Model| {
            row.kind == StripeKind::Price
        }),
        case(json!({ "code": ["NO_ID"] }), |row: &sync_error::Model| {
            row.code == "NO_ID"
        }),
        case(json!({ "resolved": true }), |row: &sync_error::Model| {
            row.resolved_at.is_some()
        }),
        case(
            json!({ "resolved": false, "code": ["NO_ID"] }),
            |row: &sync_error::Model| row.resolved_at.is_none() && row.code == "NO_ID",
        ),
    ];
    hold(
        &world,
        ("syncErrors", "SyncErrorFilter", "error"),
        &rows.errors,
        |row: &sync_error::Model| row.id,
        errors,
    )
    .await;
}
