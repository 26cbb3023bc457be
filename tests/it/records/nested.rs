//! Lists within lists: right, and in as many statements as they are deep.

use serde_json::{Value, json};

use super::rows::Rows;
use super::world::World;

fn global(prefix: &str, id: uuid::Uuid) -> String {
    format!("{prefix}_{}", id.simple())
}

fn ids(nodes: &Value) -> Vec<String> {
    nodes
        .as_array()
        .unwrap()
        .iter()
        .map(|node| node["id"].as_str().unwrap().to_owned())
        .collect()
}

/// Query shapes and how many statements each may read with, whatever the number of rows. Where contracts are read one reads whose days they have.
const SHAPES: [(&str, usize); 10] = [
    (
        "{ contracts(first: SIZE) { nodes { name client { name } lines(first: 10) { nodes { product { name } } } } } }",
        7,
    ),
    (
        "{ contracts(first: SIZE) { nodes { lines(first: 3) { totalCount nodes { gross { decimal } contract { id } } } } } }",
        6,
    ),
    (
        "{ clients(first: SIZE) { nodes { contracts(first: 5) { totalCount nodes { id } } } } }",
        5,
    ),
    (
        "{ clients(first: SIZE) { nodes { stripeId stripeCustomers { stripeId stripeUrl lastSyncedAt integration { name } } } } }",
        6,
    ),
    (
        "{ contracts(first: SIZE) { nodes { stripeUrl lastSyncedAt integration { name } } } }",
        8,
    ),
    (
        "{ contracts(first: SIZE) { nodes { status countsTowardRecurring subscriptionContract { status } renews { id } renewedBy { status } } } }",
        7,
    ),
    (
        "{ contracts(first: SIZE, filter: {source: [SUBSCRIPTION]}) { nodes { invoiceContracts(first: 5) { totalCount nodes { status } } } } }",
        8,
    ),
    (
        "{ clients(first: SIZE) { nodes { revenue { currency mrr { decimal } } } } }",
        5,
    ),
    // What is counted about an integration is read once for all that ask: seven statements an integration.
    (
        "{ products(first: SIZE) { nodes { stripeUrl lastSyncedAt integration { openErrorCount } } } }",
        20,
    ),
    (
        "{ contracts(first: SIZE) { nodes { integration { activeRuns { id } openErrorCount readsLast30Days
            readAllowanceEstimate30Days setupChecklist { code } customerMapping { updatedBy { name } } } } } }",
        20,
    ),
];

#[tokio::test]
async fn an_answer_costs_as_many_statements_as_it_is_deep() {
    let world = World::with(Rows::sized(250)).await;
    for (shape, most) in SHAPES {
        let few = world.statements_of(&shape.replace("SIZE", "2")).await;
        let many = world.statements_of(&shape.replace("SIZE", "100")).await;
        assert!(few > 0, "nothing was counted: {shape}");
        assert!(many <= most, "{many} statements, at most {most}: {shape}");
    }
}

#[tokio::test]
async fn a_total_is_counted_only_when_it_is_selected() {
    let world = World::full().await;
    assert_eq!(
        world
            .statements_of("{ contracts { nodes { id } pageInfo { hasNextPage } } }")
            .await,
        2
    );
    assert_eq!(
        world.statements_of("{ contracts { totalCount nodes { id } } }").await,
        3
    );
}

#[tokio::test]
async fn nodes_of_one_type_are_read_together() {
    let world = World::full().await;
    let contracts = world.rows.contracts[..50].iter().map(|row| global("contract", row.id));
    let clients = world.rows.clients.iter().map(|row| global("client", row.id));
    let ids: Vec<String> = contracts.chain(clients).collect();
    let query = format!("{{ nodes(ids: {}) {{ id }} }}", json!(ids));
    assert_eq!(world.statements_of(&query).await, 3);
    let found = world.query(&query, json!({})).await;
    let found: Vec<&str> = found["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| node["id"].as_str().unwrap())
        .collect();
    assert_eq!(found, ids);
}

#[tokio::test]
async fn every_parent_gets_its_own_page() {
    let world = World::full().await;
    for (args, backward) in [("first: 3", false), ("last: 3", true)] {
        let query = format!(
            "{{ contracts(first: 100) {{ nodes {{ id lines({args}) {{
                totalCount nodes {{ id }} pageInfo {{ hasNextPage hasPreviousPage }} }} }} }} }}"
        );
        let answer = world.query(&query, json!({})).await;
        for node in answer["contracts"]["nodes"].as_array().unwrap() {
            let mut lines: Vec<_> = world
                .rows
                .lines
                .iter()
                .filter(|line| json!(global("contract", line.contract_id)) == node["id"])
                .collect();
            lines.sort_by_key(|line| (line.line_number, line.id));
            let own: Vec<String> = lines.iter().map(|line| global("line", line.id)).collect();
            let expected = if backward {
                &own[own.len().saturating_sub(3)..]
            } else {
                &own[..own.len().min(3)]
            };
            assert_eq!(ids(&node["lines"]["nodes"]), expected);
            assert_eq!(node["lines"]["totalCount"], json!(own.len()));
            let more =
                json!({ "hasNextPage": !backward && own.len() > 3, "hasPreviousPage": backward && own.len() > 3 });
            assert_eq!(node["lines"]["pageInfo"], more);
        }
    }
}

#[tokio::test]
async fn a_parents_list_goes_on_from_its_cursor() {
    let world = World::full().await;
    let contract = &world.rows.contracts[1];
    let query = "query($id: ID!, $after: String) { contract(ref: {id: $id}) { lines(first: 7, after: $after) {
        nodes { id } pageInfo { hasNextPage endCursor } } } }";
    let mut lines: Vec<_> = world
        .rows
        .lines
        .iter()
        .filter(|line| line.contract_id == contract.id)
        .collect();
    lines.sort_by_key(|line| (line.line_number, line.id));
    let expected: Vec<String> = lines.iter().map(|line| global("line", line.id)).collect();
    let (mut seen, mut after) = (Vec::new(), Value::Null);
    loop {
        let variables = json!({ "id": global("contract", contract.id), "after": after });
        let page = world.query(query, variables).await["contract"]["lines"].take();
        seen.extend(ids(&page["nodes"]));
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == json!(false) {
            break;
        }
    }
    assert_eq!(seen, expected);
    let other = json!({ "id": global("contract", world.rows.contracts[2].id), "after": after });
    assert_eq!(
        world.refusal(query, other).await,
        json!(["INVALID", ["after"]]),
        "of another parent"
    );
    let root =
        "query($after: String, $id: ID!) { contractLines(after: $after, filter: {contractId: $id}) { totalCount } }";
    let variables = json!({ "after": after, "id": global("contract", contract.id) });
    assert_eq!(
        world.refusal(root, variables).await,
        json!(["INVALID", ["after"]]),
        "of the list of all"
    );
}

#[tokio::test]
async fn a_clients_contracts_take_filter_and_order() {
    let world = World::full().await;
    let query = "{ clients(first: 100) { nodes { id contracts(first: 100, filter: {source: [INVOICE]}, orderBy: {field: TOTAL}) {
        totalCount nodes { id client { id } } } } } }";
    let answer = world.query(query, json!({})).await;
    let mut met = 0;
    for node in answer["clients"]["nodes"].as_array().unwrap() {
        let own = |row: &&entity::contract::Model| {
            let client = world.rows.client_of(row).map(|id| json!(global("client", id)));
            client.as_ref() == Some(&node["id"]) && row.source == entity::kind::ContractSource::Invoice
        };
        let mut own: Vec<_> = world.rows.contracts.iter().filter(own).collect();
        own.sort_by_key(|row| std::cmp::Reverse((row.total, row.id)));
        let expected: Vec<String> = own.iter().map(|row| global("contract", row.id)).collect();
        assert_eq!(ids(&node["contracts"]["nodes"]), expected);
        assert_eq!(node["contracts"]["totalCount"], json!(expected.len()));
        assert!(
            node["contracts"]["nodes"]
                .as_array()
                .unwrap()
                .iter()
                .all(|contract| contract["client"]["id"] == node["id"])
        );
        met += expected.len();
    }
    assert!(met > 20);
}

#[tokio::test]
async fn lists_within_lists_are_bounded_in_all() {
    let world = World::full().await;
    let query = "{ a: clients(first: 100) { nodes { contracts(first: 100) { nodes { lines(first: 100) { nodes {
        contract { lines(first: 100) { nodes { contract { lines(first: 100) { nodes { id } } } } } } } } } } } } }";
    assert_eq!(world.refusal(query, json!({})).await, json!(["OUT_OF_RANGE", []]));
}

#[tokio::test]
async fn a_filter_that_names_another_client_finds_and_counts_none() {
    let world = World::full().await;
    let other = global("client", world.rows.clients[0].id);
    let query = format!(
        "{{ clients(first: 100) {{ nodes {{ id contracts(filter: {{clientId: \"{other}\"}}) {{ totalCount nodes {{ id }} }} }} }} }}"
    );
    let answer = world.query(&query, json!({})).await;
    for node in answer["clients"]["nodes"].as_array().unwrap() {
        let found = node["contracts"]["nodes"].as_array().unwrap().len();
        assert_eq!(node["contracts"]["totalCount"], json!(found));
        assert!(node["id"] == json!(other) || found == 0, "{node}");
    }
}
