//! One subscription: from the executor's events to messages.

use std::sync::Arc;

use async_graphql::{Request, Response, ServerError};
use futures_util::StreamExt;
use tokio::sync::Semaphore;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use super::super::Shared;
use super::super::answer::{BROKEN, Body, MAX_BYTES};
use super::super::credentials::{self, Shown};
use super::close::Close;
use super::message::Outgoing;
use super::outbox::{Frame, Life, Outbox};
use crate::account::{Caller, Peer};
use crate::graphql::{EachEvent, Executed, guard, too_large};
use crate::store::db::api_request;

/// A subscription that is open, or was; its work ends when this is dropped.
pub(super) struct Operation {
    pub(super) life: Life,
    _work: AbortOnDropHandle<()>,
}

/// What a subscription works with.
pub(super) struct Subscriber {
    pub(super) shared: Arc<Shared>,
    pub(super) shown: Shown,
    pub(super) caller: Caller,
    pub(super) peer: Peer,
    pub(super) request_id: Arc<str>,
    pub(super) outbox: Outbox,
}

/// Why a subscription ends without a last event.
enum Stop {
    /// With errors, and nothing else.
    Errors(String),
    /// With the whole socket: its caller is nobody any more.
    Forbidden,
}

impl Subscriber {
    /// Begins; `request` has passed the guard.
    pub(super) fn start(self, id: String, request: Request) -> Operation {
        let life = Life::default();
        let runtime = self.shared.runtime.clone();
        let span = tracing::info_span!("subscription", request = %self.request_id);
        let work = {
            let life = life.clone();
            async move { self.see_through(id, life, request).await }
        };
        Operation {
            life,
            _work: AbortOnDropHandle::new(runtime.spawn(work.instrument(span))),
        }
    }

    /// A panic is told as what it is: a failure of ours.
    async fn see_through(self, id: String, life: Life, request: Request) {
        let (outbox, request_id) = (self.outbox.clone(), Arc::clone(&self.request_id));
        let delivery = {
            let (id, life) = (id.clone(), life.clone());
            let turns = self.shared.turns.of(self.caller.user.id);
            let deliver = async move { self.deliver(&id, &life, request).await };
            AbortOnDropHandle::new(tokio::spawn(api_request::scope(turns, deliver)))
        };
        let last = match delivery.await {
            Ok(Ok(())) => Outgoing::Complete { id: &id }.write().ok(),
            Ok(Err(Stop::Errors(text))) => Some(text),
            Ok(Err(Stop::Forbidden)) => {
                // Where nobody takes it, the socket is closed already.
                let _sent = outbox.send(Frame::Close(Close::Forbidden)).await;
                return;
            }
            Err(panic) => {
                tracing::error!(error = %panic, "a subscription panicked");
                None
            }
        };
        let text = last.unwrap_or_else(|| broken(&id, &request_id));
        // Where the socket is gone, nobody waits for it.
        let _sent = outbox.send(Frame::Last { text, of: life }).await;
    }

    async fn deliver(&self, id: &str, life: &Life, mut request: Request) -> Result<(), Stop> {
        let executed = Executed::default();
        crate::graphql::request_data(&self.shared.app, &mut request.data);
        let request = request
            .data(EachEvent)
            .data(executed.clone())
            .data(self.peer.clone())
            .data(self.caller.clone());
        let mut events = self.shared.schema.execute_stream(request);
        let turns = Arc::new(Semaphore::new(1));
        loop {
            // Only what a slow client has room for is made: it gets the newest state, not every one.
            let Ok(turn) = Arc::clone(&turns).acquire_owned().await else {
                return Ok(());
            };
            let Some(response) = events.next().await else {
                return Ok(());
            };
            let text = self.text_of(id, response, executed.get())?;
            self.check_caller(id).await?;
            let frame = Frame::Event {
                text,
                of: life.clone(),
                turn,
            };
            if self.outbox.send(frame).await.is_err() {
                return Ok(());
            }
        }
    }

    /// An event; what was never executed is an error that ends the subscription.
    fn text_of(&self, id: &str, mut response: Response, executed: bool) -> Result<String, Stop> {
        let payload = Body::of(&mut response, executed, &self.request_id);
        let text = if executed {
            Outgoing::Next { id, payload: &payload }.write()
        } else {
            let payload = payload.errors();
            Outgoing::Error { id, payload }.write()
        };
        match text {
            Ok(text) if !executed => Err(Stop::Errors(text)),
            Ok(text) if text.len() <= MAX_BYTES => Ok(text),
            Ok(_) => Err(Stop::Errors(refusal(id, too_large(), &self.request_id))),
            Err(error) => {
                tracing::error!(%error, "an event cannot be written");
                Err(Stop::Errors(broken(id, &self.request_id)))
            }
        }
    }

    /// Nobody is told anything once the session has ended.
    async fn check_caller(&self, id: &str) -> Result<(), Stop> {
        match credentials::identify_again(&self.shared.app, &self.shown).await {
            Ok(Some(_caller)) => Ok(()),
            Ok(None) => Err(Stop::Forbidden),
            Err(error) => {
                let cause: &dyn std::error::Error = &error;
                tracing::error!(error = cause, "a subscriber could not be identified");
                Err(Stop::Errors(broken(id, &self.request_id)))
            }
        }
    }
}

/// The message by which a subscription is refused.
pub(super) fn refusal(id: &str, error: ServerError, request_id: &str) -> String {
    let mut response = Response::from_errors(vec![error]);
    let payload = Body::of(&mut response, false, request_id).errors();
    Outgoing::Error { id, payload }.write().unwrap_or_default()
}

/// Something went wrong on our side.
fn broken(id: &str, request_id: &str) -> String {
    refusal(id, guard::refuse("INTERNAL", BROKEN, None), request_id)
}
