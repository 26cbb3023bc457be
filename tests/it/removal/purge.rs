//! Purging an integration: everything that came by it goes, and nothing else.

use entity::{
    client, client_link, contract, contract_line, event_lane, integration, mapping, product, read_count, record_change,
    remap_queue, run, source_object, source_ref, stripe_event, sync_error,
};
use sandbox::Options;
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::json;

use crate::support::{TestApp, until};

const DISCONNECT: &str = "mutation($id: ID!, $name: String!, $purge: Boolean!) {
    disconnectStripe(input: {integrationId: $id, confirmName: $name, purge: $purge}) { integration { connected syncEnabled } userErrors { field code } }
}";

async fn imported() -> (TestApp, String, String) {
    let app = TestApp::builder().sandbox(Options::default()).start().await;
    let id = app.admin().connect_stripe(app.sandbox().key(), 3650).await;
    let by_hand =
        "mutation { saveClients(input: {clients: [{name: \"By hand\"}]}) { clients { id } userErrors { code } } }";
    app.admin().mutate("saveClients", by_hand, json!({})).await;
    app.admin().import(&id).await;
    let name = app
        .graphql("query($id: ID!) { integration(id: $id) { name } }", json!({ "id": id }))
        .await;
    let name = name["integration"]["name"].as_str().unwrap().to_owned();
    (app, id, name)
}

macro_rules! counts {
    ($db:expr, $($table:ident),+) => {
        vec![$((stringify!($table), $table::Entity::find().count($db).await.unwrap())),+]
    };
}

async fn rows(app: &TestApp) -> Vec<(&'static str, u64)> {
    counts!(
        app.db().read(),
        client_link,
        contract,
        contract_line,
        event_lane,
        integration,
        mapping,
        product,
        read_count,
        record_change,
        remap_queue,
        run,
        source_object,
        source_ref,
        stripe_event,
        sync_error
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_goes_but_what_people_keep() {
    let (app, id, name) = imported().await;
    let key = app.sandbox().key().to_owned();
    let wrong = app
        .graphql(DISCONNECT, json!({ "id": id, "name": "another", "purge": true }))
        .await;
    assert_eq!(
        wrong["disconnectStripe"]["userErrors"],
        json!([{ "field": ["confirmName"], "code": "INVALID" }])
    );
    let asked = json!({ "id": id, "name": name, "purge": true });
    let done = app.admin().mutate("disconnectStripe", DISCONNECT, asked).await;
    assert_eq!(done["integration"], json!({ "connected": false, "syncEnabled": false }));
    until("everything is removed", async || {
        app.tick().await;
        let left = integration::Entity::find().count(app.db().read()).await.unwrap();
        (left == 0).then_some(())
    })
    .await;
    for (table, count) in rows(&app).await {
        assert_eq!(count, 0, "{table}");
    }
    let kept: Vec<String> = client::Entity::find()
        .all(app.db().read())
        .await
        .unwrap()
        .into_iter()
        .map(|row| row.name)
        .collect();
    assert_eq!(kept, ["By hand"]);

    let again = app.admin().connect_stripe(&key, 3650).await;
    assert_ne!(again, id, "ids are never used again");
    let run = app.admin().import(&again).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_at_work_stops_and_leaves_nothing() {
    let app = TestApp::builder()
        .sandbox(Options {
            customers: 300,
            invoices: 600,
            ..Options::default()
        })
        .start()
        .await;
    let id = app.admin().connect_stripe(app.sandbox().key(), 3650).await;
    app.sandbox().faults().set_latency(std::time::Duration::from_millis(20));
    app.admin()
        .start_import(&id, &["CUSTOMER", "PRODUCT", "CONTRACT"])
        .await;
    until("something is here", async || {
        let stored = source_object::Entity::find().count(app.db().read()).await.unwrap();
        (stored > 100).then_some(())
    })
    .await;
    let name = app
        .graphql("query($id: ID!) { integration(id: $id) { name } }", json!({ "id": id }))
        .await;
    let asked = json!({ "id": id, "name": name["integration"]["name"], "purge": true });
    app.admin().mutate("disconnectStripe", DISCONNECT, asked).await;
    until("everything is removed", async || {
        app.tick().await;
        let left: u64 = rows(&app).await.into_iter().map(|(_, count)| count).sum();
        (left == 0).then_some(())
    })
    .await;
    assert_eq!(client::Entity::find().count(app.db().read()).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_purge_the_records_stay() {
    let (app, id, name) = imported().await;
    let contracts = contract::Entity::find().count(app.db().read()).await.unwrap();
    let asked = json!({ "id": id, "name": name, "purge": false });
    app.admin().mutate("disconnectStripe", DISCONNECT, asked).await;
    app.tick().await;
    assert_eq!(
        contract::Entity::find().count(app.db().read()).await.unwrap(),
        contracts
    );
    assert_eq!(integration::Entity::find().count(app.db().read()).await.unwrap(), 1);
}
