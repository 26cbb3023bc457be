//! The obligations of `graphql-transport-ws`, one by one.

use entity::kind::Scope;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use super::support::{PROTOCOL, Socket};
use crate::support::TestApp;

const WATCH: &str = "subscription { recordsChanged { cursor created updated } }";

async fn signed_in(app: &TestApp) -> Socket {
    let token = app.sign_in_token(Scope::Read).await;
    Socket::with_token(app, &token).await
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_sub_protocol_is_spoken() {
    let app = TestApp::start().await;
    for headers in [
        &[][..],
        &[("sec-websocket-protocol", "graphql-ws")],
        &[("sec-websocket-protocol", "graphql-transport-ws2, graphql-ws")],
    ] {
        let refused = Socket::upgrade(&app, headers).await.err().unwrap();
        assert_eq!(refused.status(), 400, "{headers:?}");
    }
    let offered = &[("sec-websocket-protocol", "graphql-ws, graphql-transport-ws")];
    assert!(Socket::upgrade(&app, offered).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_init_closes_with_4429() {
    let app = TestApp::start().await;
    let token = app.sign_in_token(Scope::Read).await;
    let mut socket = Socket::with_token(&app, &token).await;
    socket.say(json!({ "type": "connection_init" })).await;
    assert_eq!(socket.close_code().await, 4429);
}

#[tokio::test(flavor = "multi_thread")]
async fn subscribing_before_the_acknowledgement_closes_with_4401() {
    let app = TestApp::start().await;
    let mut socket = Socket::open(&app).await;
    socket.subscribe("1", WATCH, json!({})).await;
    assert_eq!(socket.closed().await, (4401, "Unauthorized".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_id_closes_with_4409_and_a_finished_one_may_be_used_again() {
    let app = TestApp::start().await;
    let mut socket = signed_in(&app).await;
    for _ in 0..3 {
        socket.subscribe("1", "subscription { nothing }", json!({})).await;
        assert_eq!(socket.error_code("1").await, "GRAPHQL_VALIDATION_FAILED");
    }
    for _ in 0..3 {
        socket.subscribe("1", WATCH, json!({})).await;
        socket.event("1").await;
        socket.complete("1").await;
    }
    socket.subscribe("1", WATCH, json!({})).await;
    socket.event("1").await;
    socket.subscribe("1", WATCH, json!({})).await;
    assert_eq!(socket.close_code().await, 4409);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_no_message_closes_with_4400_and_is_not_repeated() {
    let app = TestApp::start().await;
    for bad in [
        Message::text("x-marks-the-spot"),
        Message::text(r#"{"type":"x-marks-the-spot"}"#),
        Message::text(r#"{"type":"subscribe","payload":{"query":"x-marks-the-spot"}}"#),
        Message::text(r#"{"type":"subscribe","id":"1"}"#),
        Message::text(r#"{"type":"complete"}"#),
        Message::binary(br#"{"type":"ping"}"#.to_vec()),
    ] {
        let mut socket = signed_in(&app).await;
        socket.send(bad.clone()).await;
        assert_eq!(socket.closed().await, (4400, "Invalid message".to_owned()), "{bad:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pings_are_answered_before_the_acknowledgement_too() {
    let app = TestApp::start().await;
    let mut socket = Socket::open(&app).await;
    socket.say(json!({ "type": "ping", "payload": { "a": 1 } })).await;
    assert_eq!(socket.hear().await, json!({ "type": "pong" }));
    socket.send(Message::Ping("of the transport".into())).await;
    assert_eq!(socket.receive().await, Message::Pong("of the transport".into()));
    // Nobody has asked for these.
    socket.say(json!({ "type": "pong" })).await;
    socket.send(Message::Pong("again".into())).await;
    socket.assert_quiet().await;
    let token = app.sign_in_token(Scope::Read).await;
    socket.init(&token).await;
    assert_eq!(socket.hear().await["type"], "connection_ack");
    socket.assert_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn request_errors_end_the_id_without_a_complete() {
    let app = TestApp::start().await;
    let mut socket = signed_in(&app).await;
    let missing = "subscription { runProgress(id: \"run_00000000000000000000000000000000\") { id } }";
    let deep = format!(
        "subscription {{ {}id{} }}",
        "recordsChanged { ".repeat(11),
        " }".repeat(11)
    );
    for (document, code) in [
        ("subscription {", "GRAPHQL_PARSE_FAILED"),
        (
            "subscription { recordsChanged { nothing } }",
            "GRAPHQL_VALIDATION_FAILED",
        ),
        ("subscription { __typename }", "GRAPHQL_VALIDATION_FAILED"),
        (
            "subscription { a: recordsChanged { cursor } b: recordsChanged { cursor } }",
            "GRAPHQL_VALIDATION_FAILED",
        ),
        (
            "subscription { ...F } fragment F on Subscription { recordsChanged { cursor } }",
            "GRAPHQL_VALIDATION_FAILED",
        ),
        (
            "subscription { recordsChanged @skip(if: true) { cursor } }",
            "GRAPHQL_VALIDATION_FAILED",
        ),
        (
            "subscription A { recordsChanged { cursor } } subscription B { recordsChanged { cursor } }",
            "GRAPHQL_VALIDATION_FAILED",
        ),
        (missing, "NOT_FOUND"),
        (
            "subscription { runProgress(id: \"client_00000000000000000000000000000000\") { id } }",
            "NOT_FOUND",
        ),
        ("subscription { runProgress(id: \"x\") { id } }", "BAD_USER_INPUT"),
        (
            "subscription { recordsChanged(integrationId: \"integration_00000000000000000000000000000000\") { cursor } }",
            "NOT_FOUND",
        ),
        (
            "subscription { recordsChanged(objects: []) { cursor } }",
            "BAD_USER_INPUT",
        ),
        (&deep, "LIMIT_EXCEEDED"),
    ] {
        socket.subscribe("1", document, json!({})).await;
        assert_eq!(socket.error_code("1").await, code, "{document}");
        socket.assert_quiet().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_and_mutations_are_refused() {
    let app = TestApp::start().await;
    let mut socket = signed_in(&app).await;
    for document in ["{ viewer { scope } }", "mutation { signOut { deletedId } }"] {
        socket.subscribe("1", document, json!({})).await;
        assert_eq!(socket.error_code("1").await, "BAD_REQUEST", "{document}");
    }
    socket.assert_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_complete_of_the_client_nothing_more_comes() {
    let app = TestApp::start().await;
    let mut socket = signed_in(&app).await;
    socket.complete("never heard of").await;
    socket.assert_quiet().await;
    socket.subscribe("1", WATCH, json!({})).await;
    socket.event("1").await;
    socket.complete("1").await;
    socket.assert_quiet().await;
    super::feed::change(&app, 3).await;
    // Another one hears of it; the first does not.
    socket.subscribe("2", WATCH, json!({})).await;
    socket.event("2").await;
    super::feed::change(&app, 3).await;
    socket.event("2").await;
    socket.assert_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_close_of_the_client_is_answered() {
    let app = TestApp::start().await;
    let mut socket = signed_in(&app).await;
    socket.send(Message::Close(None)).await;
    assert_eq!(socket.close_code().await, 1000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_says_so() {
    let app = TestApp::start().await;
    let mut socket = signed_in(&app).await;
    socket.subscribe("1", WATCH, json!({})).await;
    socket.event("1").await;
    let (code, ()) = tokio::join!(socket.close_code(), app.stop_server());
    assert_eq!(code, 1001);
}

#[tokio::test(flavor = "multi_thread")]
async fn subscriptions_are_not_taken_by_post() {
    let app = TestApp::start().await;
    let answer = app.admin().post(WATCH, json!({})).await;
    assert_eq!(answer.text.matches("BAD_REQUEST").count(), 1, "{answer:?}");
    let nobody = app.anybody().post(WATCH, json!({})).await;
    assert_eq!(nobody.text.matches("UNAUTHENTICATED").count(), 1, "{nobody:?}");
    assert!(Socket::upgrade(&app, &[PROTOCOL]).await.is_ok());
}
