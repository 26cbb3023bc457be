//! Why a socket is closed. The reasons repeat nothing of what the client has sent.

use actix_ws::{CloseCode, CloseReason};

/// Why a socket is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Close {
    /// The client asks for it.
    Asked,
    /// The server stops.
    ServerStops,
    /// It does not speak WebSocket.
    ProtocolError,
    /// A message is too long.
    TooLong,
    /// Something broke on our side.
    Broken,
    /// The client takes nothing.
    TooSlow,
    /// The user has too many sockets.
    TooManySockets,
    /// The client has left, or answers no ping.
    Gone,
    /// No message of the sub-protocol.
    BadMessage,
    /// Subscribing before the acknowledgement.
    Unauthorized,
    /// The credentials are none, bad, or no longer good.
    Forbidden,
    /// It was not initialised in time.
    InitTimeout,
    /// A subscription with this id is open.
    DuplicateId,
    /// It was initialised twice.
    SecondInit,
}

impl Close {
    /// Code and reason, as they are sent.
    pub(super) fn reason(self) -> CloseReason {
        let (code, text) = match self {
            Self::Asked => (1000, ""),
            Self::ServerStops => (1001, "The server stops"),
            Self::Gone => (1001, "No answer to pings"),
            Self::ProtocolError => (1002, ""),
            Self::TooLong => (1009, "Message too long"),
            Self::Broken => (1011, "Something went wrong on our side"),
            Self::TooSlow => (1013, "The client reads too slowly"),
            Self::TooManySockets => (1013, "Too many sockets of this user"),
            Self::BadMessage => (4400, "Invalid message"),
            Self::Unauthorized => (4401, "Unauthorized"),
            Self::Forbidden => (4403, "Forbidden"),
            Self::InitTimeout => (4408, "Connection initialisation timeout"),
            Self::DuplicateId => (4409, "Subscriber for this id already exists"),
            Self::SecondInit => (4429, "Too many initialisation requests"),
        };
        CloseReason {
            code: CloseCode::from(code),
            description: Some(text.to_owned()).filter(|text| !text.is_empty()),
        }
    }
}
