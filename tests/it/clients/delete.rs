//! `deleteClient`: what people have made, people may delete.

use sandbox::Kind;
use serde_json::{Value, json};

use crate::settings::support::problems;
use crate::support::Office;

#[tokio::test(flavor = "multi_thread")]
async fn only_what_people_have_made_and_has_no_contracts_is_deleted() {
    let office = Office::open().await;
    let (plain, billed) = (
        office.customer(json!({ "name": "Plain" })),
        office.customer(json!({ "name": "Billed" })),
    );
    office.invoice(&billed);
    office.pull().await;
    let made = office.whose(&plain).await.unwrap();
    let stripe = |id: &str| json!({ "stripeId": id });
    office.world().create_customer(json!({}));
    let taken = office.save_one(json!({ "name": "Taken" })).await;
    office.link(&taken, &billed).await;
    for (id, code) in [
        (made.clone(), "CONFLICT"),
        (taken.clone(), "CONFLICT"),
        (format!("client_{:032}", 0), "NOT_FOUND"),
        (office.id.clone(), "NOT_FOUND"),
        ("x".to_owned(), "INVALID"),
    ] {
        let refused = office.delete(&id).await;
        assert_eq!(
            (problems(&refused), &refused["deletedId"]),
            (vec![("id".to_owned(), code)], &Value::Null),
            "{id}"
        );
    }
    office.unlink(&taken, &billed).await;
    let named = office
        .save_one(json!({ "name": "Named", "stripe": stripe("cus_unread") }))
        .await;
    for id in [taken, named] {
        assert_eq!(office.delete(&id).await, json!({ "deletedId": id, "userErrors": [] }));
        assert_eq!(office.client(&id).await, Value::Null);
        assert_eq!(
            problems(&office.delete(&id).await),
            [("id".to_owned(), "NOT_FOUND")],
            "twice"
        );
    }
    let links = office
        .app
        .graphql("{ clients { nodes { stripeCustomers { stripeId } } } }", json!({}))
        .await;
    assert!(!links.to_string().contains("cus_unread"), "its link is gone with it");
}

#[tokio::test(flavor = "multi_thread")]
async fn its_customers_are_somebody_else_from_then_on() {
    let office = Office::open().await;
    let customer = office.customer(json!({ "name": "Stripe's" }));
    office.pull().await;
    let ours = office.save_one(json!({ "name": "Ours" })).await;
    office.link(&ours, &customer).await;
    office.delete(&ours).await;
    let own = office.client_of(&customer).await;
    assert_eq!((&own["origin"], &own["name"]), (&json!("STRIPE"), &json!("Stripe's")));

    office.direction("CUSTOMER", "DISABLED").await;
    let other = office.save_one(json!({ "name": "Other" })).await;
    office.link(&other, &customer).await;
    office.delete(&other).await;
    assert_eq!(office.whose(&customer).await, None, "it waits");
    office.matching(&["STRIPE_ID", "EMAIL"], None).await;
    office.pass_a_minute();
    office
        .world()
        .update(Kind::Customer, &customer, json!({ "email": "a@acme.test" }));
    office.tell().await;
    let found = office
        .save_one(json!({ "name": "Found", "email": "a@acme.test" }))
        .await;
    assert_eq!(office.whose(&customer).await, Some(found));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_of_one_address_the_other_is_found() {
    let office = Office::open().await;
    office.direction("CUSTOMER", "DISABLED").await;
    office.matching(&["STRIPE_ID", "EMAIL"], None).await;
    let one = office.save_one(json!({ "name": "One", "email": "a@acme.test" })).await;
    let two = office.save_one(json!({ "name": "Two", "email": "a@acme.test" })).await;
    let customer = office.customer(json!({ "email": "a@acme.test" }));
    let invoice = office.invoice(&customer);
    office.pull().await;
    assert_eq!(office.whose(&customer).await, None);
    office.delete(&one).await;
    assert_eq!(office.whose(&customer).await.as_deref(), Some(&*two));
    assert_eq!(office.client_of_contract(&invoice).await, Some(two));
}

#[tokio::test(flavor = "multi_thread")]
async fn so_is_it_when_one_of_them_is_erased() {
    let office = Office::open().await;
    office.direction("CUSTOMER", "DISABLED").await;
    office.matching(&["STRIPE_ID", "EMAIL"], None).await;
    let one = office.save_one(json!({ "name": "One", "email": "a@acme.test" })).await;
    let two = office.save_one(json!({ "name": "Two", "email": "a@acme.test" })).await;
    let customer = office.customer(json!({ "email": "a@acme.test" }));
    let invoice = office.invoice(&customer);
    office.pull().await;
    assert_eq!(office.whose(&customer).await, None);
    let erase = "mutation($id: ID!) { eraseClient(input: {id: $id, confirmName: \"One\"}) { client { name } userErrors { code } } }";
    office
        .app
        .admin()
        .mutate("eraseClient", erase, json!({ "id": one }))
        .await;
    assert_eq!(office.whose(&customer).await.as_deref(), Some(&*two));
    assert_eq!(office.client_of_contract(&invoice).await, Some(two));
}
