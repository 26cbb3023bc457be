//! What was removed does not stand in SQLite's log either, whoever was removed, and whoever reads meanwhile. PostgreSQL looks after its own.

use entity::{client, integration};
use sandbox::Options;
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};

use super::traces_in_files;
use crate::support::{Office, TestApp, on_postgres, until};

const MARK: &str = "Zaphodina";

async fn saved() -> (TestApp, String) {
    let app = TestApp::builder().sandbox(Options::default()).start().await;
    let save = "mutation($name: String!) { saveClients(input: {clients: [{name: $name}]}) { clients { id } userErrors { code } } }";
    let saved = app.admin().mutate("saveClients", save, json!({ "name": MARK })).await;
    let id = saved["clients"][0]["id"].as_str().unwrap().to_owned();
    assert!(!traces_in_files(&app, MARK).is_empty());
    (app, id)
}

async fn erase(app: &TestApp, id: &str) -> Value {
    let erase = "mutation($id: ID!, $name: String!) {
        eraseClient(input: {id: $id, confirmName: $name}) { client { name warnings } userErrors { code } }
    }";
    app.graphql(erase, json!({ "id": id, "name": MARK })).await["eraseClient"].take()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_no_customer_is_gone_from_the_file_with_the_answer() {
    if on_postgres() {
        return;
    }
    let (app, id) = saved().await;
    let erased = erase(&app, &id).await;
    assert_eq!(
        erased,
        json!({ "client": { "name": "Erased", "warnings": [] }, "userErrors": [] })
    );
    assert_eq!(traces_in_files(&app, MARK), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn while_somebody_reads_it_is_tried_again() {
    if on_postgres() {
        return;
    }
    let (app, id) = saved().await;
    let view = app.db().begin_view().await.unwrap();
    assert_eq!(client::Entity::find().count(&view).await.unwrap(), 1);
    assert_eq!(erase(&app, &id).await["userErrors"], json!([]));
    assert!(!traces_in_files(&app, MARK).is_empty(), "the view still shows her");
    view.commit().await.unwrap();
    until("the log is written into the file", async || {
        app.tick().await;
        traces_in_files(&app, MARK).is_empty().then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purged_account_is_gone_from_the_file() {
    if on_postgres() {
        return;
    }
    let office = Office::open().await;
    office.customer(json!({ "name": MARK, "metadata": { "nick": MARK } }));
    office.pull().await;
    assert!(!traces_in_files(&office.app, MARK).is_empty());
    let shown = "query($id: ID!) { integration(id: $id) { name } }";
    let shown = office.app.graphql(shown, json!({ "id": office.id })).await;
    let purge = "mutation($id: ID!, $name: String!) {
        disconnectStripe(input: {integrationId: $id, confirmName: $name, purge: true}) { userErrors { field code } }
    }";
    let asked = json!({ "id": office.id, "name": shown["integration"]["name"] });
    office.app.admin().mutate("disconnectStripe", purge, asked).await;
    let app = &office.app;
    until("everything is removed", async || {
        app.tick().await;
        let left = integration::Entity::find().count(app.db().read()).await.unwrap();
        (left == 0 && !app.db().owes_flush()).then_some(())
    })
    .await;
    assert_eq!(traces_in_files(app, MARK), Vec::<String>::new());
}
