//! Users, sessions and tokens, as they are met over HTTP.

use std::time::Duration;

use entity::kind::Scope;
use reqwest::StatusCode;
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};

use crate::support::{Client, EMAIL, PASSWORD, TestApp};

const VIEWER: &str = "{ viewer { scope session { current } token { name } user { email } } }";
const CREATE_TOKEN: &str = "mutation($name: String!, $scope: Scope!, $expiresAt: DateTime) {
    createApiToken(input: {name: $name, scope: $scope, expiresAt: $expiresAt}) {
        secret
        apiToken { id }
        userErrors { field code }
    }
}";

#[tokio::test]
async fn a_token_ends_when_it_was_said_to() {
    let app = TestApp::start().await;
    let created = create_token(
        &app,
        json!({ "name": "short", "scope": "READ", "expiresAt": "2026-11-23T13:00:00Z" }),
    )
    .await;
    let script = app.anybody().with_token(created["secret"].as_str().unwrap());

    app.clock.advance(Duration::from_mins(59));
    assert_eq!(
        script.graphql(VIEWER, json!({})).await["viewer"]["token"]["name"],
        "short"
    );
    app.clock.advance(Duration::from_mins(1));
    assert_eq!(
        script.get("/graphql?query=%7B__typename%7D").await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn a_revoked_token_is_refused_at_once() {
    let app = TestApp::start().await;
    let created = create_token(&app, json!({ "name": "leaked", "scope": "READ" })).await;
    let script = app.anybody().with_token(created["secret"].as_str().unwrap());
    assert!(script.graphql(VIEWER, json!({})).await["viewer"].is_object());

    let revoke = "mutation($id: ID!) { revokeApiToken(input: {id: $id}) { deletedId userErrors { code } } }";
    let id = json!({ "id": created["apiToken"]["id"] });
    app.admin().mutate("revokeApiToken", revoke, id).await;
    assert_eq!(
        script.get("/graphql?query=%7B__typename%7D").await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn a_token_hands_on_no_more_than_it_has() {
    let app = TestApp::start().await;
    let reader = app.anybody().with_token(&app.sign_in_token(Scope::Read).await);
    let refused = reader
        .response(CREATE_TOKEN, json!({ "name": "more", "scope": "ADMIN" }))
        .await;
    assert_eq!(refused["data"]["createApiToken"]["secret"], Value::Null, "{refused}");
    let tokens = entity::api_token::Entity::find().count(app.db().read()).await.unwrap();
    assert_eq!(tokens, 2, "the admin's and the reader's");
}

#[tokio::test]
async fn signing_in_sets_a_cookie_that_fits_the_address() {
    let by_http = TestApp::start().await;
    let cookie = sign_in(by_http.anybody()).await;
    assert!(
        cookie.starts_with("tributary_session=") && !cookie.contains("Secure"),
        "{cookie}"
    );

    let by_https = TestApp::builder()
        .config(|config| config.public_url = Some("https://tributary.example.com".parse().unwrap()))
        .start()
        .await;
    let cookie = sign_in(by_https.anybody()).await;
    assert!(cookie.starts_with("__Host-tributary_session="), "{cookie}");
    for attribute in ["Secure", "HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(
            cookie.split("; ").any(|part| part == attribute),
            "{attribute}: {cookie}"
        );
    }
}

#[tokio::test]
async fn every_sign_in_is_a_session_of_its_own_until_it_is_idle_too_long() {
    let app = TestApp::start().await;
    let sessions = "{ viewer { sessions { current } } }";
    sign_in(app.anybody()).await;
    sign_in(app.anybody()).await;
    let two = json!([{ "current": false }, { "current": false }]);
    assert_eq!(app.graphql(sessions, json!({})).await["viewer"]["sessions"], two);
    app.clock.advance(Duration::from_mins(61));
    assert_eq!(app.graphql(sessions, json!({})).await["viewer"]["sessions"], json!([]));
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_look_the_same() {
    let app = TestApp::start().await;
    let mut answers = Vec::new();
    for (email, password) in [(EMAIL, "not-the-right-passphrase"), ("nobody@example.com", PASSWORD)] {
        answers.push(
            app.anybody()
                .response(SIGN_IN, json!({ "email": email, "password": password }))
                .await,
        );
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0]["data"]["signIn"]["userErrors"][0]["code"], "BAD_CREDENTIALS");
}

const SIGN_IN: &str = "mutation($email: String!, $password: String!) {
    signIn(input: {email: $email, password: $password}) {
        viewer { scope user { email } }
        userErrors { field code message }
    }
}";

async fn sign_in(client: &Client) -> String {
    let answer = client
        .post(SIGN_IN, json!({ "email": EMAIL, "password": PASSWORD }))
        .await;
    assert!(answer.text.contains(r#""scope":"ADMIN""#), "{answer:?}");
    answer.headers["set-cookie"].to_str().unwrap().to_owned()
}

async fn create_token(app: &TestApp, variables: Value) -> Value {
    app.admin().mutate("createApiToken", CREATE_TOKEN, variables).await
}
