//! A server that has an integration, and what is asked of it.

use entity::kind::{
    ChurnAt, ClientMatchRule, ContractSource, CountInvoices, DayZone, DiscountCounts, SyncDirection, SyncObject,
};
use entity::list::{ContractSources, KeyPermission, KeyPermissions, MappingRules, MatchRules};
use entity::{integration, mapping};
use futures_util::future::join_all;
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};
use serde_json::{Value, json};
use tributary::graphql::id::IdType;
use tributary::map::rule::{default_customer_rules, default_product_rules};
use tributary::store::Db;
use uuid::Uuid;

use crate::support::{Client, NOW_MS, TestApp};

/// An integration with nothing left to do, whose sync is off.
pub(crate) fn ready() -> integration::Model {
    integration::Model {
        id: Uuid::now_v7(),
        stripe_account_id: Some(format!("acct_{}", Uuid::now_v7().simple())),
        name: "Example".to_owned(),
        timezone: Some("Europe/Vienna".to_owned()),
        livemode: false,
        key_sealed: Some(vec![1, 2, 3]),
        key_display: Some("sk_test_…abcd".to_owned()),
        key_rotated_at: Some(NOW_MS),
        permissions: KeyPermissions(vec![permission("customers", true), permission("invoices", true)]),
        sync_enabled: false,
        settings_version: 1,
        contract_sources: ContractSources(vec![ContractSource::Invoice]),
        invoice_lookback_days: 30,
        poll_interval_seconds: None,
        import_zero_amount_invoices: false,
        days: DayZone::Utc,
        repeating_discounts_in_mrr: DiscountCounts::WhileRunning,
        once_discounts_in_mrr: DiscountCounts::Never,
        past_due_counts_for_days: None,
        churn_at: ChurnAt::End,
        count_open_invoices: CountInvoices::Paid,
        client_matching: MatchRules(vec![ClientMatchRule::StripeId]),
        external_id_source: None,
        max_requests_per_second: None,
        event_watermark: None,
        next_poll_at: None,
        webhook_secret: None,
        webhook_secret_display: None,
        webhook_secret_before: None,
        webhook_secret_before_until: None,
        last_webhook_at: None,
        key_problem: None,
        key_problem_message: None,
        events_from: None,
        covered_from: None,
        reconcile_schedule: "0 3 * * *".to_owned(),
        next_reconcile_at: None,
        last_success_at: None,
        purge_requested_at: None,
        created_at: NOW_MS,
    }
}

/// A required right of the key.
pub(super) fn permission(object: &str, granted: bool) -> KeyPermission {
    KeyPermission {
        object: object.to_owned(),
        granted,
        required: true,
        hint: (!granted).then(|| format!("Allow Read on {object}.")),
    }
}

/// Stores an integration with the mappings that come with the product, and gives its global id.
pub(crate) async fn insert(app: &TestApp, row: integration::Model) -> String {
    insert_into(app.db(), row).await
}

/// The same where no server runs.
pub(crate) async fn insert_into(db: &Db, row: integration::Model) -> String {
    let id = row.id;
    row.into_active_model().reset_all().insert(db.write()).await.unwrap();
    for (object, rules) in [
        (SyncObject::Customer, default_customer_rules()),
        (SyncObject::Product, default_product_rules()),
    ] {
        let mapping = mapping::Model {
            integration_id: id,
            object,
            version: 1,
            direction: SyncDirection::Pull,
            rules: MappingRules(rules),
            updated_at: NOW_MS,
            updated_by: None,
        };
        let mapping = mapping.into_active_model().reset_all();
        mapping.insert(db.write()).await.unwrap();
    }
    IdType::Integration.encode(id).to_string()
}

/// A server with one integration that is [`ready`].
pub(super) async fn start() -> (TestApp, String) {
    let app = TestApp::start().await;
    let id = insert(&app, ready()).await;
    (app, id)
}

/// The row as it is stored now.
pub(super) async fn stored(app: &TestApp) -> integration::Model {
    integration::Entity::find().one(app.db().read()).await.unwrap().unwrap()
}

/// What `mutation` answers to `input`: the payload.
pub(super) async fn change(client: &Client, mutation: &str, input: Value) -> Value {
    let (kind, shown) = match mutation {
        "updateSettings" => ("UpdateSettingsInput", SETTINGS),
        "setSyncEnabled" => ("SetSyncEnabledInput", SETTINGS),
        "resetMapping" => ("ResetMappingInput", MAPPING),
        _ => ("UpdateMappingInput", MAPPING),
    };
    let query = format!(
        "mutation($input: {kind}!) {{ {mutation}(input: $input) {{ {shown} userErrors {{ field code message }} }} }}"
    );
    client.graphql(&query, json!({ "input": input })).await[mutation].take()
}

/// The paths and codes of what the caller can mend.
pub(crate) fn problems(payload: &Value) -> Vec<(String, &str)> {
    let path = |error: &Value| {
        let parts = error["field"].as_array().cloned().unwrap_or_default();
        let parts: Vec<&str> = parts.iter().map(|part| part.as_str().unwrap()).collect();
        parts.join(".")
    };
    let errors = payload["userErrors"].as_array().unwrap();
    errors
        .iter()
        .map(|error| (path(error), error["code"].as_str().unwrap()))
        .collect()
}

/// Asserts that there are exactly these problems, and no result.
pub(super) fn assert_refused(payload: &Value, expected: &[(&str, &str)]) {
    let expected: Vec<(String, &str)> = expected
        .iter()
        .map(|(path, code)| ((*path).to_owned(), *code))
        .collect();
    assert_eq!(problems(payload), expected, "{payload}");
    let result = payload.get("integration").or_else(|| payload.get("mapping"));
    assert_eq!(result, Some(&Value::Null));
}

/// What `mutation` answers to eight inputs that arrive at once.
pub(super) async fn at_once(client: &Client, mutation: &str, input: impl Fn(u8) -> Value) -> Vec<Value> {
    join_all((0..8).map(|number| change(client, mutation, input(number)))).await
}

/// The one answer that is a result; the others have to be told that they came too late.
pub(super) fn only_winner(answers: Vec<Value>) -> Value {
    let (mut won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| problems(answer).is_empty());
    assert_eq!(won.len(), 1);
    for payload in lost {
        assert_refused(&payload, &[("expectedVersion", "STALE_VERSION")]);
    }
    won.remove(0)
}

const SETTINGS: &str = "integration { syncEnabled nextRunAt settings { version contractSources invoiceLookbackDays \
    pollIntervalSeconds importZeroAmountInvoices maxRequestsPerSecond } }";
const MAPPING: &str = "mapping { version object direction updatedAt updatedBy { email } \
    rules { source target required enabled policy } }";
