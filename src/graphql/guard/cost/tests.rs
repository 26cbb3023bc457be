//! What operations cost, and that every field that may be dear has its price.

use async_graphql::parser::parse_query;
use async_graphql::parser::types::BaseType;
use async_graphql::{Request, Variables};
use serde_json::{Value, json};

use super::super::{LIMITS, find_operation};
use super::price::{PRICES, find};
use super::shape::{definitions, named};
use super::{check, cost_of};

fn cost_with(query: &str, variables: Value) -> u64 {
    let document = parse_query(query).unwrap();
    let operation = find_operation(&document, None).unwrap();
    cost_of(&document, operation, &Variables::from_json(variables))
}

fn cost(query: &str) -> u64 {
    cost_with(query, json!({}))
}

#[test]
fn objects_are_multiplied_down_the_lists() {
    for (query, expected) in [
        ("{ viewer { scope } }", 1),
        ("{ clients { nodes { id name email } } }", 25),
        (
            "{ clients(first: 50) { nodes { id name email } pageInfo { endCursor } } }",
            50,
        ),
        ("{ clients(last: 7) { edges { cursor node { id } } } }", 7),
        // What is read costs, shown or not; what is shown twice costs twice.
        ("{ clients(first: 7) { pageInfo { endCursor } } }", 7),
        ("{ clients(first: 7) { nodes { id } edges { node { id } } } }", 14),
        (
            "{ clients(first: 10) { nodes { id contracts(first: 20) { nodes { id lines(first: 30) { nodes { id } } } } } } }",
            10 + 10 * 20 + 10 * 20 * 30,
        ),
        (
            "{ contracts(first: 100) { nodes { total { decimal } net { decimal } client { id } } } }",
            200,
        ),
        (
            "{ clients(first: 100) { nodes { address { city } stripeCustomers { stripeId } } } }",
            300,
        ),
        (
            "{ nodes(ids: [\"a\", \"b\", \"c\"]) { id ... on Client { contracts(first: 5) { nodes { id } } } } }",
            18,
        ),
        (
            "mutation { saveClients(input: {clients: [{name: \"a\"}, {name: \"b\"}]}) { clients { id contracts(first: 5) { nodes { id } } } } }",
            12,
        ),
        ("subscription { runProgress(id: \"x\") { id phases { seen } } }", 4),
        // Numbers that no page may have are refused by the field itself.
        ("{ clients(first: 1000000) { nodes { id } } }", 100),
        ("{ clients(first: -1) { nodes { id } } }", 1),
        ("{ clients(first: null) { nodes { id } } }", 25),
    ] {
        assert_eq!(cost(query), expected, "{query}");
    }
}

#[test]
fn variables_count_and_so_do_their_defaults() {
    let query = "query($n: Int = 40, $ids: [ID!]) { clients(first: $n) { nodes { id } } nodes(ids: $ids) { id } }";
    for (variables, expected) in [
        (json!({}), 40),
        (json!({ "n": 3 }), 3),
        (json!({ "n": null }), 25),
        (json!({ "n": 3, "ids": ["a", "b"] }), 5),
        (json!({ "n": 3, "ids": "a" }), 4),
    ] {
        assert_eq!(cost_with(query, variables.clone()), expected, "{variables}");
    }
    let save = "mutation($input: SaveClientsInput!) { saveClients(input: $input) { clients { id } } }";
    assert_eq!(cost_with(save, json!({ "input": { "clients": [{}, {}, {}] } })), 3);
    let save = "mutation($clients: [ClientInput!]!) { saveClients(input: {clients: $clients}) { clients { id } } }";
    assert_eq!(cost_with(save, json!({ "clients": [{}, {}, {}] })), 3);
}

#[test]
fn fragments_cost_what_they_bring_each_time() {
    let query = "query($n: Int!) { a: clients(first: $n) { ...Page } b: clients(first: 5) { ...Page ...Page } }
        fragment Page on ClientConnection { totalCount nodes { ...C } }
        fragment C on Client { id ... { contracts(first: 2) { ... on ContractConnection { nodes { id } } } } }";
    let row = 1 + 2;
    assert_eq!(
        cost_with(query, json!({ "n": 10 })),
        10 * row + 1_000 + 5 * 2 * row + 2_000
    );
}

#[test]
fn what_reads_whole_tables_fits_nine_times() {
    let root = [
        "revenue { currency }",
        "clients(first: 1) { totalCount }",
        "products(first: 1) { totalCount }",
        "contracts(first: 1) { totalCount }",
        "contractLines(first: 1) { totalCount }",
        "runs(first: 1) { totalCount }",
        "syncErrors(first: 1) { totalCount }",
        "clients(first: 1) { nodes { revenue { currency } } }",
        "runs(first: 1) { nodes { monthlySums { month } } }",
    ];
    for field in root {
        let times = |times: usize| {
            let fields: Vec<String> = (0..times).map(|at| format!("a{at}: {field} ")).collect();
            fields.concat()
        };
        let passes = |count: usize| cost(&format!("{{ {} }}", times(count))) <= LIMITS.cost;
        assert!(passes(9) && !passes(10), "{field}: {}", cost(&format!("{{ {field} }}")));
    }
    // One statement for all clients of a page, not one for each.
    assert_eq!(
        cost("{ clients(first: 100) { nodes { id revenue { currency } } } }"),
        100 + 200 + 1_000
    );
    assert_eq!(
        cost("{ clients(first: 100) { nodes { contracts(first: 1) { totalCount } } } }"),
        200 + 250
    );
}

#[test]
fn the_limit_is_met_and_exceeded_by_one() {
    let checked = |rows: usize| {
        let lists = "x: clients(first: 100) { nodes { contracts(first: 98) { nodes { id } } } }";
        let query = format!("{{ {lists} clients(first: {rows}) {{ nodes {{ id }} }} }}");
        let document = parse_query(query).unwrap();
        let operation = find_operation(&document, None).unwrap();
        check(&document, operation, &Variables::default(), &LIMITS)
    };
    assert!(checked(100).is_ok());
    let over = "{ x: clients(first: 100) { nodes { contracts(first: 99) { nodes { id } } } } clients(first: 1) { nodes { id } } }";
    let error = super::super::admit(&mut Request::new(over), Some(&super::super::tests::caller())).unwrap_err();
    assert!(
        error.message.contains("10001") && error.message.contains("10000"),
        "{}",
        error.message
    );
}

#[test]
fn what_is_over_the_limit_is_told_without_walking_it() {
    let step = |at: usize| {
        format!(
            "fragment F{at} on Contract {{ client {{ contracts(first: 100) {{ nodes {{ ...F{n} ...F{n} }} }} }} }} ",
            n = at + 1
        )
    };
    let steps: Vec<String> = (0..40).map(step).collect();
    let query = format!(
        "{{ contracts {{ nodes {{ ...F0 }} }} }} {} fragment F40 on Contract {{ id }}",
        steps.concat()
    );
    assert_eq!(cost(&query), u64::MAX);
}

/// A list of objects, a page, a count: whatever may be dear.
#[test]
fn every_list_and_every_count_has_its_price() {
    let mut met = 0;
    let types = definitions();
    let objects: Vec<&str> = types.iter().map(|(of, _)| of.name.node.as_str()).collect();
    for (of, fields) in &types {
        for field in fields {
            let (gives, name) = (named(&field.ty.node.base), field.name.node.as_str());
            let is_list = matches!(field.ty.node.base, BaseType::List(_)) && objects.contains(&gives);
            if is_list || gives.ends_with("Connection") || name.ends_with("Count") {
                assert!(
                    find(&of.name.node, name).is_some(),
                    "{}.{name} has no line in PRICES",
                    of.name.node
                );
                met += 1;
            }
        }
    }
    assert!(met > 50, "only {met} fields were found");
}

#[test]
fn every_price_is_of_a_field_that_there_is() {
    for (line, _) in PRICES {
        let (of, name) = line.split_once('.').unwrap();
        let has = |fields: &[async_graphql::parser::types::FieldDefinition]| {
            fields.iter().any(|field| field.name.node == name)
        };
        let met = definitions()
            .iter()
            .any(|(here, fields)| (of == "*" || here.name.node == of) && has(fields));
        assert!(met, "{line}");
    }
}
