//! The messages of `graphql-transport-ws`.

use async_graphql::{Request, ServerError};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::super::answer::Body;
use super::super::body;
use super::close::Close;

/// What a client says.
#[derive(Debug)]
pub(super) enum Incoming {
    /// Begins, perhaps with the value of an `Authorization` header.
    Init {
        authorization: Option<String>,
    },
    Ping,
    Pong,
    Subscribe {
        id: String,
        request: Box<Request>,
    },
    /// Wants nothing more of a subscription.
    Complete {
        id: String,
    },
}

/// The parts of a message, what they mean not yet looked into. A part that is given twice is refused; others are ignored.
#[derive(Deserialize)]
struct Parts<'a> {
    #[serde(rename = "type")]
    kind: String,
    id: Option<String>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct InitPayload {
    authorization: Option<String>,
}

impl Incoming {
    /// Reads a message; whatever is not exactly one closes the socket.
    pub(super) fn parse(text: &str, id_bytes: usize) -> Result<Self, Close> {
        let parts: Parts<'_> = serde_json::from_str(text).map_err(|_json| Close::BadMessage)?;
        let id = parts.id.filter(|id| (1..=id_bytes).contains(&id.len()));
        let object = parts
            .payload
            .map(RawValue::get)
            .filter(|payload| payload.starts_with('{'));
        let is_absent_or_object = object.is_some() || parts.payload.is_none_or(|payload| payload.get() == "null");
        match parts.kind.as_str() {
            "subscribe" => Ok(Self::Subscribe {
                id: id.ok_or(Close::BadMessage)?,
                request: Box::new(read_request(object.ok_or(Close::BadMessage)?)?),
            }),
            "complete" => Ok(Self::Complete {
                id: id.ok_or(Close::BadMessage)?,
            }),
            "connection_init" if is_absent_or_object => Ok(Self::Init {
                authorization: object.map(read_init).transpose()?.flatten(),
            }),
            "ping" if is_absent_or_object => Ok(Self::Ping),
            "pong" if is_absent_or_object => Ok(Self::Pong),
            _ => Err(Close::BadMessage),
        }
    }
}

fn read_request(payload: &str) -> Result<Request, Close> {
    body::parse(payload.as_bytes()).map_err(|_refusal| Close::BadMessage)
}

fn read_init(payload: &str) -> Result<Option<String>, Close> {
    let payload: InitPayload = serde_json::from_str(payload).map_err(|_json| Close::BadMessage)?;
    Ok(payload.authorization)
}

/// What the server says.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Outgoing<'a> {
    ConnectionAck,
    Pong,
    Next { id: &'a str, payload: &'a Body<'a> },
    Error { id: &'a str, payload: &'a [ServerError] },
    Complete { id: &'a str },
}

impl Outgoing<'_> {
    /// As text.
    pub(super) fn write(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Incoming, Close> {
        Incoming::parse(text, 8)
    }

    #[test]
    fn each_message_is_understood() {
        for good in [
            r#"{"type":"ping"}"#,
            r#"{"type":"pong","payload":{"a":1}}"#,
            r#"{"type":"ping","payload":null,"other":[1]}"#,
            r#"{"type":"complete","id":"12345678"}"#,
            r#"{"type":"connection_init"}"#,
            r#" {"id":"1", "payload": {"query":"subscription { a }","variables":null}, "type":"subscribe"} "#,
        ] {
            assert!(parse(good).is_ok(), "{good}");
        }
        let init = parse(r#"{"type":"connection_init","payload":{"authorization":"Bearer x","other":1}}"#);
        assert!(matches!(init, Ok(Incoming::Init { authorization: Some(text) }) if text == "Bearer x"));
    }

    #[test]
    fn whatever_else_is_refused() {
        for bad in [
            "",
            "x",
            "[]",
            r#""ping""#,
            "{}",
            r#"{"type":"start"}"#,
            r#"{"type":"next","id":"1","payload":{}}"#,
            r#"{"type":1}"#,
            r#"{"type":"ping","payload":"x"}"#,
            r#"{"type":"ping","type":"ping"}"#,
            r#"{"type":"complete"}"#,
            r#"{"type":"complete","id":""}"#,
            r#"{"type":"complete","id":1}"#,
            r#"{"type":"complete","id":"123456789"}"#,
            r#"{"type":"subscribe","payload":{"query":"{a}"}}"#,
            r#"{"type":"subscribe","id":"1"}"#,
            r#"{"type":"subscribe","id":"1","payload":"{a}"}"#,
            r#"{"type":"subscribe","id":"1","payload":[{"query":"{a}"}]}"#,
            r#"{"type":"subscribe","id":"1","payload":{"query":1}}"#,
            r#"{"type":"subscribe","id":"1","payload":{"query":"{a}","variables":[]}}"#,
            r#"{"type":"connection_init","payload":"Bearer x"}"#,
            r#"{"type":"connection_init","payload":{"authorization":1}}"#,
        ] {
            assert_eq!(parse(bad).err(), Some(Close::BadMessage), "{bad}");
        }
    }
}
