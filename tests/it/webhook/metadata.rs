//! Merchants choose the keys of metadata, and one of them is a word of the library that reads JSON here.

use sandbox::{Kind, Options};
use serde_json::json;

use super::support::pass;
use crate::support::webhook::{hold_looks, look_now, until_taken_out};
use crate::support::{TestApp, WebhookSender, assert_equals_truth};

const WORD: &str = "$serde_json::private::RawValue";

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_metadata_may_have_any_name() {
    let app = TestApp::builder().sandbox(Options::default()).start().await;
    let world = app.sandbox().world();
    let metadata = json!({ WORD: "no JSON", "sku": "A-1" });
    let customer = world.create_customer(json!({ "name": "Imported", "metadata": metadata }));
    let product = world.create_product(json!({ "name": "Imported", "metadata": metadata }));
    let id = app.admin().connect_stripe(app.sandbox().key(), 3650).await;
    let hooks = WebhookSender::connect(&app, &id).await;
    let run = app.admin().import(&id).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    hold_looks(&app, &id).await;
    pass(&app, 5);
    let known = world.events_after(0).len();
    world.update(Kind::Customer, &customer, json!({ "name": "Told" }));
    world.update(Kind::Product, &product, json!({ "name": "Told" }));
    for event in world.events_after(known) {
        hooks.send(&app, &event).await;
    }
    until_taken_out(&app).await;
    assert_equals_truth(app.db(), app.sandbox(), |_| true).await;
    pass(&app, 5);
    world.update(Kind::Customer, &customer, json!({ "name": "Found" }));
    look_now(&app, &id).await;
    assert_equals_truth(app.db(), app.sandbox(), |_| true).await;
    let query = "query($id: ID!, $stripe: String!) { explain(integrationId: $id, kind: CUSTOMER, stripeId: $stripe) { source } }";
    // As text: what reads answers in the tests would fall for the word.
    let shown = app.admin().post(query, json!({ "id": id, "stripe": customer })).await;
    assert!(shown.text.contains(&metadata.to_string()), "{}", shown.text);
}
