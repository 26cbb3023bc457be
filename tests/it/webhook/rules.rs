//! Rules that change while events are taken out.

use std::time::Duration;

use serde_json::json;

use crate::support::webhook::thin;
use crate::support::{Office, rule, until};

/// More than are read before the inbox is looked at again, several times over.
const MANY: u64 = 100;

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_mapping_is_used_while_events_keep_coming() {
    let office = Office::open().await;
    let ids: Vec<String> = (0..MANY)
        .map(|_| office.customer(json!({ "name": "Before" })))
        .collect();
    office.pull().await;
    office.tell().await;
    office.pass_a_minute();
    let known = office.world().events_after(0).len();
    for id in &ids {
        office
            .world()
            .update(sandbox::Kind::Customer, id, json!({ "name": "After" }));
    }
    let app = &office.app;
    app.sandbox().clear_requests();
    app.sandbox().faults().set_latency(Duration::from_millis(150));
    for event in office.world().events_after(known) {
        office.post(&thin(&event)).await;
    }
    until("customers are being read", async || {
        let requests = app.sandbox().requests();
        let is_of_customer = |path: &str| path.starts_with("/v1/customers/");
        requests
            .iter()
            .any(|request| is_of_customer(&request.path_and_query))
            .then_some(())
    })
    .await;
    office.map("CUSTOMER", &[rule("'By the new rule'", "name")]).await;
    app.sandbox().faults().clear();
    office.rest().await;
    let query = "{ clients(filter: {search: \"By the new rule\"}) { totalCount } }";
    let by_the_new = app.graphql(query, json!({})).await["clients"]["totalCount"]
        .as_u64()
        .unwrap();
    assert!(by_the_new > 0, "all were mapped by the rules of the first round");
}
