//! Purging an integration: everything that came by it goes, and nothing else.

use entity::kind::{RecordState, StripeKind};
use entity::{
    client, client_link, client_unlink, contract, contract_line, erased_customer, event_lane, integration, mapping,
    product, read_count, record_change, record_change_counter, remap_queue, run, source_object, source_ref,
    stripe_event, sync_error, unmatched_customer,
};
use sandbox::Options;
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, PaginatorTrait};
use serde_json::json;
use tributary::store::source::pack;
use uuid::Uuid;

use crate::settings::support::{insert, ready};
use crate::support::{NOW_MS, Office, TestApp, rule, until};

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
        client_unlink,
        contract,
        contract_line,
        erased_customer,
        event_lane,
        integration,
        mapping,
        product,
        read_count,
        record_change,
        record_change_counter,
        remap_queue,
        run,
        source_object,
        source_ref,
        stripe_event,
        sync_error,
        unmatched_customer
    )
}

/// The row of an integration's global id.
fn row_of(integration: &str) -> Uuid {
    integration.strip_prefix("integration_").unwrap().parse().unwrap()
}

/// A parted pair, somebody who waits, a tombstone.
async fn insert_the_rare(app: &TestApp, integration: &str) {
    let (integration_id, client_id, db) = (row_of(integration), Uuid::now_v7(), app.db().write());
    let stripe_customer_id = || "cus_rare".to_owned();
    let parted = client_unlink::Model {
        integration_id,
        stripe_customer_id: stripe_customer_id(),
        client_id,
        created_at: NOW_MS,
    };
    parted.into_active_model().reset_all().insert(db).await.unwrap();
    let waiting = unmatched_customer::Model {
        integration_id,
        stripe_customer_id: stripe_customer_id(),
        email_key: None,
        external_id: None,
    };
    waiting.into_active_model().reset_all().insert(db).await.unwrap();
    let tombstone = erased_customer::Model {
        integration_id,
        stripe_customer_id: stripe_customer_id(),
        client_id,
        erased_at: NOW_MS,
        scrubbed_at: Some(NOW_MS),
    };
    tombstone.into_active_model().reset_all().insert(db).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_goes_but_what_people_keep() {
    let (app, id, name) = imported().await;
    insert_the_rare(&app, &id).await;
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

#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_two_accounts_shows_what_the_other_says() {
    let office = Office::open().await;
    office.map("CUSTOMER", &[rule("metadata.site", "siteUrl")]).await;
    let customer = office.customer(json!({ "name": "Purged", "email": "purged@acme.test", "phone": "1" }));
    office.pull().await;
    let client = office.whose(&customer).await.unwrap();
    let other = insert(&office.app, ready()).await;
    let body = json!({ "id": "cus_other", "object": "customer", "name": "Kept", "email": "kept@acme.test", "livemode": false });
    let source = source_object::Model {
        integration_id: row_of(&other),
        kind: StripeKind::Customer,
        stripe_id: "cus_other".to_owned(),
        body: pack(&body),
        digest: vec![1],
        seen_min: NOW_MS,
        seen_max: NOW_MS,
        deleted: false,
        state: RecordState::Imported,
        reason: None,
        map_stamp: 0,
        recurring_of: None,
    };
    let db = office.app.db();
    source.into_active_model().reset_all().insert(db.write()).await.unwrap();
    let link = client_link::Model {
        integration_id: row_of(&other),
        stripe_customer_id: "cus_other".to_owned(),
        client_id: client.strip_prefix("client_").unwrap().parse().unwrap(),
        linked_by: "PERSON".to_owned(),
        deleted_in_stripe: false,
        created_at: NOW_MS + 3_600_000,
    };
    link.into_active_model().reset_all().insert(db.write()).await.unwrap();

    let name = "query($id: ID!) { integration(id: $id) { name } }";
    let name = office.app.graphql(name, json!({ "id": office.id })).await;
    let asked = json!({ "id": office.id, "name": name["integration"]["name"], "purge": true });
    office.app.admin().mutate("disconnectStripe", DISCONNECT, asked).await;
    until("everything is removed", async || {
        office.app.tick().await;
        let left = integration::Entity::find().count(db.read()).await.unwrap();
        (left == 1).then_some(())
    })
    .await;
    until("the client is mapped again", async || {
        office.app.tick().await;
        let waiting = remap_queue::Entity::find().count(db.read()).await.unwrap();
        (waiting == 0).then_some(())
    })
    .await;
    let rows = client::Entity::find().all(db.read()).await.unwrap();
    let shown = rows
        .iter()
        .find(|row| row.name == "Kept")
        .unwrap_or_else(|| panic!("{rows:?}"));
    assert_eq!(
        (shown.email.as_deref(), shown.phone.as_deref()),
        (Some("kept@acme.test"), None)
    );
    assert!(!format!("{rows:?}").to_lowercase().contains("purged"), "{rows:?}");
}
