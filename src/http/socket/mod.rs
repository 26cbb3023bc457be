//! Subscriptions, over a WebSocket that speaks `graphql-transport-ws`: our own from the upgrade to the executor, because the stock
//! integration answers mistakes otherwise than the protocol says, and waits for ever for what never comes.
//!
//! - [`message`] and [`close`] are what is said.
//! - [`connection`] is the state machine of one socket, [`operation`] one subscription of it.
//! - [`outbox`] writes, and notices who does not read.
//! - [`gate`] and [`limits`] say how much there may be.

use std::sync::Arc;

use actix_web::http::header::{HeaderMap, SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};

mod close;
mod connection;
mod gate;
mod limits;
mod message;
mod operation;
mod outbox;

use super::answer::Refusal;
use super::negotiate::{Media, Outcome};
use super::{Shared, credentials, headers, origin};
use connection::{Connection, Opened};

pub(super) use gate::Gate;
pub use limits::Limits;

const PROTOCOL: &str = "graphql-transport-ws";

/// Whether a request asks for a WebSocket.
pub(super) fn is_wanted(headers: &HeaderMap) -> bool {
    let upgrades = headers.get_all(UPGRADE).filter_map(|value| value.to_str().ok());
    upgrades
        .flat_map(|value| value.split(','))
        .any(|protocol| protocol.trim().eq_ignore_ascii_case("websocket"))
}

/// Opens one, unless the request speaks another protocol or comes from another site with our cookie.
pub(super) fn open(http: &HttpRequest, payload: Payload, shared: Arc<Shared>) -> HttpResponse {
    let id = headers::id_of(http);
    upgrade(http, payload, shared, &id).unwrap_or_else(|refusal| refusal.into_http(Media::GraphqlResponse, &id))
}

fn upgrade(http: &HttpRequest, payload: Payload, shared: Arc<Shared>, id: &str) -> Result<HttpResponse, Refusal> {
    let shown = credentials::read_upgrade(http, &shared.app, &shared.origin)?;
    if !speaks_ours(http.headers()) {
        let message = format!("The sub-protocol has to be {PROTOCOL}.");
        return Err(Refusal::new(Outcome::Malformed, message));
    }
    let (answer, session, messages) = actix_ws::handle_with_protocols(http, payload, &[PROTOCOL])
        .map_err(|_handshake| Refusal::new(Outcome::Malformed, "This is not the handshake of a WebSocket."))?;
    let bytes = shared.socket_limits.message_bytes;
    let opened = Opened {
        peer: origin::peer(http, &shared.app.config.trusted_proxies),
        shared,
        shown,
        request_id: id.into(),
    };
    let messages = messages
        .max_frame_size(bytes)
        .aggregate_continuations()
        .max_continuation_size(bytes);
    // The worker's own runtime: a socket lives where it was accepted.
    actix_web::rt::spawn(Connection::see_through(opened, session, messages));
    Ok(answer)
}

fn speaks_ours(headers: &HeaderMap) -> bool {
    let offered = headers
        .get_all(SEC_WEBSOCKET_PROTOCOL)
        .filter_map(|value| value.to_str().ok());
    offered
        .flat_map(|value| value.split(','))
        .any(|protocol| protocol.trim() == PROTOCOL)
}
