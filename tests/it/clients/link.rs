//! `linkClient` and `unlinkClient`: what people say stands before every rule.

use sandbox::Kind;
use serde_json::{Value, json};

use crate::settings::support::{insert, problems, ready};
use crate::support::{Office, rule_by, rule_over_manual, text};

/// The customers that a client is, the one that is mapped in front.
fn customers(client: &Value) -> Vec<&str> {
    let links = client["stripeCustomers"].as_array().unwrap();
    links.iter().map(|link| link["stripeId"].as_str().unwrap()).collect()
}

fn refused(payload: &Value) -> Vec<(String, &str)> {
    assert_eq!(payload["client"], Value::Null, "{payload}");
    problems(payload)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_moves_a_customer_with_its_contracts() {
    let office = Office::open().await;
    let customer = office.customer(json!({ "name": "Stripe's", "email": "a@stripe.test" }));
    let invoice = office.invoice(&customer);
    office.pull().await;
    let made = office.whose(&customer).await.unwrap();
    let ours = office.save_one(json!({ "name": "Ours", "phone": "1" })).await;
    let linked = office.link(&ours, &customer).await;
    let link = json!([{ "stripeId": customer, "linkedBy": "PERSON", "deletedInStripe": false }]);
    assert_eq!(
        (&linked["stripeCustomers"], &linked["origin"]),
        (&link, &json!("MANUAL"))
    );
    assert_eq!(
        (&linked["name"], &linked["email"]),
        (&json!("Ours"), &json!("a@stripe.test"))
    );
    assert_eq!(office.client_of_contract(&invoice).await.as_deref(), Some(&*ours));
    assert_eq!(
        office.client(&made).await,
        Value::Null,
        "nothing was left of the client that it had made"
    );
    assert_eq!(office.link(&ours, &customer).await, linked, "twice is harmless");
    let before = office.count().await;
    let run = office.pull().await;
    assert_eq!(run["phases"][0]["created"], 0, "{run}");
    assert_eq!((office.client(&ours).await, office.count().await), (linked, before));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_somebody_has_edited_remains_when_its_customer_goes() {
    let office = Office::open().await;
    let customer = office.customer(json!({ "name": "Stripe's", "email": "a@stripe.test" }));
    office.pull().await;
    let made = office.whose(&customer).await.unwrap();
    office.save(json!([{ "id": made, "phone": "1" }])).await;
    let ours = office.save_one(json!({ "name": "Ours" })).await;
    office.link(&ours, &customer).await;
    let left = office.client(&made).await;
    assert_eq!((&left["name"], &left["phone"]), (&json!("Stripe's"), &json!("1")));
    assert_eq!(
        (&left["stripeCustomers"], &left["deletedInStripe"]),
        (&json!([]), &json!(false))
    );
    let other = office.save_one(json!({ "name": "Other" })).await;
    office.link(&other, &customer).await;
    assert_eq!(customers(&office.client(&ours).await), [""; 0]);
    assert_ne!(
        office.client(&ours).await,
        Value::Null,
        "a client that a person has made remains"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_is_linked_as_soon_as_anything_tells_of_it() {
    let office = Office::open().await;
    office.pull().await;
    let (ours, other) = (
        office.save_one(json!({ "name": "Ours" })).await,
        office.save_one(json!({ "name": "Other" })).await,
    );
    let unknown = office.pair("linkClient", &ours, "cus_unknown").await;
    assert_eq!(refused(&unknown), [("stripeCustomerId".to_owned(), "NOT_FOUND")]);
    // Named by a client, it is known, although Stripe has not shown it.
    office
        .save(json!([{ "id": ours, "stripe": { "stripeId": "cus_named" } }]))
        .await;
    let moved = office.link(&other, "cus_named").await;
    assert_eq!(
        (customers(&moved), customers(&office.client(&ours).await)),
        (vec!["cus_named"], vec![])
    );

    for (mutation, client, customer, path, code) in [
        (
            "linkClient",
            format!("client_{:032}", 0),
            "cus_named",
            "clientId",
            "NOT_FOUND",
        ),
        ("linkClient", office.id.clone(), "cus_named", "clientId", "NOT_FOUND"),
        ("linkClient", "client".to_owned(), "cus_named", "clientId", "INVALID"),
        (
            "unlinkClient",
            ours.clone(),
            "cus_named",
            "stripeCustomerId",
            "NOT_FOUND",
        ),
        (
            "unlinkClient",
            ours.clone(),
            "cus_unknown",
            "stripeCustomerId",
            "NOT_FOUND",
        ),
        (
            "unlinkClient",
            format!("client_{:032}", 0),
            "cus_named",
            "clientId",
            "NOT_FOUND",
        ),
    ] {
        let payload = office.pair(mutation, &client, customer).await;
        assert_eq!(
            refused(&payload),
            [(path.to_owned(), code)],
            "{mutation} {client} {customer}"
        );
    }
    let query =
        "mutation($input: LinkClientInput!) { linkClient(input: $input) { client { id } userErrors { field code } } }";
    for integration in [format!("integration_{:032}", 0), ours.clone()] {
        let input = json!({ "clientId": ours, "integrationId": integration, "stripeCustomerId": "cus_named" });
        let payload = office.app.graphql(query, json!({ "input": input })).await;
        assert_eq!(
            refused(&payload["linkClient"]),
            [("integrationId".to_owned(), "NOT_FOUND")]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parted_customer_is_a_client_of_its_own() {
    let office = Office::open().await;
    office.matching(&["STRIPE_ID", "EMAIL"], None).await;
    let ours = office.save_one(json!({ "name": "Ours", "email": "a@acme.test" })).await;
    let customer = office.customer(json!({ "name": "Stripe's", "email": "A@acme.test" }));
    let invoice = office.invoice(&customer);
    office.pull().await;
    assert_eq!(office.whose(&customer).await.as_deref(), Some(&*ours));
    let parted = office.unlink(&ours, &customer).await;
    assert_eq!(
        (customers(&parted), &parted["name"]),
        (vec![], &json!("Ours")),
        "what it had stays"
    );
    let own = office.whose(&customer).await.unwrap();
    assert_ne!(own, ours);
    assert_eq!(office.client_of_contract(&invoice).await, Some(own.clone()));
    assert_eq!(office.unlink(&ours, &customer).await, parted, "twice is harmless");
    assert_eq!(office.whose(&customer).await, Some(own.clone()));

    let joined = office.link(&ours, &customer).await;
    assert_eq!(customers(&joined), [&customer]);
    assert_eq!(office.client(&own).await, Value::Null);
    assert_eq!(office.client_of_contract(&invoice).await.as_deref(), Some(&*ours));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parted_pair_stays_parted_whatever_comes() {
    let office = Office::open().await;
    office.direction("CUSTOMER", "DISABLED").await;
    office
        .matching(&["STRIPE_ID", "EXTERNAL_ID", "EMAIL"], Some("metadata.crm"))
        .await;
    let ours = office
        .save_one(json!({ "name": "Ours", "email": "a@acme.test", "externalId": "7" }))
        .await;
    let customer = office.customer(json!({ "name": "Stripe's", "email": "a@acme.test", "metadata": { "crm": "7" } }));
    let invoice = office.invoice(&customer);
    office.pull().await;
    assert_eq!(office.whose(&customer).await.as_deref(), Some(&*ours));
    office.unlink(&ours, &customer).await;
    for what in ["an import", "an event", "a remap", "settings", "a save", "a direction"] {
        office.pass_a_minute();
        match what {
            "an import" => drop(office.pull().await),
            "an event" => {
                office
                    .world()
                    .update(Kind::Customer, &customer, json!({ "phone": "1" }));
                office.tell().await;
            }
            "a remap" => {
                office
                    .map("CUSTOMER", &[rule_by("STRIPE_WINS", "description", "phone")])
                    .await;
                office.remap(&["CUSTOMER"]).await;
            }
            "settings" => {
                office.matching(&["STRIPE_ID", "EMAIL"], None).await;
                office.rest().await;
            }
            "a save" => {
                office.save(json!([{ "id": ours, "email": null }])).await;
                office.save(json!([{ "id": ours, "email": "a@acme.test" }])).await;
                let named = json!([{ "id": ours, "stripe": { "stripeId": customer } }]);
                let refused = office.try_save(named).await;
                assert_eq!(
                    problems(&refused),
                    [("clients.0.stripe.stripeId".to_owned(), "CONFLICT")]
                );
            }
            _ => {
                office.direction("CUSTOMER", "PULL").await;
                office.rest().await;
                let own = office.whose(&customer).await;
                assert_ne!(own.as_deref(), Some(&*ours), "{what}");
                assert_eq!(office.client_of_contract(&invoice).await, own);
                continue;
            }
        }
        assert_eq!(office.whose(&customer).await, None, "{what}");
        assert_eq!(office.client_of_contract(&invoice).await, None, "{what}");
    }
    office.link(&ours, &customer).await;
    assert_eq!(office.client_of_contract(&invoice).await.as_deref(), Some(&*ours));
    // Joined again, they are not parted any more: the rule finds it once the link is gone by another way.
    let other = office.save_one(json!({ "name": "Other" })).await;
    office.link(&other, &customer).await;
    assert_eq!(
        office.delete(&other).await["userErrors"][0]["code"],
        "CONFLICT",
        "it has contracts"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_customer_that_stripe_still_has_speaks() {
    let office = Office::open().await;
    let customer = |name: &str| office.customer(json!({ "name": name, "phone": format!("of {name}") }));
    // Made in the order in which they do not come, for links of one moment go by Stripe's ids.
    let made = [customer("One"), customer("Two"), customer("Three")];
    office.pull().await;
    office.map("CUSTOMER", &[rule_over_manual("name", "name")]).await;
    let ours = office.save_one(json!({ "name": "Ours" })).await;
    let [third, first, second] = &made;
    let name = async || text(&office.client(&ours).await["name"]);
    for customer in [first, second, third] {
        office.pass_a_minute();
        office.link(&ours, customer).await;
    }
    let client = office.client(&ours).await;
    assert_eq!(customers(&client), [first, second, third]);
    assert_eq!((&client["name"], &client["phone"]), (&json!("Two"), &json!("of Two")));

    office.pass_a_minute();
    for (id, name) in [(second, "Not heard"), (third, "Not heard"), (first, "Heard")] {
        office.world().update(Kind::Customer, id, json!({ "name": name }));
    }
    office.tell().await;
    assert_eq!(name().await, "Heard");
    office.pull().await;
    assert_eq!(name().await, "Heard");

    office.pass_a_minute();
    office.world().delete_customer(first);
    office.tell().await;
    let client = office.client(&ours).await;
    assert_eq!(
        (&client["name"], &client["deletedInStripe"]),
        (&json!("Not heard"), &json!(false))
    );
    assert_eq!(client["phone"], "of Three");
    let gone: Vec<&Value> = client["stripeCustomers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|link| &link["deletedInStripe"])
        .collect();
    assert_eq!(gone, [true, false, false]);
    office.unlink(&ours, second).await;
    assert_eq!(office.client(&ours).await["phone"], "of One", "the next one speaks");
    office.pass_a_minute();
    office.world().delete_customer(third);
    office.tell().await;
    let client = office.client(&ours).await;
    assert_eq!(
        (&client["phone"], &client["deletedInStripe"]),
        (&json!("of One"), &json!(true)),
        "it stays, flagged"
    );
    office.link(&ours, second).await;
    assert_eq!(office.client(&ours).await["deletedInStripe"], false);
    assert_eq!(office.client(&ours).await["phone"], "of Three");
}

#[tokio::test(flavor = "multi_thread")]
async fn customers_of_several_accounts_may_be_one_client() {
    let office = Office::open().await;
    let customer = office.customer(json!({ "name": "Stripe's" }));
    office.pull().await;
    let other = insert(&office.app, ready()).await;
    let ours = office
        .save_one(json!({ "name": "Ours", "stripe": { "integrationId": other, "stripeId": customer } }))
        .await;
    office.pass_a_minute();
    let linked = office.link(&ours, &customer).await;
    assert_eq!(customers(&linked), [&customer, &customer]);
    assert_eq!(
        linked["name"], "Ours",
        "the other account's stands first, and nothing is known of it"
    );
    let query = "mutation($input: LinkClientInput!) { unlinkClient(input: $input) { client { name stripeId } userErrors { code } } }";
    let input = json!({ "clientId": ours, "integrationId": other, "stripeCustomerId": customer });
    let parted = office.app.graphql(query, json!({ "input": input })).await;
    assert_eq!(
        parted["unlinkClient"]["client"],
        json!({ "name": "Ours", "stripeId": customer })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_that_comes_back_is_not_flagged_any_more() {
    let office = Office::open().await;
    let customer = office.customer(json!({ "name": "Stripe's" }));
    office.pull().await;
    office.pass_a_minute();
    let mut event = office.world().events_after(0).pop().unwrap();
    assert_eq!(event["data"]["object"]["id"], json!(customer), "{event}");
    (event["id"], event["type"]) = (json!("evt_untrue"), json!("customer.deleted"));
    event["created"] = json!(office.world().now());
    office.send(&event).await;
    assert_eq!(office.client_of(&customer).await["deletedInStripe"], true);
    office.pass_a_minute();
    office.pull().await;
    let client = office.client_of(&customer).await;
    assert_eq!(client["deletedInStripe"], false);
    assert_eq!(client["stripeCustomers"][0]["deletedInStripe"], false);
}
