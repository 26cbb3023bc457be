//! A database of the version before: its contracts get what is new from the JSON that was kept, without a request to Stripe.

use entity::kind::StripeKind;
use entity::{contract, contract_line, remap_queue, source_ref};
use migration::{Migrator, MigratorTrait};
use sandbox::Options;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};
use serde_json::json;

use crate::support::{TestApp, assert_equals_truth, until};

/// Takes the schema and the rows back to what they were.
const BACK: [&str; 22] = [
    "DROP INDEX contract_sums",
    "ALTER TABLE client DROP COLUMN held_before",
    "DROP TABLE recurring_revenue",
    "DROP TABLE subscription_state",
    "DROP INDEX contract_renewed_by",
    "ALTER TABLE contract ADD COLUMN next_change_at bigint",
    "DROP TABLE write_check",
    "DROP TABLE discount_terms",
    "DROP TABLE billing_currency",
    "DROP INDEX integration_account",
    "DROP INDEX contract_subscription",
    "ALTER TABLE run DROP COLUMN monthly_sums",
    "ALTER TABLE sync_error DROP COLUMN brought_in",
    "ALTER TABLE contract_line DROP COLUMN mrr",
    "ALTER TABLE contract_line DROP COLUMN item_id",
    "ALTER TABLE contract_line DROP COLUMN span",
    "ALTER TABLE contract_line DROP COLUMN monthly_numerator",
    "ALTER TABLE contract_line DROP COLUMN monthly_denominator",
    // Only those were kept whose change showed: no subscription's, no credit note's.
    "DELETE FROM source_ref WHERE from_kind = 7 OR to_kind = 5",
    "UPDATE source_object SET map_stamp = 1",
    "DELETE FROM remap_queue",
    "DELETE FROM seaql_migrations WHERE version >= 'm20261124_000005_contracts'",
];
const SETTINGS: [&str; 6] = [
    "days",
    "repeating_discounts_in_mrr",
    "once_discounts_in_mrr",
    "past_due_counts_for_days",
    "churn_at",
    "count_open_invoices",
];
const COLUMNS: [&str; 19] = [
    "refunded",
    "issued_at",
    "fixed_reason",
    "left_on",
    "left_as",
    "removed_on",
    "renewed_by",
    "fixed_status",
    "payment_state",
    "recurs",
    "terminated_date",
    "renewal_from",
    "recurs_from",
    "auto_renew",
    "credited",
    "net",
    "mrr",
    "arr",
    "acv",
];

const TOLD: &str = "{ integrations { waitingToBeMapped } revenue { currency warnings } }";

async fn rows(app: &TestApp) -> (Vec<contract::Model>, Vec<contract_line::Model>) {
    let contracts = contract::Entity::find().order_by_asc(contract::Column::Id);
    let mut contracts = contracts.all(app.db().read()).await.unwrap();
    for contract in &mut contracts {
        contract.updated_at = 0;
    }
    let lines = contract_line::Entity::find().order_by_asc(contract_line::Column::Id);
    (contracts, lines.all(app.db().read()).await.unwrap())
}

/// Which objects name invoices or subscriptions.
async fn names(app: &TestApp) -> Vec<source_ref::Model> {
    let found_by = [StripeKind::Invoice, StripeKind::Subscription];
    let names = source_ref::Entity::find().filter(source_ref::Column::ToKind.is_in(found_by));
    let mut names = names.all(app.db().read()).await.unwrap();
    names.sort_by_key(|name| format!("{name:?}"));
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_new_is_reckoned_from_what_was_kept() {
    let world = Options {
        customers: 60,
        invoices: 200,
        subscriptions: 60,
        ..Options::default()
    };
    let app = TestApp::builder().sandbox(world).start().await;
    let id = app.admin().connect_stripe(app.sandbox().key(), 3650).await;
    assert_eq!(app.admin().import(&id).await["state"], "SUCCEEDED");
    // Whether sync is on does not matter.
    app.stop_sync(&id).await;
    let (before, names_before) = (rows(&app).await, names(&app).await);
    let columns = COLUMNS.map(|column| format!("ALTER TABLE contract DROP COLUMN {column}"));
    let settings = SETTINGS.map(|column| format!("ALTER TABLE integration DROP COLUMN {column}"));
    let columns = columns.iter().chain(&settings).map(String::as_str);
    for statement in BACK.iter().copied().chain(columns) {
        app.db().write().execute_unprepared(statement).await.unwrap();
    }
    let asked = app.sandbox().request_count();
    Migrator::up(app.db().write(), None).await.unwrap();
    let told = app.graphql(TOLD, json!({})).await;
    let waiting = told["integrations"][0]["waitingToBeMapped"].as_u64().unwrap();
    assert!(waiting > 200, "{told}");
    let warning = format!("{waiting} objects of the account Sandbox Works wait to be mapped again");
    for row in told["revenue"].as_array().unwrap() {
        assert!(row["warnings"][0].as_str().unwrap().starts_with(&warning), "{told}");
    }
    until("all is mapped again", async || {
        app.tick().await;
        (remap_queue::Entity::find().count(app.db().read()).await.unwrap() == 0).then_some(())
    })
    .await;
    let told = app.graphql(TOLD, json!({})).await;
    assert_eq!(told["integrations"][0]["waitingToBeMapped"], 0);
    assert!(
        told["revenue"]
            .as_array()
            .unwrap()
            .iter()
            .all(|row| row["warnings"] == json!([])),
        "{told}"
    );
    assert_eq!(rows(&app).await, before);
    assert!(names_before.len() > 50, "{}", names_before.len());
    assert_eq!(names(&app).await, names_before);
    assert_eq!(app.sandbox().request_count(), asked, "Stripe was asked");
    assert_equals_truth(app.db(), app.sandbox(), |_| true).await;
}
