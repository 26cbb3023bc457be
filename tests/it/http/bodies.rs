//! What is read of bodies, of whom, and how much of them is held at a time.

use std::time::Duration;

use entity::kind::Scope;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::support::{PASSWORD, Server, send, sign_in};
use crate::support::until;

const TYPENAME: &str = r#"{"query":"{__typename}"}"#;
const MIB: usize = 1024 * 1024;
/// Nobody waits longer for an answer. Shorter than a body may take: what is answered by then was not waited for.
const SOON: Duration = Duration::from_secs(8);

fn padded(bytes: usize) -> String {
    format!("{TYPENAME}{}", " ".repeat(bytes - TYPENAME.len()))
}

/// The head of a POST.
fn head(headers: &str) -> String {
    format!("POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{headers}\r\n\r\n")
}

async fn connect(server: &Server, sent: &[u8]) -> TcpStream {
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    socket.write_all(sent).await.unwrap();
    socket
}

/// An answer's head.
async fn answered(socket: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let reading = async {
        while !head.ends_with(b"\r\n\r\n") {
            head.push(socket.read_u8().await.unwrap());
        }
    };
    timeout(SOON, reading).await.expect("nothing was answered");
    String::from_utf8(head).unwrap().to_ascii_lowercase()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_at_the_limit_and_one_byte_more() {
    let server = Server::start().await;
    let token = server.admin_token().await;
    let status = async |bytes: usize, token: Option<&str>| {
        let request = server.post_text(&padded(bytes));
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        send(request).await.status.as_u16()
    };
    assert_eq!(status(MIB, Some(&token)).await, 200);
    assert_eq!(status(MIB + 1, Some(&token)).await, 413);
    assert_eq!(status(16 * 1024, None).await, 200);
    assert_eq!(status(16 * 1024 + 1, None).await, 413);
    // A browser signs in with what is left of a session that has ended.
    let request = server.post(&sign_in("admin@example.com", PASSWORD));
    let ended = format!("tributary_session={}", "0".repeat(64));
    let request = request.header("cookie", ended).header("sec-fetch-site", "same-origin");
    assert_eq!(send(request).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_token_is_told_before_the_body_comes() {
    let server = Server::start().await;
    let user = server.user("a@example.com", Scope::Read).await;
    let expires_at = server.app.clock.now_ms() + 1;
    let expired = server.token(&user, Scope::Read, Some(expires_at)).await;
    server.app.clock.advance(Duration::from_millis(1));
    for bad in ["Bearer x", &format!("Bearer {expired}"), "Basic eDp4"] {
        let headers = format!("authorization: {bad}\r\ncontent-length: 1000000");
        let mut socket = connect(&server, head(&headers).as_bytes()).await;
        let head = answered(&mut socket).await;
        assert!(
            head.starts_with("http/1.1 401") && head.contains("connection: close"),
            "{bad}: {head}"
        );
    }
    // Nobody is cut off who sends the body all the same.
    let whole = server.post_text(&padded(MIB)).bearer_auth(&expired);
    assert_eq!(send(whole).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_goes_on_after_a_body_that_was_not_read() {
    let server = Server::start().await;
    let token = server.admin_token().await;
    let refused = head("authorization: Bearer x\r\ntransfer-encoding: chunked");
    let mut socket = connect(&server, format!("{refused}5\r\n{{\"a\":\r\n0\r\n\r\n").as_bytes()).await;
    assert!(answered(&mut socket).await.starts_with("http/1.1 401"));
    let mut body = vec![0; 1024];
    assert!(socket.read(&mut body).await.unwrap() > 0);
    let good = head(&format!(
        "authorization: Bearer {token}\r\ncontent-length: {}",
        TYPENAME.len()
    ));
    socket.write_all(format!("{good}{TYPENAME}").as_bytes()).await.unwrap();
    assert!(answered(&mut socket).await.starts_with("http/1.1 200"));
}

/// Opens connections one by one, each with a body of which so many bytes come and no more. Gives those that are still waited for.
async fn hold(server: &Server, credentials: &str, bodies: usize, bytes: usize, announced: usize) -> Vec<TcpStream> {
    let start = head(&format!("{credentials}content-length: {announced}"));
    let begun = format!("{start}{}", " ".repeat(bytes));
    let mut sockets = Vec::new();
    for _ in 0..bodies {
        sockets.push(connect(server, begun.as_bytes()).await);
    }
    let looks = sockets.into_iter().map(|socket| async move {
        // What is refused is refused as soon as it has come.
        let refused = timeout(Duration::from_secs(3), socket.readable()).await.is_ok();
        (refused, socket)
    });
    let mut held = Vec::new();
    for (refused, mut socket) in futures_util::future::join_all(looks).await {
        if refused {
            let told = answered(&mut socket).await;
            assert!(
                told.starts_with("http/1.1 503") && told.contains("retry-after: 1\r\n"),
                "{told}"
            );
        } else {
            held.push(socket);
        }
    }
    held
}

async fn is_taken(server: &Server, token: Option<&str>, bytes: usize) -> bool {
    let request = server.post_text(&padded(bytes));
    let request = match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    };
    let answer = send(request).await;
    if answer.status != 200 {
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (503, "OVERLOADED"));
    }
    answer.status == 200
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_never_end_are_held_up_to_a_bound_and_given_back() {
    let server = Server::start().await;
    let token = server.admin_token().await;
    let credentials = format!("authorization: Bearer {token}\r\n");
    let held = hold(&server, &credentials, 250, 100_000, 1_000_000).await;
    let most = 16 * MIB / 100_000;
    assert!(
        (most - 3..=most).contains(&held.len()),
        "{} bodies were held",
        held.len()
    );
    assert!(!is_taken(&server, Some(&token), MIB).await);
    // Strangers have their own.
    assert!(is_taken(&server, None, 16 * 1024).await);
    drop(held);
    until("all is given back", async || {
        is_taken(&server, Some(&token), MIB).await.then_some(())
    })
    .await;
    let again = hold(&server, &credentials, most - 3, 100_000, 1_000_000).await;
    assert_eq!(again.len(), most - 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_hold_little() {
    let server = Server::start().await;
    let token = server.admin_token().await;
    let held = hold(&server, "", 320, 16_000, 16_384).await;
    let most = 4 * MIB / 16_000;
    assert!(
        (most - 3..=most).contains(&held.len()),
        "{} bodies were held",
        held.len()
    );
    assert!(!is_taken(&server, None, 16_384).await);
    assert!(is_taken(&server, Some(&token), MIB).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_only_announced_takes_no_room() {
    let server = Server::start().await;
    let token = server.admin_token().await;
    let credentials = format!("authorization: Bearer {token}\r\n");
    let held = hold(&server, &credentials, 100, 0, MIB).await;
    assert_eq!(held.len(), 100);
    assert!(is_taken(&server, Some(&token), MIB).await);
    let waiting = server
        .post(&json!({ "query": "{ viewer { scope } }" }))
        .bearer_auth(&token);
    assert_eq!(send(waiting).await.status, 200);
}
