//! Signing in and out, and the tokens people make.

use std::time::Duration;

use entity::kind::Scope;
use serde_json::{Value, json};

use super::support::{PASSWORD, Server, send, sign_in};

const VIEWER: &str = "{ viewer { scope } }";
const NOBODY: &str = r#"{"data":{"viewer":null}}"#;

#[tokio::test(flavor = "multi_thread")]
async fn the_right_password_signs_in_and_nothing_tells_wrong_ones_apart() {
    let server = Server::start().await;
    server.user("Ada@Example.com", Scope::Configure).await;
    let wrong = server.sign_in("ada@example.com", "correct horse batterx").await;
    let unknown = server.sign_in("nobody@example.com", PASSWORD).await;
    let endless = server.sign_in("ada@example.com", &"x".repeat(300)).await;
    assert_eq!(
        wrong.json()["data"]["signIn"]["userErrors"],
        json!([{ "field": null, "code": "BAD_CREDENTIALS" }])
    );
    assert_eq!((&wrong.text, &wrong.text), (&unknown.text, &endless.text));
    assert_eq!(wrong.header("set-cookie"), "");
    let right = server.sign_in(" ada@EXAMPLE.com", PASSWORD).await;
    let viewer = &right.json()["data"]["signIn"]["viewer"];
    assert_eq!(viewer["user"]["email"], "Ada@Example.com");
    assert_eq!(
        (&viewer["scope"], &viewer["session"]["current"]),
        (&json!("CONFIGURE"), &json!(true))
    );
    assert_eq!(
        server.browse(&right.cookie(), VIEWER).await.text,
        r#"{"data":{"viewer":{"scope":"CONFIGURE"}}}"#
    );
    let nul = send(server.post(&sign_in("ada@example.com", "a\0b"))).await;
    assert_eq!(nul.code(), "BAD_USER_INPUT");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cookie_is_for_this_host_and_no_script() {
    for (public_url, start, end) in [
        (
            None,
            "tributary_session=",
            "; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict",
        ),
        (
            Some("https://tributary.example.com"),
            "__Host-tributary_session=",
            "; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict; Secure",
        ),
    ] {
        let server = Server::start_at(public_url).await;
        server.user("a@example.com", Scope::Admin).await;
        let answer = server.sign_in("a@example.com", PASSWORD).await;
        let cookie = answer.header("set-cookie");
        let secret = cookie.strip_prefix(start).and_then(|rest| rest.strip_suffix(end));
        assert_eq!(secret.map(str::len), Some(64), "{cookie}");
        assert_eq!(
            server.browse(&answer.cookie(), VIEWER).await.text,
            r#"{"data":{"viewer":{"scope":"ADMIN"}}}"#
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_sign_in_makes_a_fresh_session_and_ends_the_one_before() {
    let server = Server::start().await;
    server.user("a@example.com", Scope::Admin).await;
    let planted = format!("tributary_session={}", "0".repeat(64));
    let with = async |cookie: &str| {
        let request = server
            .post(&sign_in("a@example.com", PASSWORD))
            .header("cookie", cookie);
        send(request.header("sec-fetch-site", "same-origin")).await.cookie()
    };
    let first = with(&planted).await;
    assert_ne!(first, planted);
    assert_eq!(server.browse(&planted, VIEWER).await.text, NOBODY);
    let second = with(&first).await;
    assert_ne!(first, second);
    assert_eq!(server.browse(&first, VIEWER).await.text, NOBODY);
    assert_ne!(server.browse(&second, VIEWER).await.text, NOBODY);
    assert_eq!(server.sessions().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_by_sign_out_by_idleness_and_by_age() {
    let server = Server::start().await;
    server.user("a@example.com", Scope::Admin).await;
    let minutes = |count: u64| Duration::from_secs(60 * count);
    let fresh = async || server.sign_in("a@example.com", PASSWORD).await.cookie();

    let cookie = fresh().await;
    let out = server.browse(&cookie, "mutation { signOut { signedOut } }").await;
    assert_eq!(
        out.header("set-cookie"),
        "tributary_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict"
    );
    assert_eq!(server.browse(&cookie, VIEWER).await.text, NOBODY);

    let cookie = fresh().await;
    server.app.clock.advance(minutes(59));
    assert_ne!(server.browse(&cookie, VIEWER).await.text, NOBODY);
    server.app.clock.advance(minutes(59));
    assert_ne!(server.browse(&cookie, VIEWER).await.text, NOBODY);
    server.app.clock.advance(minutes(60));
    assert_eq!(server.browse(&cookie, VIEWER).await.text, NOBODY);

    let cookie = fresh().await;
    for _ in 0..14 {
        server.app.clock.advance(minutes(50));
        assert_ne!(server.browse(&cookie, VIEWER).await.text, NOBODY);
    }
    server.app.clock.advance(minutes(20));
    assert_eq!(server.browse(&cookie, VIEWER).await.text, NOBODY);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_viewer_sees_own_sessions_and_tokens() {
    let server = Server::start().await;
    let user = server.user("a@example.com", Scope::Admin).await;
    let other = server.user("b@example.com", Scope::Admin).await;
    server.token(&user, Scope::Read, None).await;
    server.token(&other, Scope::Read, None).await;
    server.sign_in("b@example.com", PASSWORD).await;
    server.sign_in("a@example.com", PASSWORD).await;
    let cookie = server.sign_in("a@example.com", PASSWORD).await.cookie();
    let query = "{ viewer { user { createdAt lastSignInAt } token { id } sessions { current ip } apiTokens { name display scope } } }";
    let viewer = server.browse(&cookie, query).await.json()["data"]["viewer"].clone();
    let current: Vec<&Value> = viewer["sessions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|session| &session["current"])
        .collect();
    assert_eq!(current, [&json!(true), &json!(false)]);
    assert_eq!(viewer["sessions"][0]["ip"], "127.0.0.1");
    assert_eq!(viewer["apiTokens"].as_array().unwrap().len(), 1);
    assert_eq!(viewer["token"], Value::Null);
    assert_eq!(viewer["user"]["lastSignInAt"], "2027-01-15T08:00:00Z");
}

async fn create(server: &Server, token: &str, input: &Value) -> Value {
    let query = "mutation($input: CreateApiTokenInput!) { createApiToken(input: $input) { apiToken { id name scope expiresAt } \
                 secret userErrors { field code } } }";
    let request = server
        .post(&json!({ "query": query, "variables": { "input": input } }))
        .bearer_auth(token);
    send(request).await.json()["data"]["createApiToken"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_made_once_for_an_idempotency_key() {
    let server = Server::start().await;
    let admin = server.admin_token().await;
    let input =
        json!({ "name": " nightly ", "scope": "READ", "expiresAt": "2027-02-01T00:00:00Z", "idempotencyKey": "k1" });
    let made = create(&server, &admin, &input).await;
    assert_eq!(
        (&made["apiToken"]["name"], &made["userErrors"]),
        (&json!("nightly"), &json!([]))
    );
    let secret = made["secret"].as_str().unwrap();
    assert_eq!(
        server.query(secret, VIEWER).await.text,
        r#"{"data":{"viewer":{"scope":"READ"}}}"#
    );
    let again = create(&server, &admin, &input).await;
    assert_eq!(
        (&again["apiToken"], &again["secret"]),
        (&made["apiToken"], &Value::Null)
    );
    let other = json!({ "name": "nightly", "scope": "ADMIN", "idempotencyKey": "k1" });
    let mismatch = create(&server, &admin, &other).await;
    assert_eq!(
        mismatch["userErrors"],
        json!([{ "field": ["idempotencyKey"], "code": "IDEMPOTENCY_MISMATCH" }])
    );
    assert_eq!(mismatch["apiToken"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_hands_on_no_more_than_it_has() {
    let server = Server::start().await;
    let admin = server.user("a@example.com", Scope::Admin).await;
    let end = server.app.clock.now_ms() + 3_600_000;
    let caller = server.token(&admin, Scope::RunSync, Some(end)).await;
    for (input, field, code) in [
        (
            json!({ "name": "x", "scope": "CONFIGURE", "expiresAt": "2027-01-15T08:30:00Z" }),
            "scope",
            "OUT_OF_RANGE",
        ),
        (json!({ "name": "x", "scope": "READ" }), "expiresAt", "OUT_OF_RANGE"),
        (
            json!({ "name": "x", "scope": "READ", "expiresAt": "2027-01-15T09:30:00Z" }),
            "expiresAt",
            "OUT_OF_RANGE",
        ),
        (
            json!({ "name": "x", "scope": "READ", "expiresAt": "2027-01-15T08:00:00Z" }),
            "expiresAt",
            "OUT_OF_RANGE",
        ),
        (
            json!({ "name": " ", "scope": "READ", "expiresAt": "2027-01-15T08:30:00Z" }),
            "name",
            "REQUIRED",
        ),
        (
            json!({ "name": "x\n", "scope": "READ", "expiresAt": "2027-01-15T08:30:00Z", "idempotencyKey": "" }),
            "idempotencyKey",
            "REQUIRED",
        ),
        (
            json!({ "name": "a\u{1b}[2Jb", "scope": "READ", "expiresAt": "2027-01-15T08:30:00Z" }),
            "name",
            "INVALID",
        ),
        (
            json!({ "name": "x".repeat(101), "scope": "READ", "expiresAt": "2027-01-15T08:30:00Z" }),
            "name",
            "TOO_LONG",
        ),
    ] {
        let refused = create(&server, &caller, &input).await;
        assert_eq!(
            refused["userErrors"],
            json!([{ "field": [field], "code": code }]),
            "{input}"
        );
        assert_eq!(refused["secret"], Value::Null, "{input}");
    }
    let fine = json!({ "name": "x".repeat(100), "scope": "RUN_SYNC", "expiresAt": "2027-01-15T09:00:00Z" });
    assert_eq!(create(&server, &caller, &fine).await["userErrors"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_admin_revokes_tokens_of_others() {
    let server = Server::start().await;
    let (admin, reader) = (
        server.user("a@example.com", Scope::Admin).await,
        server.user("r@example.com", Scope::Read).await,
    );
    let (of_admin, of_reader) = (
        server.token(&admin, Scope::Admin, None).await,
        server.token(&reader, Scope::Read, None).await,
    );
    let id_of = async |token: &str| {
        let answer = server.query(token, "{ viewer { token { id } } }").await.json();
        answer["data"]["viewer"]["token"]["id"].as_str().unwrap().to_owned()
    };
    let revoke = async |token: &str, id: &str| {
        let query = "mutation($id: ID!) { revokeApiToken(input: { id: $id }) { deletedId userErrors { field code } } }";
        let request = server
            .post(&json!({ "query": query, "variables": { "id": id } }))
            .bearer_auth(token);
        send(request).await.json()["data"]["revokeApiToken"].clone()
    };
    let (admins, readers) = (id_of(&of_admin).await, id_of(&of_reader).await);
    let unknown = format!("token_{}", "0".repeat(32));
    let other_type = format!("run_{}", "0".repeat(32));
    for id in [&admins, &unknown, &other_type] {
        assert_eq!(
            revoke(&of_reader, id).await["userErrors"],
            json!([{ "field": null, "code": "NOT_FOUND" }]),
            "{id}"
        );
    }
    assert_eq!(
        revoke(&of_reader, "x").await["userErrors"],
        json!([{ "field": ["id"], "code": "INVALID" }])
    );
    assert_eq!(server.query(&of_admin, VIEWER).await.status, 200);
    assert_eq!(revoke(&of_admin, &readers).await["deletedId"], readers);
    assert_eq!(server.query(&of_reader, VIEWER).await.status, 401);
}
