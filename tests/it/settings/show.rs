//! What an integration shows.

use chrono::{Days, NaiveDate};
use entity::kind::{ContractSource, PaymentState, Scope, StripeKind};
use entity::list::Warnings;
use entity::{contract, read_count, sync_error};
use sea_orm::{ActiveModelTrait, IntoActiveModel};
use serde_json::{Value, json};
use tributary::graphql::id::IdType;
use uuid::Uuid;

use super::support::{insert, permission, ready, start};
use crate::support::{NOW_MS, TestApp};

const DAY_MS: i64 = 86_400_000;

pub(super) async fn show(app: &TestApp, id: &str, fields: &str) -> Value {
    let query = format!("query($id: ID!) {{ integration(id: $id) {{ {fields} }} }}");
    app.graphql(&query, json!({ "id": id })).await["integration"].take()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_shows_the_account_and_never_the_key() {
    let app = TestApp::start().await;
    let mut row = ready();
    row.stripe_account_id = Some("acct_1".to_owned());
    row.permissions.0.truncate(1);
    row.permissions.0.push(permission("invoices", false));
    row.last_success_at = Some(NOW_MS - 1000);
    let id = insert(&app, row).await;
    let fields = "id stripeAccountId name timezone livemode connected keyDisplay keyRotatedAt lastSuccessAt syncEnabled \
        nextRunAt permissions { object granted required hint } settings { version contractSources }";
    let expected = json!({
        "id": id, "stripeAccountId": "acct_1", "name": "Example", "timezone": "Europe/Vienna", "livemode": false,
        "connected": true, "keyDisplay": "sk_test_…abcd", "keyRotatedAt": "2026-11-23T12:00:00Z",
        "lastSuccessAt": "2026-11-23T11:59:59Z", "syncEnabled": false, "nextRunAt": null,
        "permissions": [
            { "object": "customers", "granted": true, "required": true, "hint": null },
            { "object": "invoices", "granted": false, "required": true, "hint": "Allow Read on invoices." },
        ],
        "settings": { "version": 1, "contractSources": ["INVOICE"] },
    });
    assert_eq!(show(&app, &id, fields).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_are_listed_the_oldest_first_to_those_who_may_read() {
    let app = TestApp::start().await;
    let list = "{ integrations { id } }";
    assert_eq!(app.graphql(list, json!({})).await, json!({ "integrations": [] }));
    let mut younger = ready();
    younger.created_at += 1;
    let younger = insert(&app, younger).await;
    let older = insert(&app, ready()).await;
    let reader = app.admin().with_token(&app.sign_in_token(Scope::Read).await);
    let data = reader.graphql(list, json!({})).await;
    assert_eq!(data, json!({ "integrations": [{ "id": older }, { "id": younger }] }));
    let response = app.anybody().response(list, json!({})).await;
    assert_eq!(response["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    let one = "query($id: ID!) { integration(id: $id) { id } }";
    let response = app.anybody().response(one, json!({ "id": older })).await;
    assert_eq!(response["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_null_and_what_is_no_id_is_refused() {
    let (app, _id) = start().await;
    let row = Uuid::now_v7();
    for absent in [IdType::Integration.encode(row), IdType::Run.encode(row)] {
        assert_eq!(show(&app, &absent, "id").await, Value::Null);
    }
    let query = "query($id: ID!) { integration(id: $id) { id } }";
    let response = app.admin().response(query, json!({ "id": "integration_" })).await;
    assert_eq!(response["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_are_summed_over_thirty_days_with_today() {
    let app = TestApp::start().await;
    let (row, other) = (ready(), ready());
    let integration_id = row.id;
    let other_id = other.id;
    let id = insert(&app, row).await;
    insert(&app, other).await;
    assert_eq!(show(&app, &id, "readsLast30Days").await["readsLast30Days"], 0);
    let today = NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
    for (integration_id, days_ago, reads) in [
        (integration_id, 0, 1),
        (integration_id, 29, 10),
        (integration_id, 30, 100),
        (other_id, 0, 1000),
    ] {
        let count = read_count::Model {
            integration_id,
            day: today - Days::new(days_ago),
            reads,
        };
        count
            .into_active_model()
            .reset_all()
            .insert(app.db().write())
            .await
            .unwrap();
    }
    assert_eq!(show(&app, &id, "readsLast30Days").await["readsLast30Days"], 11);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_allowance_grows_with_the_invoices_paid_in_thirty_days() {
    let app = TestApp::start().await;
    let row = ready();
    let integration_id = row.id;
    let id = insert(&app, row).await;
    let field = "readAllowanceEstimate30Days";
    assert_eq!(show(&app, &id, field).await[field], 10_000);
    let recent = Some(NOW_MS - 30 * DAY_MS);
    for number in 0..21 {
        insert_contract(
            &app,
            integration_id,
            &format!("in_{number}"),
            ContractSource::Invoice,
            recent,
        )
        .await;
    }
    for (stripe_id, source, paid_at) in [
        ("in_old", ContractSource::Invoice, Some(NOW_MS - 30 * DAY_MS - 1)),
        ("in_open", ContractSource::Invoice, None),
        ("sub_1", ContractSource::Subscription, recent),
    ] {
        insert_contract(&app, integration_id, stripe_id, source, paid_at).await;
    }
    insert_contract(&app, Uuid::now_v7(), "in_other", ContractSource::Invoice, recent).await;
    assert_eq!(show(&app, &id, field).await[field], 10_500);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_open_errors_count() {
    let app = TestApp::start().await;
    let row = ready();
    let integration_id = row.id;
    let id = insert(&app, row).await;
    for (integration_id, stripe_id, resolved_at) in [
        (integration_id, "in_1", None),
        (integration_id, "in_2", None),
        (integration_id, "in_3", Some(NOW_MS)),
        (Uuid::now_v7(), "in_4", None),
    ] {
        let error = sync_error::Model {
            id: Uuid::now_v7(),
            integration_id,
            run_id: None,
            kind: StripeKind::Invoice,
            stripe_id: stripe_id.to_owned(),
            code: "MALFORMED".to_owned(),
            message: "It has no currency.".to_owned(),
            hint: None,
            attempts: 1,
            first_at: NOW_MS,
            last_at: NOW_MS,
            next_retry_at: None,
            brought_in: false,
            resolved_at,
        };
        error
            .into_active_model()
            .reset_all()
            .insert(app.db().write())
            .await
            .unwrap();
    }
    assert_eq!(show(&app, &id, "openErrorCount").await["openErrorCount"], 2);
}

async fn insert_contract(
    app: &TestApp,
    integration_id: Uuid,
    stripe_id: &str,
    source: ContractSource,
    paid_at: Option<i64>,
) {
    let contract = contract::Model {
        id: Uuid::now_v7(),
        integration_id,
        source,
        stripe_id: stripe_id.to_owned(),
        source_status: "paid".to_owned(),
        number: None,
        name: stripe_id.to_owned(),
        search_key: stripe_id.to_owned(),
        stripe_customer_id: None,
        stripe_subscription_id: None,
        paid_at,
        booking_date: NaiveDate::from_ymd_opt(2026, 11, 1).unwrap(),
        term_start: None,
        term_end: None,
        issued_at: 0,
        fixed_status: None,
        fixed_reason: None,
        left_on: None,
        left_as: None,
        removed_on: None,
        renewed_by: None,
        payment_state: PaymentState::Paid,
        recurs: false,
        terminated_date: None,
        renewal_from: None,
        recurs_from: None,
        auto_renew: None,
        currency: "EUR".to_owned(),
        subtotal: 0,
        discount: 0,
        shipping: 0,
        tax: 0,
        total: 0,
        amount_paid: 0,
        credited: 0,
        refunded: 0,
        net: 0,
        mrr: 0,
        arr: 0,
        acv: 0,
        reconcile_delta: None,
        reconciled: true,
        deleted_in_stripe: false,
        warnings: Warnings::default(),
        created_at: NOW_MS,
        updated_at: NOW_MS,
    };
    contract
        .into_active_model()
        .reset_all()
        .insert(app.db().write())
        .await
        .unwrap();
}
