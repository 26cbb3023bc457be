//! The fixed mapping, told in words: each row is of a field that there is, and no field is without a row.

use std::collections::BTreeSet;

use serde_json::json;

use super::support::connected;

/// Of our own making, or the same for every record.
const OWN: [&str; 10] = [
    "id",
    "integration",
    "stripeUrl",
    "deletedInStripe",
    "lastSyncedAt",
    "createdAt",
    "updatedAt",
    "lines",
    "lines.id",
    "lines.contract",
];
/// Told with the row of another field.
const TOLD_WITH_ANOTHER: [&str; 3] = ["lines.stripeProductId", "lines.productName", "lines.periodEnd"];

/// The fields of a type of the schema.
fn fields(of: &str, prefix: &str) -> BTreeSet<String> {
    let schema = tributary::graphql::sdl();
    let from = schema.find(&format!("type {of} implements")).unwrap();
    let body = schema[from..].split_once('{').unwrap().1.split_once("\n}").unwrap().0;
    let is_name = |line: &&str| line.starts_with("  ") && line.as_bytes()[2].is_ascii_lowercase();
    let name = |line: &str| line.trim().split(['(', ':']).next().unwrap().to_owned();
    let mut in_text = false;
    let lines = body.lines().filter(|line| {
        let was = in_text;
        in_text ^= line.matches("\"\"\"").count() % 2 == 1;
        !was && !in_text
    });
    lines
        .filter(is_name)
        .map(|line| format!("{prefix}{}", name(line)))
        .collect()
}

#[tokio::test]
async fn each_row_is_of_a_field_and_each_field_has_a_row() {
    let (app, id) = connected().await;
    let query = "query($id: ID!) { integration(id: $id) { contractMapping { source target rule } } }";
    let told = app.graphql(query, json!({ "id": id })).await;
    let rows = told["integration"]["contractMapping"].as_array().unwrap();
    let targets: BTreeSet<String> = rows
        .iter()
        .map(|row| row["target"].as_str().unwrap().to_owned())
        .collect();
    let all = &fields("Contract", "") | &fields("ContractLine", "lines.");
    let unknown: Vec<_> = targets.difference(&all).collect();
    assert!(unknown.is_empty(), "no field of the API: {unknown:?}");
    let untold: Vec<_> = all
        .difference(&targets)
        .filter(|field| !OWN.contains(&field.as_str()) && !TOLD_WITH_ANOTHER.contains(&field.as_str()))
        .collect();
    assert!(untold.is_empty(), "not told of: {untold:?}");
    for row in rows {
        let (source, rule) = (row["source"].as_str().unwrap(), row["rule"].as_str().unwrap());
        assert!(!source.is_empty() && rule.ends_with('.'), "{row}");
    }
}
