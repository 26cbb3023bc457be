//! Asking for runs that mend: what is queued, and what is refused. No jobs run here.

use entity::kind::{RunKind, RunState, RunTrigger, Scope, StripeKind};
use entity::{integration, run, sync_error};
use futures_util::future::join_all;
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, QueryOrder, Set};
use serde_json::{Value, json};
use tributary::graphql::id::IdType;
use uuid::Uuid;

use crate::settings::support::{insert, ready};
use crate::support::{Client, NOW_MS, TestApp};

const HOUR_MS: i64 = 3_600_000;

/// A server with an integration whose sync is on.
async fn start() -> (TestApp, Uuid, String) {
    let app = TestApp::start().await;
    let row = integration::Model {
        sync_enabled: true,
        ..ready()
    };
    let (row_id, id) = (row.id, insert(&app, row).await);
    (app, row_id, id)
}

/// An error that is put off for an hour.
async fn failed(app: &TestApp, integration_id: Uuid, stripe_id: &str, code: &str, resolved_at: Option<i64>) -> Uuid {
    let row = sync_error::Model {
        id: Uuid::now_v7(),
        integration_id,
        run_id: None,
        kind: StripeKind::Invoice,
        stripe_id: stripe_id.to_owned(),
        code: code.to_owned(),
        message: "It has no currency.".to_owned(),
        hint: None,
        attempts: 4,
        first_at: NOW_MS - HOUR_MS,
        last_at: NOW_MS,
        next_retry_at: Some(NOW_MS + HOUR_MS),
        brought_in: false,
        resolved_at,
    };
    let id = row.id;
    let row = row.into_active_model().reset_all();
    row.insert(app.db().write()).await.unwrap();
    id
}

async fn ask(client: &Client, mutation: &str, input: Value) -> Value {
    let kind = match mutation {
        "retryErrors" => "RetryErrorsInput",
        "resync" => "ResyncInput",
        "startImport" => "StartImportInput",
        _ => "StartRunInput",
    };
    let query = format!(
        "mutation($input: {kind}!) {{ {mutation}(input: $input) {{ run {{ id kind trigger state drift startedBy {{ email }} \
         phases {{ object }} }} userErrors {{ field code message }} }} }}"
    );
    client.graphql(&query, json!({ "input": input })).await[mutation].take()
}

fn problems(payload: &Value) -> Vec<(Value, &str)> {
    let errors = payload["userErrors"].as_array().unwrap();
    errors
        .iter()
        .map(|error| (error["field"].clone(), error["code"].as_str().unwrap()))
        .collect()
}

async fn runs(app: &TestApp) -> Vec<run::Model> {
    let in_order = run::Entity::find().order_by_asc(run::Column::Id);
    in_order.all(app.db().read()).await.unwrap()
}

/// The Stripe ids that the only run is to read.
async fn queued(app: &TestApp) -> Vec<String> {
    let runs = runs(app).await;
    let checkpoint: Value = serde_json::from_str(runs.last().unwrap().checkpoint.as_deref().unwrap()).unwrap();
    let keys = checkpoint["keys"].as_array().unwrap();
    keys.iter().map(|key| key[1].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn all_open_errors_are_queued_and_due_at_once() {
    let (app, row_id, id) = start().await;
    failed(&app, row_id, "in_1", "INVALID_OBJECT", None).await;
    failed(&app, row_id, "in_2", "NO_CURRENCY", None).await;
    let settled = failed(&app, row_id, "in_3", "NO_CURRENCY", Some(NOW_MS)).await;
    let others = failed(&app, Uuid::now_v7(), "in_4", "NO_CURRENCY", None).await;
    let payload = ask(app.admin(), "retryErrors", json!({ "integrationId": id })).await;
    assert_eq!(problems(&payload), []);
    let shown = &payload["run"];
    assert_eq!(
        (
            &shown["kind"],
            &shown["trigger"],
            &shown["state"],
            &shown["startedBy"]["email"]
        ),
        (
            &json!("RETRY"),
            &json!("MANUAL"),
            &json!("QUEUED"),
            &json!("ada@example.com")
        )
    );
    let rows = runs(&app).await;
    let expected = json!({ "keys": [["Invoice", "in_1"], ["Invoice", "in_2"]] });
    let checkpoint: Value = serde_json::from_str(rows[0].checkpoint.as_deref().unwrap()).unwrap();
    assert_eq!((rows.len(), checkpoint), (1, expected));
    assert_eq!(
        (rows[0].kind, rows[0].trigger, rows[0].state, rows[0].import_slot),
        (RunKind::Retry, RunTrigger::Manual, RunState::Queued, None)
    );
    for error in sync_error::Entity::find().all(app.db().read()).await.unwrap() {
        let is_left = [settled, others].contains(&error.id);
        let due = if is_left { NOW_MS + HOUR_MS } else { NOW_MS };
        assert_eq!((error.attempts, error.next_retry_at), (4, Some(due)), "{error:?}");
    }
    let shown = app
        .graphql("{ syncErrors { nodes { stripeId nextRetryAt } } }", json!({}))
        .await;
    let nodes = shown["syncErrors"]["nodes"].as_array().unwrap();
    let first = nodes.iter().find(|node| node["stripeId"] == "in_1").unwrap();
    assert_eq!(first["nextRetryAt"], "2026-11-23T12:00:00Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_and_code_narrow_what_is_queued() {
    let (app, row_id, id) = start().await;
    let one = failed(&app, row_id, "in_1", "A", None).await;
    let two = failed(&app, row_id, "in_2", "B", None).await;
    failed(&app, row_id, "in_3", "B", None).await;
    let settled = failed(&app, row_id, "in_4", "B", Some(NOW_MS)).await;
    let name = |id: Uuid| IdType::SyncError.encode(id).to_string();
    let twice = [name(one), name(one), name(two), name(settled)];
    for (narrowed, expected) in [
        (json!({ "errorIds": [name(two)] }), vec!["in_2"]),
        (json!({ "errorIds": twice }), vec!["in_1", "in_2"]),
        (json!({ "code": "B" }), vec!["in_2", "in_3"]),
        (json!({ "code": "B", "errorIds": [name(one), name(two)] }), vec!["in_2"]),
        (json!({ "code": null, "errorIds": null }), vec!["in_1", "in_2", "in_3"]),
    ] {
        let mut input = narrowed;
        input["integrationId"] = json!(id);
        let payload = ask(app.admin(), "retryErrors", input).await;
        assert_eq!(problems(&payload), []);
        assert_eq!(queued(&app).await, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_of_nothing_or_of_what_is_not_there_is_refused() {
    let (app, row_id, id) = start().await;
    let ask = async |fields: Value| {
        let mut input = fields;
        input["integrationId"] = json!(id);
        ask(app.admin(), "retryErrors", input).await
    };
    let nothing = [(Value::Null, "NOT_FOUND")];
    let payload = ask(json!({})).await;
    assert_eq!(problems(&payload), nothing);
    assert_eq!(payload["userErrors"][0]["message"], "There is nothing to retry.");
    let name = |id: Uuid| IdType::SyncError.encode(id).to_string();
    let here = name(failed(&app, row_id, "in_1", "A", None).await);
    let settled = name(failed(&app, row_id, "in_2", "A", Some(NOW_MS)).await);
    let others = name(failed(&app, Uuid::now_v7(), "in_3", "A", None).await);
    for empty in [
        json!({ "code": "B" }),
        json!({ "errorIds": [] }),
        json!({ "errorIds": [settled] }),
    ] {
        assert_eq!(problems(&ask(empty).await), nothing);
    }
    let payload = ask(json!({ "errorIds": [here, others, IdType::Run.encode(Uuid::now_v7())] })).await;
    let expected = [
        (json!(["errorIds", "1"]), "NOT_FOUND"),
        (json!(["errorIds", "2"]), "NOT_FOUND"),
    ];
    assert_eq!(problems(&payload), expected);
    let payload = ask(json!({ "errorIds": [here, "error_1"] })).await;
    assert_eq!(problems(&payload), [(json!(["errorIds", "1"]), "INVALID")]);
    assert_eq!(problems(&ask(json!({ "errorIds": vec![&here; 250] })).await), []);
    let query = "mutation($input: RetryErrorsInput!) { retryErrors(input: $input) { run { id } } }";
    let too_many = json!({ "input": { "integrationId": id, "errorIds": vec![&here; 251] } });
    let response = app.admin().response(query, too_many).await;
    assert_eq!(response["errors"][0]["extensions"]["code"], "LIMIT_EXCEEDED");
    assert_eq!(runs(&app).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_object_is_queued_by_its_id_whatever_its_prefix() {
    let (app, _row_id, id) = start().await;
    for (kind, word, of) in [
        ("CUSTOMER", "Customer", "cus_1".to_owned()),
        ("COUPON", "Coupon", "30 % off".to_owned()),
        ("CREDIT_NOTE", "CreditNote", "ü".repeat(255)),
    ] {
        let input = json!({ "integrationId": id, "kind": kind, "stripeId": of });
        let payload = ask(app.admin(), "resync", input).await;
        assert_eq!((problems(&payload), &payload["run"]["kind"]), (vec![], &json!("RETRY")));
        let checkpoint: Value =
            serde_json::from_str(runs(&app).await.last().unwrap().checkpoint.as_deref().unwrap()).unwrap();
        assert_eq!(checkpoint, json!({ "keys": [[word, of]] }));
    }
    for of in ["", "a\nb", "\u{7f}", "..", &"x".repeat(256)] {
        let input = json!({ "integrationId": id, "kind": "CUSTOMER", "stripeId": of });
        let payload = ask(app.admin(), "resync", input).await;
        assert_eq!(problems(&payload), [(json!(["stripeId"]), "INVALID")], "{of:?}");
    }
    assert_eq!(runs(&app).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backfill_takes_the_import_s_slot_and_a_reconcile_does_not() {
    let (app, row_id, id) = start().await;
    let input = json!({ "integrationId": id, "objects": ["CONTRACT", "CUSTOMER"] });
    let payload = ask(app.admin(), "startBackfill", input.clone()).await;
    assert_eq!(problems(&payload), []);
    assert_eq!(payload["run"]["kind"], "BACKFILL");
    assert_eq!(
        payload["run"]["phases"],
        json!([{ "object": "CUSTOMER" }, { "object": "CONTRACT" }])
    );
    assert_eq!(runs(&app).await[0].import_slot, Some(row_id));
    for mutation in ["startBackfill", "startImport"] {
        let payload = ask(app.admin(), mutation, input.clone()).await;
        assert_eq!(problems(&payload), [(Value::Null, "RUN_IN_PROGRESS")], "{mutation}");
    }
    let reconcile = ask(app.admin(), "startReconcile", json!({ "integrationId": id })).await;
    assert_eq!(
        (problems(&reconcile), &reconcile["run"]["kind"]),
        (vec![], &json!("RECONCILE"))
    );
    assert_eq!(reconcile["run"]["phases"].as_array().unwrap().len(), 3);
    assert_eq!(reconcile["run"]["drift"], Value::Null);
    let again = ask(app.admin(), "startReconcile", input).await;
    assert_eq!(again["run"]["id"], reconcile["run"]["id"]);
    let rows = runs(&app).await;
    assert_eq!((rows.len(), rows[1].import_slot), (2, None));

    let ended = run::ActiveModel {
        id: Set(rows[1].id),
        state: Set(RunState::Succeeded),
        finished_at: Set(Some(NOW_MS)),
        drift: Set(Some(7)),
        ..Default::default()
    };
    ended.update(app.db().write()).await.unwrap();
    let next = ask(app.admin(), "startReconcile", json!({ "integrationId": id })).await;
    assert_ne!(next["run"]["id"], reconcile["run"]["id"]);
    let some = json!({ "integrationId": id, "objects": ["PRODUCT"] });
    let covered = ask(app.admin(), "startReconcile", some.clone()).await;
    assert_eq!(covered["run"]["id"], next["run"]["id"]);
    let canceling = run::ActiveModel {
        id: Set(runs(&app).await[2].id),
        state: Set(RunState::Canceling),
        ..Default::default()
    };
    canceling.update(app.db().write()).await.unwrap();
    let partial = ask(app.admin(), "startReconcile", some).await;
    assert_ne!(partial["run"]["id"], next["run"]["id"], "that one ends");
    let whole = ask(app.admin(), "startReconcile", json!({ "integrationId": id })).await;
    assert_ne!(
        whole["run"]["id"], partial["run"]["id"],
        "that one looks at products only"
    );
    let query = "query($id: ID!) { node(id: $id) { ... on Run { drift } } }";
    let shown = app.graphql(query, json!({ "id": reconcile["run"]["id"] })).await;
    assert_eq!(shown["node"]["drift"], 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_gives_the_same_run_and_other_wishes_do_not_fit_it() {
    let (app, _row_id, id) = start().await;
    let with_key = |objects: &[&str]| json!({ "integrationId": id, "objects": objects, "idempotencyKey": "k" });
    let first = ask(app.admin(), "startBackfill", with_key(&["PRODUCT"])).await;
    let second = ask(app.admin(), "startBackfill", with_key(&["PRODUCT"])).await;
    assert_eq!(first["run"]["id"], second["run"]["id"]);
    for (mutation, objects) in [
        ("startBackfill", ["CUSTOMER"]),
        ("startReconcile", ["PRODUCT"]),
        ("startImport", ["PRODUCT"]),
    ] {
        let payload = ask(app.admin(), mutation, with_key(&objects)).await;
        let expected = [(json!(["idempotencyKey"]), "IDEMPOTENCY_MISMATCH")];
        assert_eq!(problems(&payload), expected, "{mutation}");
    }
    for mutation in ["startBackfill", "startReconcile"] {
        let payload = ask(app.admin(), mutation, json!({ "integrationId": id, "objects": [] })).await;
        assert_eq!(problems(&payload), [(json!(["objects"]), "REQUIRED")]);
    }
    assert_eq!(runs(&app).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_ask_at_once_get_one_reconcile() {
    let (app, _row_id, id) = start().await;
    let asked = (0..8).map(|_| ask(app.admin(), "startReconcile", json!({ "integrationId": id })));
    let answers = join_all(asked).await;
    assert!(
        answers
            .iter()
            .all(|answer| answer["run"]["id"] == answers[0]["run"]["id"])
    );
    assert_eq!(runs(&app).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_may_not_and_what_is_off_or_unknown_are_refused() {
    let (app, row_id, id) = start().await;
    failed(&app, row_id, "in_1", "A", None).await;
    let off = insert(&app, ready()).await;
    let unknown = IdType::Integration.encode(Uuid::now_v7()).to_string();
    let other = IdType::Run.encode(Uuid::now_v7()).to_string();
    let reader = app.admin().with_token(&app.sign_in_token(Scope::Read).await);
    let runner = app.admin().with_token(&app.sign_in_token(Scope::RunSync).await);
    let of_nobody = |field: &str| vec![(json!([field]), "NOT_FOUND")];
    for (mutation, kind, fields) in [
        ("retryErrors", "RetryErrorsInput", json!({})),
        (
            "resync",
            "ResyncInput",
            json!({ "kind": "INVOICE", "stripeId": "in_1" }),
        ),
        ("startBackfill", "StartRunInput", json!({})),
        ("startReconcile", "StartRunInput", json!({})),
    ] {
        let with = |id: &str| {
            let mut input = fields.clone();
            input["integrationId"] = json!(id);
            input
        };
        let query = format!("mutation($input: {kind}!) {{ {mutation}(input: $input) {{ userErrors {{ code }} }} }}");
        for (client, code) in [(&reader, "FORBIDDEN"), (app.anybody(), "UNAUTHENTICATED")] {
            let response = client.response(&query, json!({ "input": with(&id) })).await;
            assert_eq!(response["errors"][0]["extensions"]["code"], code, "{mutation}");
        }
        for absent in [&unknown, &other] {
            let payload = ask(app.admin(), mutation, with(absent)).await;
            assert_eq!(problems(&payload), of_nobody("integrationId"), "{mutation}");
        }
        let payload = ask(app.admin(), mutation, with("integration_1")).await;
        assert_eq!(problems(&payload), [(json!(["integrationId"]), "INVALID")]);
        let payload = ask(app.admin(), mutation, with(&off)).await;
        assert_eq!(problems(&payload), [(Value::Null, "SYNC_DISABLED")], "{mutation}");
        let before = runs(&app).await.len();
        let payload = ask(&runner, mutation, with(&id)).await;
        assert_eq!(
            (problems(&payload), runs(&app).await.len()),
            (vec![], before + 1),
            "{mutation}"
        );
    }
}
