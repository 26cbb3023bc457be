//! Changing settings.

use entity::kind::Scope;
use serde_json::{Value, json};
use tributary::graphql::id::IdType;
use uuid::Uuid;

use super::support::{assert_refused, at_once, change, insert, only_winner, problems, ready, start, stored};
use crate::support::{NOW_MS, TestApp};

fn with(id: &str, fields: Value) -> Value {
    let mut input = fields;
    input["integrationId"] = json!(id);
    input
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_given_stays_and_null_is_automatic() {
    let (app, id) = start().await;
    let update = async |fields: Value| {
        let payload = change(app.admin(), "updateSettings", with(&id, fields)).await;
        assert_eq!(problems(&payload), []);
        payload["integration"]["settings"].clone()
    };
    let mut expected = json!({
        "version": 2, "contractSources": ["INVOICE", "SUBSCRIPTION"], "invoiceLookbackDays": 0,
        "pollIntervalSeconds": 10, "importZeroAmountInvoices": true, "maxRequestsPerSecond": 100,
    });
    let all = json!({
        "expectedVersion": 1, "contractSources": ["SUBSCRIPTION", "INVOICE", "SUBSCRIPTION"], "invoiceLookbackDays": 0,
        "pollIntervalSeconds": 10, "importZeroAmountInvoices": true, "maxRequestsPerSecond": 100,
    });
    assert_eq!(update(all).await, expected);
    expected["version"] = json!(3);
    assert_eq!(update(json!({})).await, expected);
    expected["version"] = json!(4);
    (expected["pollIntervalSeconds"], expected["maxRequestsPerSecond"]) = (Value::Null, Value::Null);
    let automatic = json!({ "pollIntervalSeconds": null, "maxRequestsPerSecond": null });
    assert_eq!(update(automatic).await, expected);
    let nothing = json!({
        "expectedVersion": null, "contractSources": null, "invoiceLookbackDays": null, "importZeroAmountInvoices": null,
    });
    expected["version"] = json!(5);
    assert_eq!(update(nothing).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bounds_are_inside_and_beyond_them_nothing_changes() {
    let (app, id) = start().await;
    for (field, least, most) in [
        ("invoiceLookbackDays", 0, 3650),
        ("pollIntervalSeconds", 10, 3600),
        ("maxRequestsPerSecond", 1, 100),
    ] {
        for inside in [least, most] {
            let payload = change(app.admin(), "updateSettings", with(&id, json!({ field: inside }))).await;
            assert_eq!(payload["integration"]["settings"][field], inside, "{payload}");
        }
        let before = stored(&app).await;
        for outside in [least - 1, most + 1, i32::MIN, i32::MAX] {
            let payload = change(app.admin(), "updateSettings", with(&id, json!({ field: outside }))).await;
            assert_refused(&payload, &[(field, "OUT_OF_RANGE")]);
        }
        assert_eq!(stored(&app).await, before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_is_wrong_is_told_at_once() {
    let (app, id) = start().await;
    let before = stored(&app).await;
    let wrong = json!({
        "expectedVersion": 7, "contractSources": [], "invoiceLookbackDays": -1, "pollIntervalSeconds": 9,
        "importZeroAmountInvoices": true, "maxRequestsPerSecond": 0,
    });
    let payload = change(app.admin(), "updateSettings", with(&id, wrong)).await;
    assert_refused(
        &payload,
        &[
            ("expectedVersion", "STALE_VERSION"),
            ("contractSources", "SOURCE_REQUIRED"),
            ("invoiceLookbackDays", "OUT_OF_RANGE"),
            ("pollIntervalSeconds", "OUT_OF_RANGE"),
            ("maxRequestsPerSecond", "OUT_OF_RANGE"),
        ],
    );
    assert_eq!(stored(&app).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_change_the_same_version_one_succeeds() {
    let (app, id) = start().await;
    for version in 1..=20 {
        let answers = at_once(app.admin(), "updateSettings", |number| {
            with(
                &id,
                json!({ "expectedVersion": version, "invoiceLookbackDays": number }),
            )
        });
        let won = only_winner(answers.await);
        let settings = &won["integration"]["settings"];
        let row = stored(&app).await;
        assert_eq!(json!(row.settings_version), settings["version"]);
        assert_eq!(json!(row.invoice_lookback_days), settings["invoiceLookbackDays"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_interval_counts_from_now() {
    let app = TestApp::start().await;
    let mut row = ready();
    (row.sync_enabled, row.next_poll_at) = (true, Some(NOW_MS + 3_600_000));
    let id = insert(&app, row).await;
    let other = change(
        app.admin(),
        "updateSettings",
        with(&id, json!({ "invoiceLookbackDays": 1 })),
    )
    .await;
    assert_eq!(other["integration"]["nextRunAt"], "2026-11-23T13:00:00Z");
    let payload = change(
        app.admin(),
        "updateSettings",
        with(&id, json!({ "pollIntervalSeconds": 10 })),
    )
    .await;
    assert_eq!(payload["integration"]["nextRunAt"], "2026-11-23T12:00:00Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_schedule_is_worked_out_anew_and_others_leave_it() {
    let app = TestApp::start().await;
    let mut row = ready();
    (row.sync_enabled, row.next_reconcile_at) = (true, Some(NOW_MS + 3_600_000));
    let id = insert(&app, row).await;
    let schedule = "query($id: ID!) { integration(id: $id) { settings { reconcileSchedule } } }";
    let shown = async || {
        let mut data = app.graphql(schedule, json!({ "id": id })).await;
        data["integration"]["settings"]["reconcileSchedule"].take()
    };
    for fields in [json!({}), json!({ "reconcileSchedule": null })] {
        let payload = change(app.admin(), "updateSettings", with(&id, fields)).await;
        assert_eq!(payload["integration"]["nextRunAt"], "2026-11-23T13:00:00Z");
    }
    for (wish, kept) in [
        (" 30 4  * * 1-5", "30 4 * * 1-5"),
        ("off", "off"),
        ("0 * * * *", "0 * * * *"),
    ] {
        let payload = change(
            app.admin(),
            "updateSettings",
            with(&id, json!({ "reconcileSchedule": wish })),
        )
        .await;
        assert_eq!(problems(&payload), []);
        assert_eq!(
            (shown().await, stored(&app).await.next_reconcile_at),
            (json!(kept), None)
        );
    }
    let before = stored(&app).await;
    for (wish, code) in [
        ("", "INVALID"),
        ("@hourly", "INVALID"),
        ("0 0 3 * * *", "INVALID"),
        ("0 0 31 2 *", "INVALID"),
        ("*/59 * * * *", "OUT_OF_RANGE"),
    ] {
        let input = with(&id, json!({ "reconcileSchedule": wish, "invoiceLookbackDays": -1 }));
        let payload = change(app.admin(), "updateSettings", input).await;
        assert_refused(
            &payload,
            &[("invoiceLookbackDays", "OUT_OF_RANGE"), ("reconcileSchedule", code)],
        );
    }
    assert_eq!(stored(&app).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_those_who_configure_change_what_is_here() {
    let (app, id) = start().await;
    let before = stored(&app).await;
    let reader = app.admin().with_token(&app.sign_in_token(Scope::RunSync).await);
    let inputs = [
        ("updateSettings", "UpdateSettingsInput", json!({})),
        ("setSyncEnabled", "SetSyncEnabledInput", json!({ "enabled": true })),
        ("updateCustomerMapping", "UpdateMappingInput", json!({})),
        ("updateProductMapping", "UpdateMappingInput", json!({})),
        ("resetMapping", "ResetMappingInput", json!({ "object": "PRODUCT" })),
    ];
    for (mutation, kind, fields) in inputs {
        let query = format!("mutation($input: {kind}!) {{ {mutation}(input: $input) {{ userErrors {{ code }} }} }}");
        let variables = json!({ "input": with(&id, fields.clone()) });
        for (client, code) in [(&reader, "FORBIDDEN"), (app.anybody(), "UNAUTHENTICATED")] {
            let response = client.response(&query, variables.clone()).await;
            assert_eq!(response["errors"][0]["extensions"]["code"], code, "{mutation}");
        }
        let unknown = IdType::Integration.encode(Uuid::now_v7()).to_string();
        let payload = change(app.admin(), mutation, with(&unknown, fields.clone())).await;
        assert_refused(&payload, &[("integrationId", "NOT_FOUND")]);
        let payload = change(app.admin(), mutation, with("integration_1", fields)).await;
        assert_refused(&payload, &[("integrationId", "INVALID")]);
    }
    assert_eq!(stored(&app).await, before);
    let may = app.admin().with_token(&app.sign_in_token(Scope::Configure).await);
    assert_eq!(
        problems(&change(&may, "updateSettings", with(&id, json!({}))).await),
        []
    );
}
