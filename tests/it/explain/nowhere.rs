//! An id that Stripe never had, asked for all the same.

use std::time::Duration;

use entity::{client_link, source_object};
use sandbox::Kind;
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};

use super::support::{MONTH, assert_says, explain, find, imported};
use crate::support::{TestApp, until};

const RESYNC: &str = "mutation($input: ResyncInput!) {
    resync(input: $input) { run { id } userErrors { field code message } }
}";

async fn resync(app: &TestApp, id: &str, kind: &str, of: &str) -> Value {
    let input = json!({ "integrationId": id, "kind": kind, "stripeId": of });
    app.graphql(RESYNC, json!({ "input": input })).await["resync"].take()
}

/// The run of it, once that has ended.
async fn resynced(app: &TestApp, id: &str, kind: &str, of: &str) -> Value {
    let queued = resync(app, id, kind, of).await;
    assert_eq!(queued["userErrors"], json!([]), "{kind} {of}");
    let query = "query($id: ID!) { node(id: $id) { ... on Run { state finishedAt phases { seen failed skipped } } } }";
    until("it has been read", async || {
        let run = app.graphql(query, json!({ "id": queued["run"]["id"] })).await["node"].take();
        run["finishedAt"].is_string().then_some(run)
    })
    .await
}

/// Those that are open.
async fn errors(app: &TestApp) -> Vec<Value> {
    let query = "{ syncErrors { nodes { code stripeId message nextRetryAt resolvedAt } } }";
    let mut data = app.graphql(query, json!({})).await;
    let Value::Array(mut errors) = data["syncErrors"]["nodes"].take() else {
        panic!("{data}")
    };
    errors.retain(|error| error["resolvedAt"] == Value::Null);
    errors
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stripe_never_had_was_not_deleted() {
    let (app, id) = imported(MONTH).await;
    let kept = source_object::Entity::find().count(app.db().read()).await.unwrap();
    let never = "this account never had one of that id in this mode.";
    for (kind, of, said) in [
        ("CUSTOMER", "cus_nobody", never),
        ("INVOICE", "in_nothing", never),
        ("PRODUCT", "shoes+laces", "or had deleted it before it was seen here"),
        ("COUPON", "50% off", "or had deleted it before it was seen here"),
    ] {
        // Once more is as well.
        for _ in 0..2 {
            let run = resynced(&app, &id, kind, of).await;
            let counts = json!({ "seen": 1, "failed": 1, "skipped": 0 });
            assert_eq!(run["phases"], json!([counts]), "{run}");
            let told = explain(app.admin(), &id, kind, of).await;
            assert_says(&told, "FAILED", said);
            assert!(!told["reason"].as_str().unwrap().contains("was deleted"), "{told}");
        }
    }
    let errors = errors(&app).await;
    assert_eq!(errors.len(), 4);
    let is_told = |error: &Value| error["code"] == "NOT_IN_STRIPE" && error["nextRetryAt"] == Value::Null;
    assert!(errors.iter().all(is_told), "{errors:?}");
    assert_eq!(
        source_object::Entity::find().count(app.db().read()).await.unwrap(),
        kept
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_into_being_later_is_read_and_what_was_deleted_is_told_so() {
    let (app, id) = imported(MONTH).await;
    resynced(&app, &id, "PRODUCT", "later").await;
    app.sandbox().world().create_product(json!({ "id": "later" }));
    let run = resynced(&app, &id, "PRODUCT", "later").await;
    assert_eq!(run["phases"][0]["failed"], 0, "{run}");
    let told = explain(app.admin(), &id, "PRODUCT", "later").await;
    assert_says(&told, "IMPORTED", "as a product");
    assert_eq!(errors(&app).await, Vec::<Value>::new());

    let gone = find(&app, Kind::Customer, |customer| customer["deleted"] != true);
    app.sandbox().world().delete_customer(&gone);
    let run = resynced(&app, &id, "CUSTOMER", &gone).await;
    assert_eq!(run["phases"][0]["failed"], 0, "{run}");
    let told = explain(app.admin(), &id, "CUSTOMER", &gone).await;
    assert_says(&told, "IMPORTED", "deleted in Stripe since");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_that_was_linked_before_it_was_seen_is_not_taken_for_deleted() {
    let (app, id) = imported(MONTH).await;
    let save = "mutation { saveClients(input: {clients: [{name: \"Acme\", stripe: {stripeId: \"cus_later\"}}]}) {
        userErrors { code message }
    } }";
    app.admin().mutate("saveClients", save, json!({})).await;
    resynced(&app, &id, "CUSTOMER", "cus_later").await;
    let links = client_link::Entity::find().all(app.db().read()).await.unwrap();
    let link = links.iter().find(|link| link.stripe_customer_id == "cus_later");
    assert!(!link.unwrap().deleted_in_stripe);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_id_of_another_kind_is_not_read_unless_it_is_here_so() {
    let (app, id) = imported(MONTH).await;
    let customer = find(&app, Kind::Customer, |customer| customer["deleted"] != true);
    for kind in ["INVOICE", "PRODUCT", "COUPON"] {
        let refused = resync(&app, &id, kind, &customer).await;
        let problem = &refused["userErrors"][0];
        assert_eq!(
            (&problem["field"], &problem["code"]),
            (&json!(["kind"]), &json!("INVALID"))
        );
        assert!(
            problem["message"].as_str().unwrap().contains("of a customer"),
            "{problem}"
        );
    }
    let chosen = "sub_chosenByTheMerchant";
    app.sandbox().world().create_product(json!({ "id": chosen }));
    // What was created in the present second is left to the events.
    app.sandbox().world().advance_clock(60);
    app.clock.advance(Duration::from_mins(1));
    app.admin().import(&id).await;
    resynced(&app, &id, "PRODUCT", chosen).await;
    let told = explain(app.admin(), &id, "PRODUCT", chosen).await;
    assert_says(&told, "IMPORTED", "as a product");
}
