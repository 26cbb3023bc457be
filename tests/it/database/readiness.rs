//! Readiness on PostgreSQL: false while nothing can be written there, true by itself afterwards.

use sea_orm::{ConnectionTrait, Database};
use serde_json::json;

use crate::support::{TestApp, on_postgres, until};

const SAVE: &str =
    "mutation($name: String) { saveClients(input: {clients: [{name: $name}]}) { clients { id } userErrors { code } } }";
/// New connections are read-only, and all are new.
const READ_ONLY: [&str; 2] = [
    "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END $$",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
];
const WRITABLE: [&str; 2] = [
    "BEGIN READ WRITE;
     DO $$ BEGIN EXECUTE format('ALTER DATABASE %I RESET default_transaction_read_only', current_database()); END $$;
     COMMIT",
    READ_ONLY[1],
];

async fn execute(app: &TestApp, statements: &[&str]) {
    let connection = Database::connect(app.database_url()).await.unwrap();
    for statement in statements {
        connection.execute_unprepared(statement).await.unwrap();
    }
    connection.close().await.unwrap();
}

#[tokio::test]
async fn a_read_only_server_is_told_and_writing_goes_on_once_it_is_not() {
    if !on_postgres() {
        return;
    }
    let app = TestApp::start().await;
    execute(&app, &READ_ONLY).await;
    let name = json!({ "name": "Acme" });
    until("nothing can be written", async || {
        let refused = app.admin().response(SAVE, name.clone()).await;
        (refused["errors"][0]["extensions"]["code"] == "DATABASE_UNWRITABLE").then_some(())
    })
    .await;
    until("it is not ready", async || {
        (app.anybody().get("/readyz").await.status == 503).then_some(())
    })
    .await;
    execute(&app, &WRITABLE).await;
    until("it is ready again", async || {
        (app.anybody().get("/readyz").await.status == 200).then_some(())
    })
    .await;
    until("writing goes on", async || {
        let saved = app.admin().response(SAVE, name.clone()).await;
        saved["data"]["saveClients"]["clients"][0]["id"]
            .is_string()
            .then_some(())
    })
    .await;
}
