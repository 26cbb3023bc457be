//! The key file is another one: the stored key stays shut. Nothing is asked of Stripe, everybody is told, and what needs no key goes on.

use entity::integration;
use entity::kind::{RunKind, RunState, StripeKind};
use entity::remap_queue;
use sandbox::{Kind, Options};
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};

use super::support::{MINUTE, imported, integration, look, pass, runs};
use crate::support::{TestApp, WebhookSender, until};

/// Something waits to be mapped again.
async fn queue(app: &TestApp, integration: &integration::Model) {
    let customers = app.sandbox().world().truth(Kind::Customer);
    let ids = customers
        .iter()
        .map(|customer| customer["id"].as_str().unwrap())
        .collect();
    let tx = app.db().begin().await.unwrap();
    tributary::store::remap_queue::add(&tx, integration.id, StripeKind::Customer, ids)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

async fn until_mapped(app: &TestApp) {
    until("nothing waits to be mapped again", async || {
        app.tick().await;
        let waiting = remap_queue::Entity::find().count(app.db().read()).await.unwrap();
        (waiting == 0).then_some(())
    })
    .await;
}

async fn until_told(app: &TestApp) {
    let problem = until("it is told", async || integration(app).await.key_problem).await;
    assert_eq!(problem, "KEY_UNREADABLE");
}

/// What is here is mapped by other rules; gives how that ends.
async fn map_otherwise(app: &TestApp, id: &str) -> Value {
    let rules = "query($id: ID!) { integration(id: $id) { customerMapping { rules { source target } } } }";
    let mut rules = app.graphql(rules, json!({ "id": id })).await["integration"]["customerMapping"]["rules"].take();
    let rule = json!({ "source": "id", "target": "externalId" });
    rules.as_array_mut().unwrap().push(rule);
    let save = "mutation($input: UpdateMappingInput!) { updateCustomerMapping(input: $input) { userErrors { code } } }";
    let input = json!({ "integrationId": id, "rules": rules });
    app.admin()
        .mutate("updateCustomerMapping", save, json!({ "input": input }))
        .await;
    let start = "mutation($id: ID!) { startRemap(input: {integrationId: $id, objects: [CUSTOMER]}) { run { id } userErrors { code } } }";
    let started = app.admin().mutate("startRemap", start, json!({ "id": id })).await;
    app.admin().end_of_run(started["run"]["id"].as_str().unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_cannot_be_opened_is_told_and_another_one_goes_on() {
    let (mut app, id) = imported(Options::default()).await;
    let _secret = WebhookSender::connect(&app, &id).await;
    app.turn_off().await;
    let asked = app.sandbox().request_count();
    let file = app.database_folder().join("another.key");
    app.turn_on(move |config| config.secret_key_file = file).await;
    queue(&app, &integration(&app).await).await;
    until_mapped(&app).await;
    until_told(&app).await;

    app.sandbox().world().create_customer(json!({ "name": "Meanwhile" }));
    pass(&app, MINUTE);
    app.tick().await;
    let run = map_otherwise(&app, &id).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    let query = "query($id: ID!) { integration(id: $id) { nextRunAt setupChecklist { code done message } } }";
    let shown = app.graphql(query, json!({ "id": id })).await["integration"].take();
    assert_eq!(shown["nextRunAt"], Value::Null);
    let step = &shown["setupChecklist"][0];
    assert_eq!(
        (&step["code"], &step["done"]),
        (&json!("CONNECT_STRIPE"), &json!(false))
    );
    assert!(step["message"].as_str().unwrap().contains("key file"), "{step}");
    assert_eq!(app.sandbox().request_count(), asked, "Stripe was asked");

    let set = "mutation($id: ID!, $secret: String) {
        setWebhookSecret(input: {integrationId: $id, secret: $secret}) { userErrors { code } }
    }";
    for secret in [json!("whsec_0123456789abcdef0123"), Value::Null] {
        let webhooks = json!({ "id": id, "secret": secret });
        app.admin().mutate("setWebhookSecret", set, webhooks).await;
    }

    assert_eq!(app.admin().connect_stripe(app.sandbox().key(), 3650).await, id);
    assert_eq!(look(&app).await.state, RunState::Succeeded);
    app.prove(&id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_whose_key_cannot_be_opened_waits_for_another_one() {
    let (mut app, id) = imported(Options::default()).await;
    app.turn_off().await;
    app.sandbox().world().create_customer(json!({ "name": "Meanwhile" }));
    pass(&app, MINUTE);
    let file = app.database_folder().join("another.key");
    app.turn_on(move |config| config.secret_key_file = file).await;
    app.tick().await;
    until_told(&app).await;
    let waiting = until("the look waits", async || {
        let look = runs(&app, RunKind::CatchUp).await.remove(0);
        look.lease_owner.is_none().then_some(look)
    })
    .await;
    assert_eq!(
        (waiting.state, waiting.failure_code.as_deref()),
        (RunState::Running, Some("KEY_UNREADABLE"))
    );
    app.admin().connect_stripe(app.sandbox().key(), 3650).await;
    until("the look has ended", async || {
        let looks = runs(&app, RunKind::CatchUp).await;
        looks.iter().all(|run| run.state == RunState::Succeeded).then_some(())
    })
    .await;
    app.prove(&id).await;
}
