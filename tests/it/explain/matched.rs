//! Which rule has matched a customer, or why none did.

use std::time::Duration;

use serde_json::json;

use super::support::{connected, explain};
use crate::support::TestApp;

/// What was created in the present second is left to the events.
fn let_a_minute_pass(app: &TestApp) {
    app.sandbox().world().advance_clock(60);
    app.clock.advance(Duration::from_mins(1));
}

async fn reason(app: &TestApp, id: &str, customer: &str) -> String {
    let told = explain(app.admin(), id, "CUSTOMER", customer).await;
    told["reason"].as_str().unwrap().to_owned()
}

async fn save(app: &TestApp, name: &str, email: &str, external_id: Option<&str>) -> String {
    let save = "mutation($name: String!, $email: String, $external: String) {
        saveClients(input: {clients: [{name: $name, email: $email, externalId: $external}]}) { clients { id origin } userErrors { code } }
    }";
    let variables = json!({ "name": name, "email": email, "external": external_id });
    let saved = app.admin().mutate("saveClients", save, variables).await;
    assert_eq!(saved["clients"][0]["origin"], "MANUAL");
    saved["clients"][0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rule_that_matched_is_named_and_so_is_what_the_others_found() {
    let (app, id) = connected(3650).await;
    let world = app.sandbox().world();
    let customer = |fields| world.create_customer(fields);
    let by_id = customer(json!({ "name": "One", "email": "one@x.test", "metadata": { "crm": "C1" } }));
    let by_email = customer(json!({ "name": "Two", "email": "Two@X.test" }));
    let unsure = customer(json!({ "name": "Three", "email": "three@x.test", "metadata": { "crm": "C3" } }));
    let nobody = customer(json!({ "name": "Four" }));
    let settings = "mutation($id: ID!) {
        updateSettings(input: {integrationId: $id, clientMatching: [STRIPE_ID, EXTERNAL_ID, EMAIL], externalIdSource: \"metadata.crm\"}) { userErrors { code } }
        updateCustomerMapping(input: {integrationId: $id, direction: DISABLED}) { userErrors { code } }
    }";
    app.graphql(settings, json!({ "id": id })).await;
    save(&app, "One of ours", "elsewhere@x.test", Some("C1")).await;
    save(&app, "Two of ours", "two@x.test", None).await;
    save(&app, "Three", "three@x.test", None).await;
    save(&app, "Three again", "THREE@x.test", None).await;
    let_a_minute_pass(&app);
    let run = app.admin().import(&id).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");

    let told = reason(&app, &id, &by_id).await;
    assert!(
        told.contains("\"One of ours\"") && told.contains("EXTERNAL_ID"),
        "{told}"
    );
    let told = reason(&app, &id, &by_email).await;
    assert!(told.contains("\"Two of ours\"") && told.contains("EMAIL"), "{told}");
    let told = reason(&app, &id, &unsure).await;
    for part in ["no client yet", "EXTERNAL_ID finds no client", "EMAIL finds 2 clients"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let told = reason(&app, &id, &nobody).await;
    for part in [
        "EXTERNAL_ID finds nothing",
        "EMAIL finds nothing: it has no e-mail address",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }

    let client = save(&app, "By a person", "four@x.test", None).await;
    let pair = json!({ "client": client, "id": id, "customer": nobody });
    let link = "mutation($client: ID!, $id: ID!, $customer: String!) {
        linkClient(input: {clientId: $client, integrationId: $id, stripeCustomerId: $customer}) { userErrors { code } }
    }";
    app.admin().mutate("linkClient", link, pair.clone()).await;
    let told = reason(&app, &id, &nobody).await;
    assert!(
        told.contains("\"By a person\"") && told.contains("a person has linked"),
        "{told}"
    );
    app.admin()
        .mutate("unlinkClient", &link.replace("linkClient", "unlinkClient"), pair)
        .await;
    let told = reason(&app, &id, &nobody).await;
    assert!(told.contains("A person has parted it"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_that_made_its_own_client_says_why_it_is_no_other() {
    let (app, id) = connected(3650).await;
    let settings = "mutation($id: ID!) { updateSettings(input: {integrationId: $id, clientMatching: [STRIPE_ID, EMAIL]}) { userErrors { code } } }";
    app.graphql(settings, json!({ "id": id })).await;
    let customer = app
        .sandbox()
        .world()
        .create_customer(json!({ "name": "Twice", "email": "twice@x.test" }));
    save(&app, "First", "twice@x.test", None).await;
    save(&app, "Second", "twice@x.test", None).await;
    let_a_minute_pass(&app);
    app.admin().import(&id).await;
    let told = reason(&app, &id, &customer).await;
    for part in ["\"Twice\", by its own id (STRIPE_ID)", "EMAIL finds 2 clients"] {
        assert!(told.contains(part), "{part}: {told}");
    }
}
