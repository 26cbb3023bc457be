//! Of what nothing is kept, Stripe is asked, if it can be.

use entity::read_count;
use sandbox::{Fault, Kind};
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use tributary::graphql::id::IdType;
use uuid::Uuid;

use super::support::{EXPLAIN, MONTH, assert_says, connected, explain, find, imported};

#[tokio::test(flavor = "multi_thread")]
async fn what_stripe_never_had_is_told_as_such_and_what_cannot_be_is_refused() {
    let (app, id) = imported(MONTH).await;
    app.stop_sync(&id).await;
    let reads = async || {
        let counts = read_count::Entity::find().all(app.db().read()).await.unwrap();
        counts.iter().map(|count| count.reads).sum::<i64>()
    };
    let (before, asked) = (reads().await, app.sandbox().request_count());
    for (kind, of) in [
        ("CUSTOMER", "cus_nobody"),
        ("PRODUCT", "a/../b c?d#e"),
        ("INVOICE", "%2e%2e"),
        ("COUPON", "…"),
        ("PRICE", &"x".repeat(255)),
    ] {
        let told = explain(app.admin(), &id, kind, of).await;
        let name = kind.to_lowercase();
        assert_says(
            &told,
            "SKIPPED",
            &format!("Stripe has no such {name}: this account never had one"),
        );
        assert_eq!(told["record"], Value::Null);
    }
    assert_eq!(app.sandbox().request_count() - asked, 5);
    assert_eq!(reads().await - before, 5);
    let other = IdType::Integration.encode(Uuid::now_v7()).to_string();
    let run = IdType::Run.encode(Uuid::now_v7()).to_string();
    for (id, of, reason, field) in [
        (id.as_str(), "", "INVALID", "stripeId"),
        (&id, "..", "INVALID", "stripeId"),
        (&id, "cus_\n1", "INVALID", "stripeId"),
        (&id, &"x".repeat(256), "INVALID", "stripeId"),
        (&other, "cus_1", "NOT_FOUND", "integrationId"),
        (&run, "cus_1", "NOT_FOUND", "integrationId"),
        ("integration_1", "cus_1", "INVALID", "integrationId"),
    ] {
        let response = app
            .admin()
            .response(EXPLAIN, json!({ "id": id, "kind": "CUSTOMER", "of": of }))
            .await;
        let told = &response["errors"][0]["extensions"];
        let expected = json!({ "code": "BAD_USER_INPUT", "reason": reason, "field": [field] });
        assert_eq!(told, &expected, "{of:?}");
    }
    let response = app
        .anybody()
        .response(EXPLAIN, json!({ "id": id, "kind": "CUSTOMER", "of": "cus_1" }))
        .await;
    assert_eq!(response["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    assert_eq!(app.sandbox().request_count() - asked, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stripe_that_does_not_answer_is_told_and_what_is_kept_needs_none() {
    let (app, id) = imported(MONTH).await;
    let kept = find(&app, Kind::Customer, |customer| customer["deleted"] != true);
    app.sandbox()
        .faults()
        .fail_next(2, Fault::ServerError(503), Some("/v1/customers/"));
    let asked = json!({ "id": id, "kind": "CUSTOMER", "of": "cus_nobody" });
    let response = app.admin().response(EXPLAIN, asked.clone()).await;
    assert_eq!(response["errors"][0]["extensions"]["code"], "STRIPE_UNAVAILABLE");
    assert_eq!(response["data"], json!({ "explain": null }));
    assert_says(
        &explain(app.admin(), &id, "CUSTOMER", &kept).await,
        "IMPORTED",
        "as a client",
    );

    let disconnect = "mutation($id: ID!, $name: String!) {
        disconnectStripe(input: {integrationId: $id, confirmName: $name}) { userErrors { code } }
    }";
    let query = "query($id: ID!) { integration(id: $id) { name } }";
    let name = app.graphql(query, json!({ "id": id })).await["integration"]["name"].take();
    app.admin()
        .mutate("disconnectStripe", disconnect, json!({ "id": id, "name": name }))
        .await;
    assert_says(
        &explain(app.admin(), &id, "CUSTOMER", &kept).await,
        "IMPORTED",
        "as a client",
    );
    let response = app.admin().response(EXPLAIN, asked).await;
    assert_eq!(response["errors"][0]["extensions"]["reason"], "SETUP_INCOMPLETE");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_that_does_not_fit_the_id_is_refused_without_a_request() {
    let (app, id) = imported(MONTH).await;
    app.stop_sync(&id).await;
    let asked = app.sandbox().request_count();
    let kinds = [
        (Kind::Customer, "CUSTOMER"),
        (Kind::Product, "PRODUCT"),
        (Kind::Price, "PRICE"),
        (Kind::Invoice, "INVOICE"),
        (Kind::Subscription, "SUBSCRIPTION"),
    ];
    for (of, own) in kinds {
        let of = find(&app, of, |object| object["deleted"] != true);
        for (_, kind) in kinds.iter().filter(|(_, kind)| *kind != own) {
            let response = app
                .admin()
                .response(EXPLAIN, json!({ "id": id, "kind": kind, "of": of }))
                .await;
            let told = &response["errors"][0]["extensions"];
            assert_eq!(told["reason"], "INVALID", "{kind} {of}");
            assert_eq!(told["field"], json!(["kind"]));
        }
    }
    assert_eq!(app.sandbox().request_count(), asked);
}

/// Signs that mean something in an address mean themselves in an id.
#[tokio::test(flavor = "multi_thread")]
async fn an_id_is_asked_for_to_the_letter() {
    let (app, id) = connected(MONTH).await;
    for of in ["shoes+laces", "a/b c", "100%&x=1?y#z", "it's~(*)!", "ü;:@,$[]"] {
        let made = app.sandbox().world().create_product(json!({ "id": of }));
        assert_eq!(made, of);
        assert_says(
            &explain(app.admin(), &id, "PRODUCT", of).await,
            "SKIPPED",
            "Stripe has it",
        );
    }
    let told = explain(app.admin(), &id, "PRODUCT", "shoes laces").await;
    assert_says(&told, "SKIPPED", "Stripe has no such product");
}
