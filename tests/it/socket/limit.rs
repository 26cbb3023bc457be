//! How much a socket may take, and for how long it waits.

use std::time::Duration;

use entity::kind::{Scope, SyncObject};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tributary::http::SocketLimits;

use super::feed::change_often_elsewhere;
use super::support::Socket;
use crate::support::{TestApp, until};

const WATCH: &str = "subscription($after: String) { recordsChanged(after: $after) { cursor created updated } }";
/// Of 250 records each.
const CHANGES: usize = 1_500;
const MOST_BYTES: usize = 64 * 1024;

async fn started(limits: SocketLimits) -> (TestApp, String) {
    let app = TestApp::builder().sockets(limits).start().await;
    let token = app.sign_in_token(Scope::Read).await;
    (app, token)
}

/// A ping of so many bytes.
fn padded(bytes: usize) -> String {
    let bare = json!({ "type": "ping", "payload": { "a": "" } }).to_string();
    let padding = "x".repeat(bytes - bare.len());
    json!({ "type": "ping", "payload": { "a": padding } }).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_that_says_nothing_is_closed_with_4408() {
    let limits = SocketLimits {
        init: Duration::from_millis(50),
        ..SocketLimits::default()
    };
    let (app, _) = started(limits).await;
    let mut socket = Socket::open(&app).await;
    assert_eq!(socket.close_code().await, 4408);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_answers_no_ping_is_left() {
    let limits = SocketLimits {
        ping: Duration::from_millis(300),
        ..SocketLimits::default()
    };
    let (app, token) = started(limits).await;
    let mut answers = Socket::with_token(&app, &token).await;
    let mut silent = Socket::with_token(&app, &token).await.into_raw();
    // The client that reads answers by itself.
    for _ in 0..5 {
        assert!(answers.receive().await.is_ping());
    }
    answers.assert_quiet().await;
    let said = silent.read_to_end().await;
    // Two pings, and the last word.
    assert_eq!(said, b"\x89\x00\x89\x00\x88\x14\x03\xe9No answer to pings");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_at_the_limit_and_one_byte_more() {
    let (app, token) = started(SocketLimits::default()).await;
    let mut socket = Socket::with_token(&app, &token).await;
    socket.send(Message::text(padded(MOST_BYTES))).await;
    assert_eq!(socket.hear().await["type"], "pong");
    socket.send_in_pieces(&padded(MOST_BYTES)).await;
    assert_eq!(socket.hear().await["type"], "pong");
    socket.send(Message::text(padded(MOST_BYTES + 1))).await;
    assert_eq!(socket.close_code().await, 1009);
    let mut socket = Socket::with_token(&app, &token).await;
    socket.send_in_pieces(&padded(MOST_BYTES + 1)).await;
    assert_eq!(socket.close_code().await, 1009);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_twenty_first_subscription_is_refused() {
    let (app, token) = started(SocketLimits::default()).await;
    let mut socket = Socket::with_token(&app, &token).await;
    for id in 0..20 {
        let id = id.to_string();
        socket.subscribe(&id, WATCH, json!({})).await;
        socket.event(&id).await;
    }
    socket.subscribe("20", WATCH, json!({})).await;
    assert_eq!(socket.error_code("20").await, "LIMIT_EXCEEDED");
    socket.complete("7").await;
    socket.subscribe("20", WATCH, json!({})).await;
    socket.event("20").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_eleventh_socket_of_a_user_is_closed() {
    let (app, token) = started(SocketLimits::default()).await;
    let mut open = Vec::new();
    for _ in 0..10 {
        open.push(Socket::with_token(&app, &token).await);
    }
    let mut eleventh = Socket::open(&app).await;
    eleventh.init(&token).await;
    assert_eq!(eleventh.close_code().await, 1013);
    let other = app.sign_in_token(Scope::Read).await;
    Socket::with_token(&app, &other).await;
    drop(open.pop());
    until("a place is free", async || is_let_in(&app, &token).await).await;
}

/// Whether one more socket of this user is acknowledged.
async fn is_let_in(app: &TestApp, token: &str) -> Option<()> {
    let mut socket = Socket::open(app).await;
    socket.init(token).await;
    socket.receive().await.is_text().then_some(())
}

/// A socket that has more to read than the operating system keeps for a connection.
async fn flooded(app: &TestApp, token: &str) -> Socket {
    let mut slow = Socket::with_token(app, token).await;
    slow.subscribe("1", WATCH, json!({})).await;
    let begin = slow.event("1").await["recordsChanged"]["cursor"].take();
    slow.complete("1").await;
    slow.assert_quiet().await;
    change_often_elsewhere(app, SyncObject::Customer, CHANGES, 250).await;
    slow.subscribe("2", WATCH, json!({ "after": begin })).await;
    slow
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_is_closed_with_1013() {
    let limits = SocketLimits {
        stall: Duration::from_millis(300),
        farewell: Duration::from_mins(1),
        sockets: 1,
        ..SocketLimits::default()
    };
    let (app, token) = started(limits).await;
    let mut slow = flooded(&app, &token).await;
    until("the server has given up", async || is_let_in(&app, &token).await).await;
    let mut told = 0;
    let code = loop {
        match slow.receive().await {
            Message::Text(_) => told += 1,
            Message::Close(frame) => break u16::from(frame.unwrap().code),
            _ => {}
        }
    };
    assert_eq!(code, 1013);
    assert!(told < CHANGES, "{told}");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_never_reads_again_is_not_kept() {
    let limits = SocketLimits {
        stall: Duration::from_millis(100),
        farewell: Duration::from_millis(100),
        unread: Duration::from_millis(500),
        sockets: 1,
        ..SocketLimits::default()
    };
    let (app, token) = started(limits).await;
    let slow = flooded(&app, &token).await.into_raw();
    until("the server has given up", async || is_let_in(&app, &token).await).await;
    until("the connection has ended", async || slow.is_refused().then_some(())).await;
}

impl Socket {
    /// Sends a text in frames of ten thousand bytes.
    async fn send_in_pieces(&mut self, text: &str) {
        let pieces: Vec<_> = text.as_bytes().chunks(10_000).collect();
        for (at, piece) in pieces.iter().enumerate() {
            let kind = if at == 0 { Data::Text } else { Data::Continue };
            let frame = Frame::message(piece.to_vec(), OpCode::Data(kind), at + 1 == pieces.len());
            self.send(Message::Frame(frame)).await;
        }
    }
}
