//! Speaks to a server over a WebSocket, as a script or a browser does.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue, Response};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::support::TestApp;

/// The sub-protocol, as a header.
pub(super) const PROTOCOL: (&str, &str) = ("sec-websocket-protocol", "graphql-transport-ws");

const DEADLINE: Duration = Duration::from_mins(1);

/// An open socket.
pub(super) struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    /// Opens one with these headers; gives the server's answer when it refuses.
    pub(super) async fn upgrade(app: &TestApp, headers: &[(&str, &str)]) -> Result<Self, Response<Option<Vec<u8>>>> {
        let socket = TcpSocket::new_v4().unwrap();
        // Small, so that a client that does not read is noticed soon.
        socket.set_recv_buffer_size(16 * 1024).unwrap();
        let stream = socket.connect(app.address()).await.unwrap();
        let mut request = format!("ws://{}/graphql", app.address()).into_client_request().unwrap();
        for (name, value) in headers {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            request
                .headers_mut()
                .append(name, HeaderValue::from_str(value).unwrap());
        }
        match timeout(DEADLINE, client_async(request, stream)).await.unwrap() {
            Ok((socket, _response)) => Ok(Self(socket)),
            Err(Error::Http(response)) => Err(response),
            Err(error) => panic!("{error}"),
        }
    }

    /// Opens one that has not said anything yet.
    pub(super) async fn open(app: &TestApp) -> Self {
        Self::upgrade(app, &[PROTOCOL]).await.unwrap()
    }

    /// Opens one and signs in with a token.
    pub(super) async fn with_token(app: &TestApp, token: &str) -> Self {
        let mut socket = Self::open(app).await;
        socket.init(token).await;
        assert_eq!(socket.hear().await, json!({ "type": "connection_ack" }));
        socket
    }

    /// Sends the credentials.
    pub(super) async fn init(&mut self, token: &str) {
        let payload = json!({ "authorization": format!("Bearer {token}") });
        self.say(json!({ "type": "connection_init", "payload": payload })).await;
    }

    pub(super) async fn say(&mut self, message: Value) {
        self.send(Message::text(message.to_string())).await;
    }

    pub(super) async fn send(&mut self, message: Message) {
        self.0.send(message).await.unwrap();
    }

    pub(super) async fn subscribe(&mut self, id: &str, query: &str, variables: Value) {
        let payload = json!({ "query": query, "variables": variables });
        self.say(json!({ "type": "subscribe", "id": id, "payload": payload }))
            .await;
    }

    pub(super) async fn complete(&mut self, id: &str) {
        self.say(json!({ "type": "complete", "id": id })).await;
    }

    /// Whatever comes next, pings of the server included; answers those.
    pub(super) async fn receive(&mut self) -> Message {
        let message = timeout(DEADLINE, self.0.next()).await.expect("nothing came");
        message.expect("the connection ended without a last word").unwrap()
    }

    /// The next message of the protocol.
    pub(super) async fn hear(&mut self) -> Value {
        loop {
            match self.receive().await {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The data of the next event of the subscription `id`.
    pub(super) async fn event(&mut self, id: &str) -> Value {
        let mut message = self.hear().await;
        assert_eq!(
            (&message["type"], &message["id"]),
            (&json!("next"), &json!(id)),
            "{message}"
        );
        assert_eq!(message["payload"].get("errors"), None, "{message}");
        message["payload"]["data"].take()
    }

    /// The code of the error by which the subscription `id` ends.
    pub(super) async fn error_code(&mut self, id: &str) -> String {
        let message = self.hear().await;
        assert_eq!(
            (&message["type"], &message["id"]),
            (&json!("error"), &json!(id)),
            "{message}"
        );
        let first = &message["payload"][0];
        assert!(first["message"].is_string(), "{message}");
        first["extensions"]["code"].as_str().unwrap().to_owned()
    }

    /// Reads to the server's last word; gives its code and reason.
    pub(super) async fn closed(&mut self) -> (u16, String) {
        loop {
            if let Message::Close(frame) = self.receive().await {
                let frame = frame.unwrap();
                return (frame.code.into(), frame.reason.to_string());
            }
        }
    }

    pub(super) async fn close_code(&mut self) -> u16 {
        self.closed().await.0
    }

    /// Answers a ping, and nothing else comes before.
    pub(super) async fn assert_quiet(&mut self) {
        self.say(json!({ "type": "ping" })).await;
        assert_eq!(self.hear().await, json!({ "type": "pong" }));
    }
}

/// A connection of which nobody answers what it says.
pub(super) struct Raw(WebSocketStream<TcpStream>);

impl Socket {
    /// Stops speaking the protocol.
    pub(super) fn into_raw(self) -> Raw {
        Raw(self.0)
    }
}

impl Raw {
    /// Whether nobody is there any more who would take a byte. Reads nothing.
    pub(super) fn is_refused(&self) -> bool {
        match self.0.get_ref().try_write(b"?") {
            Ok(_) => false,
            Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
        }
    }

    /// All that the server still says.
    pub(super) async fn read_to_end(&mut self) -> Vec<u8> {
        let stream = self.0.get_mut();
        let mut said = Vec::new();
        let mut buffer = [0; 1024];
        loop {
            let read = timeout(DEADLINE, stream.readable()).await;
            read.expect("nothing came").unwrap();
            match stream.try_read(&mut buffer) {
                Ok(0) => return said,
                Ok(count) => said.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
}
