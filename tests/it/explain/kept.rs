//! What is kept of an object explains it, without a request.

use std::time::Duration;

use entity::kind::{RecordState, Scope, StripeKind};
use entity::{integration, source_object, sync_error};
use sandbox::{Kind, Options};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, Set};
use serde_json::{Value, json};
use uuid::Uuid;

use super::support::{
    EXPLAIN, MONTH, SOURCE, assert_says, begins, billed_customer, connected, explain, find, imported, is_in_window,
};
use crate::support::{NOW_MS, TestApp, until};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_imported_is_told_with_its_record_and_without_asking_stripe() {
    let (app, id) = imported(MONTH).await;
    let begins = begins(&app);
    let is_paid = |invoice: &Value| invoice["status"] == "paid" && invoice["total"] != 0;
    let customer = find(&app, Kind::Customer, |customer| customer["deleted"] != true);
    let product = find(&app, Kind::Product, |product| product["deleted"] != true);
    let invoice = find(&app, Kind::Invoice, |invoice| {
        is_paid(invoice) && is_in_window(invoice, begins)
    });
    let subscription = find(&app, Kind::Subscription, |subscription| {
        subscription["status"] == "active"
    });
    app.stop_sync(&id).await;
    let asked = app.sandbox().request_count();
    for (kind, of, words, record) in [
        ("CUSTOMER", &customer, "as a client", "Client"),
        ("PRODUCT", &product, "as a product", "Product"),
        ("INVOICE", &invoice, "as a contract", "Contract"),
        ("SUBSCRIPTION", &subscription, "as a contract", "Contract"),
    ] {
        let told = explain(app.admin(), &id, kind, of).await;
        assert_says(&told, "IMPORTED", words);
        assert_eq!((&told["kind"], &told["stripeId"]), (&json!(kind), &json!(of)));
        assert_eq!(
            (&told["record"]["__typename"], &told["record"]["stripeId"]),
            (&json!(record), &json!(of))
        );
        assert_eq!(told["lastRun"], Value::Null);
        assert_eq!(told["asOf"], "2026-11-23T12:00:00Z", "{told}");
    }
    let price = find(&app, Kind::Price, |price| price["active"] == true);
    let told = explain(app.admin(), &id, "PRICE", &price).await;
    assert_says(&told, "IMPORTED", "makes no record of its own");
    assert_eq!(told["record"], Value::Null);
    assert_eq!(app.sandbox().request_count(), asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_object_is_told_with_what_is_wrong_and_the_run() {
    let (app, id) = connected(MONTH).await;
    let begins = begins(&app);
    let of = find(&app, Kind::Invoice, |invoice| {
        invoice["status"] == "paid" && invoice["total"] != 0 && is_in_window(invoice, begins)
    });
    let world = app.sandbox().world();
    let mut bad = world.get(Kind::Invoice, &of).unwrap();
    bad["total"] = json!("a lot");
    world.poison(Kind::Invoice, &of, bad);
    let run = app.admin().import(&id).await;
    let told = explain(app.admin(), &id, "INVOICE", &of).await;
    let query = "{ syncErrors { nodes { message hint nextRetryAt } } }";
    let error = app.graphql(query, json!({})).await["syncErrors"]["nodes"][0].take();
    assert_says(&told, "FAILED", error["message"].as_str().unwrap());
    assert_says(&told, "FAILED", error["hint"].as_str().unwrap_or_default());
    assert_eq!(told["lastRun"]["id"], run["id"]);
    assert_eq!(told["record"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_could_never_be_read_is_told_by_its_error_until_that_is_settled() {
    let (app, id) = connected(MONTH).await;
    let known = integration::Entity::find().one(app.db().read()).await.unwrap().unwrap();
    let error = sync_error::Model {
        id: Uuid::now_v7(),
        integration_id: known.id,
        run_id: Some(Uuid::now_v7()),
        kind: StripeKind::Customer,
        stripe_id: "cus_unreadable".to_owned(),
        code: "STRIPE_REFUSED".to_owned(),
        message: "Stripe refused the request.".to_owned(),
        hint: Some("Try again later.".to_owned()),
        attempts: 1,
        first_at: NOW_MS,
        last_at: NOW_MS,
        next_retry_at: None,
        brought_in: false,
        resolved_at: None,
    };
    let row = error.into_active_model().reset_all();
    let mut row = row.insert(app.db().write()).await.unwrap().into_active_model();
    let told = explain(app.admin(), &id, "CUSTOMER", "cus_unreadable").await;
    assert_says(&told, "FAILED", "Stripe refused the request. Try again later.");
    assert_eq!(
        (&told["asOf"], &told["lastRun"]),
        (&Value::Null, &Value::Null),
        "that run is gone"
    );
    row.resolved_at = Set(Some(NOW_MS));
    row.update(app.db().write()).await.unwrap();
    assert_says(
        &explain(app.admin(), &id, "CUSTOMER", "cus_unreadable").await,
        "SKIPPED",
        "Stripe has no such customer",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_waits_names_what_it_waits_for() {
    let rights = [
        "customer",
        "product",
        "price",
        "plan",
        "invoice",
        "subscription",
        "event",
        "account",
    ];
    let key = "rk_test_51H8EverythingButCoupons".to_owned();
    let rights = rights.iter().map(|object| format!("rak_{object}_read")).collect();
    let world = Options {
        restricted_keys: vec![(key.clone(), rights)],
        ..Options::default()
    };
    let app = TestApp::builder().sandbox(world).start().await;
    let id = app.admin().connect_stripe(&key, MONTH).await;
    app.admin().import(&id).await;
    let waiting = source_object::Entity::find()
        .filter(source_object::Column::State.eq(RecordState::Pending))
        .one(app.db().read())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(waiting.kind, StripeKind::Subscription);
    let told = explain(app.admin(), &id, "SUBSCRIPTION", &waiting.stripe_id).await;
    assert_says(&told, "PENDING", "waits for what it names and is not here: coupon ");
    assert_eq!(told["record"]["__typename"], "Contract");
    let coupon = find(&app, Kind::Coupon, |_| true);
    let refused = app
        .admin()
        .response(EXPLAIN, json!({ "id": id, "kind": "COUPON", "of": coupon }))
        .await;
    assert_eq!(refused["errors"][0]["extensions"]["reason"], "KEY_PERMISSION_MISSING");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_deleted_in_stripe_is_told_as_such_and_keeps_its_record() {
    let (app, id) = imported(MONTH).await;
    // A look that is under way would set the next one by the clock as it was moved.
    let query = "query($id: ID!) { integration(id: $id) { nextRunAt activeRuns { id } } }";
    until("the look after the import is over", async || {
        let mut data = app.graphql(query, json!({ "id": id })).await;
        let integration = data["integration"].take();
        let is_idle = integration["activeRuns"] == json!([]);
        let is_later = integration["nextRunAt"]
            .as_str()
            .is_some_and(|at| at > "2026-11-23T12:00:00Z");
        (is_idle && is_later).then_some(())
    })
    .await;
    let of = find(&app, Kind::Customer, |customer| customer["deleted"] != true);
    app.sandbox().world().delete_customer(&of);
    app.sandbox().world().advance_clock(3600);
    app.clock.advance(Duration::from_hours(1));
    let told = until("its deletion is known", async || {
        let told = explain(app.admin(), &id, "CUSTOMER", &of).await;
        told["reason"]
            .as_str()
            .unwrap()
            .contains("deleted in Stripe since")
            .then_some(told)
    })
    .await;
    assert_says(&told, "IMPORTED", "as a client");
    assert_eq!(told["record"]["stripeId"], json!(of));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_source_is_for_those_who_configure_and_whole_or_not_at_all() {
    let (app, id) = connected(MONTH).await;
    let customers = app.sandbox().world().truth(Kind::Customer);
    let mut living = customers.iter().filter(|customer| customer["deleted"] != true);
    let (small, large) = (living.next().unwrap(), living.next().unwrap()["id"].as_str().unwrap());
    let patch = json!({ "description": "x".repeat(64 << 10), "client_secret": "s" });
    app.sandbox().world().update(Kind::Customer, large, patch);
    app.sandbox().world().update(
        Kind::Customer,
        small["id"].as_str().unwrap(),
        json!({ "client_secret": "s" }),
    );
    let gone = billed_customer(&app);
    app.sandbox().world().delete_customer(&gone);
    app.admin().import(&id).await;
    let mut shown = small.clone();
    shown["client_secret"] = json!("[redacted]");

    let asked = json!({ "id": id, "kind": "CUSTOMER", "of": small["id"] });
    let may = app.admin().with_token(&app.sign_in_token(Scope::Configure).await);
    let data = may.graphql(SOURCE, asked.clone()).await;
    assert_eq!(data["explain"]["source"], shown);
    let reader = app.admin().with_token(&app.sign_in_token(Scope::RunSync).await);
    let response = reader.response(SOURCE, asked).await;
    assert_eq!(
        response["data"]["explain"],
        json!({ "state": "IMPORTED", "source": null })
    );
    assert_eq!(response["errors"][0]["extensions"]["code"], "FORBIDDEN");
    assert_eq!(response["errors"][0]["path"], json!(["explain", "source"]));

    let response = may
        .response(SOURCE, json!({ "id": id, "kind": "CUSTOMER", "of": large }))
        .await;
    assert_eq!(
        response["data"]["explain"],
        json!({ "state": "IMPORTED", "source": null })
    );
    assert_eq!(response["errors"][0]["extensions"]["reason"], "OUT_OF_RANGE");
    for of in [gone, app.sandbox().world().create_customer(json!({}))] {
        let data = may
            .graphql(SOURCE, json!({ "id": id, "kind": "CUSTOMER", "of": of }))
            .await;
        assert_eq!(data["explain"], json!({ "state": "SKIPPED", "source": null }));
    }
}
