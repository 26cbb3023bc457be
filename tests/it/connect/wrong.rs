//! Wrong words about whose a key is.

use entity::integration;
use entity::kind::Scope;
use sea_orm::{ActiveModelTrait, Set};
use serde_json::{Value, json};

use super::support::{
    BLIND, NEXT_BLIND, connect, connect_as_new, integrations, kept, options, refusal, rotate, start, start_idle,
};
use crate::support::NOW_MS;

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_refused_without_a_request() {
    let app = start(options()).await;
    let id = connect(&app, BLIND).await["integration"]["id"].take();
    let before = kept(&app).await;
    app.sandbox().clear_requests();
    let nobodys = json!(format!("integration_{}", "0".repeat(32)));
    assert_eq!(
        refusal(&rotate(&app, &nobodys, NEXT_BLIND).await),
        ("integrationId", "NOT_FOUND")
    );
    assert_eq!(
        refusal(&rotate(&app, &json!("junk"), NEXT_BLIND).await),
        ("integrationId", "INVALID")
    );
    let run = json!(format!("run_{}", "0".repeat(32)));
    assert_eq!(
        rotate(&app, &run, NEXT_BLIND).await["userErrors"][0]["code"],
        "NOT_FOUND"
    );
    for (key, code) in [
        ("rk_live_TheSecondBlindKey1", "KEY_MODE_MISMATCH"),
        ("pk_test_TheSecondBlindKey1", "KEY_PUBLISHABLE"),
        ("", "REQUIRED"),
    ] {
        assert_eq!(refusal(&rotate(&app, &id, key).await), ("apiKey", code));
    }
    assert_eq!(app.sandbox().request_count(), 0);
    let unknown = rotate(&app, &id, "rk_test_NobodyKnowsThisOne").await;
    assert_eq!(refusal(&unknown), ("apiKey", "KEY_REJECTED"));
    assert_eq!(kept(&app).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_being_removed_takes_no_key() {
    let (app, sandbox) = start_idle().await;
    let id = connect(&app, BLIND).await["integration"]["id"].take();
    let known = integrations(&app).await.remove(0);
    let going = integration::ActiveModel {
        id: Set(known.id),
        purge_requested_at: Set(Some(NOW_MS)),
        ..Default::default()
    };
    going.update(app.db().write()).await.unwrap();
    assert_eq!(
        refusal(&rotate(&app, &id, NEXT_BLIND).await),
        ("integrationId", "CONFLICT")
    );
    assert_eq!(refusal(&connect(&app, BLIND).await), ("apiKey", "CONFLICT"));
    assert_eq!(refusal(&connect_as_new(&app, BLIND).await), ("apiKey", "CONFLICT"));
    // Nobody is asked about what is as good as gone.
    assert_eq!(connect(&app, NEXT_BLIND).await["userErrors"], json!([]));
    assert_eq!(sandbox.non_get_count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_admin_rotates_and_no_key_stands_in_the_document() {
    let app = start(options()).await;
    let id = connect(&app, BLIND).await["integration"]["id"].take();
    let rotate = "mutation($id: ID!, $key: String!) {
        rotateStripeKey(input: {integrationId: $id, apiKey: $key}) { userErrors { code } }
    }";
    let token = app.sign_in_token(Scope::Configure).await;
    let input = json!({ "id": id, "key": NEXT_BLIND });
    let answer = app.anybody().with_token(&token).response(rotate, input).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN", "{answer}");
    let literal = format!(
        "mutation($id: ID!) {{ rotateStripeKey(input: {{integrationId: $id, apiKey: \"{NEXT_BLIND}\"}}) {{ userErrors {{ code }} }} }}"
    );
    let answer = app.admin().response(&literal, json!({ "id": id })).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{answer}");
    assert_eq!(answer["data"], Value::Null);
}
