//! Who may open a socket, and for how long.

use std::time::Duration;

use entity::kind::Scope;
use serde_json::json;
use tributary::http::SocketLimits;

use super::support::{PROTOCOL, Socket};
use crate::support::{EMAIL, PASSWORD, TestApp};

const WATCH: &str = "subscription { recordsChanged { cursor } }";

/// Looks at sessions more often than is good, so that nobody waits.
fn often() -> SocketLimits {
    SocketLimits {
        recheck: Duration::from_millis(20),
        ..SocketLimits::default()
    }
}

/// A browser's cookie.
async fn cookie(app: &TestApp) -> String {
    let query = "mutation($email: String!, $password: String!) {
        signIn(input: { email: $email, password: $password }) { userErrors { code } }
    }";
    let answer = app
        .anybody()
        .post(query, json!({ "email": EMAIL, "password": PASSWORD }))
        .await;
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

fn origin(app: &TestApp) -> String {
    format!("http://{}", app.address())
}

async fn assert_serves(socket: &mut Socket) {
    socket.say(json!({ "type": "connection_init" })).await;
    assert_eq!(socket.hear().await["type"], "connection_ack");
    socket.subscribe("1", WATCH, json!({})).await;
    socket.event("1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_taken_from_the_header_and_from_the_payload() {
    let app = TestApp::start().await;
    let token = app.sign_in_token(Scope::Read).await;
    let bearer = format!("Bearer {token}");
    let mut by_header = Socket::upgrade(&app, &[PROTOCOL, ("authorization", &bearer)])
        .await
        .unwrap();
    assert_serves(&mut by_header).await;
    let mut by_payload = Socket::with_token(&app, &token).await;
    by_payload.subscribe("1", WATCH, json!({})).await;
    by_payload.event("1").await;
    let mut both = Socket::upgrade(&app, &[PROTOCOL, ("authorization", &bearer)])
        .await
        .unwrap();
    both.init(&token).await;
    assert_eq!(both.close_code().await, 4403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_init_closes_with_4403() {
    let app = TestApp::start().await;
    let token = app.sign_in_token(Scope::Read).await;
    let mut changed = token.clone();
    changed.replace_range(20..21, if &token[20..21] == "x" { "y" } else { "x" });
    for payload in [
        json!(null),
        json!({}),
        json!({ "authorization": null }),
        json!({ "authorization": "" }),
        json!({ "authorization": token }),
        json!({ "authorization": format!("Basic {token}") }),
        json!({ "authorization": format!("Bearer {changed}") }),
    ] {
        let mut socket = Socket::open(&app).await;
        socket
            .say(json!({ "type": "connection_init", "payload": payload }))
            .await;
        assert_eq!(socket.closed().await, (4403, "Forbidden".to_owned()), "{payload}");
    }
    let mut stale = Socket::upgrade(
        &app,
        &[
            PROTOCOL,
            ("cookie", "tributary_session=0000"),
            ("origin", &origin(&app)),
        ],
    )
    .await
    .unwrap();
    stale.say(json!({ "type": "connection_init" })).await;
    assert_eq!(stale.close_code().await, 4403);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cookie_is_taken_from_our_own_pages_only() {
    let app = TestApp::start().await;
    let (cookie, ours) = (cookie(&app).await, origin(&app));
    let cookie = ("cookie", cookie.as_str());
    for proof in [("origin", ours.as_str()), ("sec-fetch-site", "same-origin")] {
        let mut socket = Socket::upgrade(&app, &[PROTOCOL, cookie, proof]).await.unwrap();
        assert_serves(&mut socket).await;
    }
    for headers in [
        &[PROTOCOL, cookie][..],
        &[PROTOCOL, cookie, ("origin", "https://evil.example.com")],
        &[PROTOCOL, cookie, ("origin", "null")],
        &[PROTOCOL, cookie, ("origin", &ours), ("sec-fetch-site", "cross-site")],
    ] {
        let refused = Socket::upgrade(&app, headers).await.err().unwrap();
        assert_eq!(refused.status(), 403, "{headers:?}");
    }
    let token = app.sign_in_token(Scope::Read).await;
    let bearer = format!("Bearer {token}");
    let both = &[PROTOCOL, cookie, ("origin", &ours), ("authorization", &bearer)];
    assert_eq!(Socket::upgrade(&app, both).await.err().unwrap().status(), 400);
    let mut both = Socket::upgrade(&app, &[PROTOCOL, cookie, ("origin", &ours)])
        .await
        .unwrap();
    both.init(&token).await;
    assert_eq!(both.close_code().await, 4403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_authorization_header_is_refused_at_once() {
    let app = TestApp::start().await;
    let refused = Socket::upgrade(&app, &[PROTOCOL, ("authorization", "Basic eDp5")]).await;
    assert_eq!(refused.err().unwrap().status(), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends_takes_its_sockets_with_it() {
    let app = TestApp::builder().sockets(often()).start().await;
    let ours = origin(&app);
    let cookie = cookie(&app).await;
    let headers = [PROTOCOL, ("cookie", cookie.as_str()), ("origin", ours.as_str())];
    let mut idle = Socket::upgrade(&app, &headers).await.unwrap();
    assert_serves(&mut idle).await;
    // An open socket is no call: it does not keep the session.
    for _ in 0..6 {
        app.clock.advance(Duration::from_mins(9));
        super::feed::change(&app, 1).await;
        idle.event("1").await;
    }
    app.clock.advance(Duration::from_mins(6));
    assert_eq!(idle.closed().await, (4403, "Forbidden".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_revoked_takes_its_sockets_with_it() {
    let app = TestApp::builder().sockets(often()).start().await;
    let token = app.sign_in_token(Scope::Read).await;
    let mut socket = Socket::with_token(&app, &token).await;
    socket.subscribe("1", WATCH, json!({})).await;
    socket.event("1").await;
    let own = app.anybody().with_token(&token);
    let id = own.graphql("{ viewer { token { id } } }", json!({})).await["viewer"]["token"]["id"].take();
    let revoke = "mutation($id: ID!) { revokeApiToken(input: { id: $id }) { deletedId userErrors { code } } }";
    own.mutate("revokeApiToken", revoke, json!({ "id": id })).await;
    assert_eq!(socket.close_code().await, 4403);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_told_once_the_session_has_ended() {
    let never = SocketLimits {
        recheck: Duration::from_hours(1),
        ..SocketLimits::default()
    };
    let app = TestApp::builder().sockets(never).start().await;
    let ours = origin(&app);
    let cookie = cookie(&app).await;
    let headers = [PROTOCOL, ("cookie", cookie.as_str()), ("origin", ours.as_str())];
    let mut socket = Socket::upgrade(&app, &headers).await.unwrap();
    assert_serves(&mut socket).await;
    app.clock.advance(Duration::from_hours(1));
    super::feed::change(&app, 1).await;
    let last = socket.receive().await;
    assert!(last.is_close(), "{last:?}");
}
