//! The state machine of one socket.

use std::collections::HashMap;
use std::sync::Arc;

use actix_ws::{AggregatedMessage, AggregatedMessageStream, ProtocolError, Session};
use async_graphql::Request;
use async_graphql::parser::types::OperationType;
use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio::task::JoinError;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until, timeout};
use tokio_util::task::AbortOnDropHandle;

use super::super::Shared;
use super::super::credentials::{self, Shown};
use super::close::Close;
use super::gate::Ticket;
use super::limits::Limits;
use super::message::{Incoming, Outgoing};
use super::operation::{Operation, Subscriber, refusal};
use super::outbox::{Frame, Outbox, write_all};
use crate::account::{Caller, Peer};
use crate::graphql::guard;
use crate::store::db::api_request;

/// What is known when a socket is opened.
pub(super) struct Opened {
    pub(super) shared: Arc<Shared>,
    pub(super) shown: Shown,
    pub(super) peer: Peer,
    pub(super) request_id: Arc<str>,
}

/// One socket.
pub(super) struct Connection {
    opened: Opened,
    limits: Limits,
    outbox: Outbox,
    /// Who it is, once it is acknowledged.
    signed_in: Option<(Caller, Ticket)>,
    operations: HashMap<String, Operation>,
    unanswered_pings: u32,
}

type Message = Option<Result<AggregatedMessage, ProtocolError>>;

impl Connection {
    /// From the upgrade to the last word.
    pub(super) async fn see_through(opened: Opened, session: Session, mut messages: AggregatedMessageStream) {
        let limits = opened.shared.socket_limits;
        let (outbox, queue) = mpsc::channel(limits.queue);
        let writing = actix_web::rt::spawn(write_all(session.clone(), queue, limits.stall));
        let connection = Self {
            opened,
            limits,
            outbox,
            signed_in: None,
            operations: HashMap::new(),
            unanswered_pings: 0,
        };
        let why = connection.serve(&mut messages, AbortOnDropHandle::new(writing)).await;
        part(session, messages, why, &limits).await;
    }

    /// Serves until there is a reason to close. All subscriptions end with it.
    async fn serve(mut self, messages: &mut AggregatedMessageStream, mut writing: AbortOnDropHandle<Close>) -> Close {
        let init_by = Instant::now() + self.limits.init;
        let (mut ping, mut recheck) = (every(self.limits.ping), every(self.limits.recheck));
        let stopping = self.opened.shared.stopping.clone();
        loop {
            let step = tokio::select! {
                () = stopping.cancelled() => Err(Close::ServerStops),
                why = &mut writing => return why.unwrap_or(Close::Broken),
                () = sleep_until(init_by), if self.signed_in.is_none() => Err(Close::InitTimeout),
                _ = ping.tick() => self.ping().await,
                _ = recheck.tick() => self.recheck().await,
                message = messages.next() => self.take(message).await,
            };
            match step {
                Ok(()) => {}
                // The writer knows better why nothing can be written.
                Err(Close::Gone) if writing.is_finished() => return writing.await.unwrap_or(Close::Broken),
                Err(why) => return why,
            }
        }
    }

    async fn send(&self, frame: Frame) -> Result<(), Close> {
        self.outbox.send(frame).await.map_err(|_unsent| Close::Gone)
    }

    async fn say(&self, message: &Outgoing<'_>) -> Result<(), Close> {
        let text = message.write().map_err(|_json| Close::Broken)?;
        self.send(Frame::Text(text)).await
    }

    async fn ping(&mut self) -> Result<(), Close> {
        if self.unanswered_pings >= self.limits.missed_pings {
            return Err(Close::Gone);
        }
        self.unanswered_pings += 1;
        self.send(Frame::Ping).await
    }

    /// A session that has ended closes its sockets, whether anything is delivered or not.
    async fn recheck(&mut self) -> Result<(), Close> {
        if self.signed_in.is_none() {
            return Ok(());
        }
        let (app, shown) = (Arc::clone(&self.opened.shared.app), self.opened.shown.clone());
        let asked = async move { credentials::identify_again(&app, &shown).await };
        match self.ask(asked).await {
            Ok(Ok(Some(_caller))) => Ok(()),
            Ok(Ok(None)) => Err(Close::Forbidden),
            Ok(Err(error)) => {
                tracing::warn!(%error, "a socket's caller could not be looked at; the next time tries again");
                Ok(())
            }
            Err(error) => {
                tracing::error!(%error, "looking at a socket's caller panicked");
                Err(Close::Broken)
            }
        }
    }

    async fn take(&mut self, message: Message) -> Result<(), Close> {
        let message = message.ok_or(Close::Gone)?.map_err(|error| fault_of(&error))?;
        self.unanswered_pings = 0;
        match message {
            AggregatedMessage::Text(text) => {
                let incoming = Incoming::parse(&text, self.limits.id_bytes)?;
                self.obey(incoming).await
            }
            AggregatedMessage::Binary(_) => Err(Close::BadMessage),
            AggregatedMessage::Ping(echo) => self.send(Frame::Pong(echo)).await,
            AggregatedMessage::Pong(_) => Ok(()),
            AggregatedMessage::Close(_) => Err(Close::Asked),
        }
    }

    async fn obey(&mut self, message: Incoming) -> Result<(), Close> {
        match message {
            Incoming::Ping => self.say(&Outgoing::Pong).await,
            Incoming::Pong => Ok(()),
            Incoming::Init { authorization } => self.init(authorization).await,
            Incoming::Subscribe { id, request } => self.subscribe(id, *request).await,
            Incoming::Complete { id } => {
                if let Some(operation) = self.operations.remove(&id) {
                    operation.life.call_off();
                }
                Ok(())
            }
        }
    }

    async fn init(&mut self, authorization: Option<String>) -> Result<(), Close> {
        if self.signed_in.is_some() {
            return Err(Close::SecondInit);
        }
        if let Some(text) = authorization {
            let token = credentials::bearer_of(&text).ok_or(Close::Forbidden)?;
            // As over HTTP: one proof, so that nobody can wonder which one counts.
            if !matches!(self.opened.shown, Shown::Nothing) {
                return Err(Close::Forbidden);
            }
            self.opened.shown = Shown::Bearer(token);
        }
        let caller = self.identify().await?;
        let ticket = self.opened.shared.sockets.enter(caller.user.id, self.limits.sockets);
        self.signed_in = Some((caller, ticket.ok_or(Close::TooManySockets)?));
        self.say(&Outgoing::ConnectionAck).await
    }

    /// Reads as a request does, for as long as the socket waits for it.
    async fn ask<T: Send + 'static>(&self, asked: impl Future<Output = T> + Send + 'static) -> Result<T, JoinError> {
        let asked = api_request::scope(api_request::alone(), asked);
        AbortOnDropHandle::new(self.opened.shared.runtime.spawn(asked)).await
    }

    /// Nobody has anything to watch: a socket is for those who are signed in.
    async fn identify(&self) -> Result<Caller, Close> {
        let (app, shown) = (Arc::clone(&self.opened.shared.app), self.opened.shown.clone());
        let asked = async move { credentials::identify(&app, shown).await };
        match self.opened.shared.runtime.spawn(asked).await {
            Ok(Ok(Some(caller))) => Ok(caller),
            Ok(Ok(None)) => Err(Close::Forbidden),
            Ok(Err(refusal)) if refusal.is_ours() => Err(Close::Broken),
            Ok(Err(_bad_token)) => Err(Close::Forbidden),
            Err(error) => {
                tracing::error!(%error, "identifying a socket's caller panicked");
                Err(Close::Broken)
            }
        }
    }

    async fn subscribe(&mut self, id: String, mut request: Request) -> Result<(), Close> {
        let Some((caller, _)) = &self.signed_in else {
            return Err(Close::Unauthorized);
        };
        self.operations.retain(|_, operation| operation.life.is_open());
        if self.operations.contains_key(&id) {
            return Err(Close::DuplicateId);
        }
        let admitted = guard::admit(&mut request, Some(caller)).and_then(|kind| self.check_kind(kind));
        if let Err(error) = admitted {
            return self
                .send(Frame::Text(refusal(&id, error, &self.opened.request_id)))
                .await;
        }
        let subscriber = Subscriber {
            shared: Arc::clone(&self.opened.shared),
            shown: self.opened.shown.clone(),
            caller: caller.clone(),
            peer: self.opened.peer.clone(),
            request_id: Arc::clone(&self.opened.request_id),
            outbox: self.outbox.clone(),
        };
        let operation = subscriber.start(id.clone(), request);
        self.operations.insert(id, operation);
        Ok(())
    }

    /// Queries and mutations have one way in, with one story against forgery. What names no operation is refused by the executor.
    fn check_kind(&self, kind: Option<OperationType>) -> Result<(), async_graphql::ServerError> {
        let most = self.limits.subscriptions;
        match kind {
            Some(OperationType::Query | OperationType::Mutation) => {
                let message = "Queries and mutations are taken by POST only.";
                Err(guard::refuse("BAD_REQUEST", message, None))
            }
            _ if self.operations.len() >= most => {
                let message = format!("A socket has at most {most} subscriptions.");
                Err(guard::refuse("LIMIT_EXCEEDED", message, None))
            }
            _ => Ok(()),
        }
    }
}

fn every(period: std::time::Duration) -> Interval {
    let mut ticks = interval_at(Instant::now() + period, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

fn fault_of(error: &ProtocolError) -> Close {
    match error {
        ProtocolError::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => Close::BadMessage,
        // The second is the library's word for pieces that are too long together. A connection that is lost comes here too, and
        // hears nothing.
        ProtocolError::Overflow | ProtocolError::Io(_) => Close::TooLong,
        _ => Close::ProtocolError,
    }
}

/// Says why, and listens until the client has heard: a connection that is dropped with unread bytes loses the last words.
async fn part(session: Session, mut messages: AggregatedMessageStream, why: Close, limits: &Limits) {
    let said = timeout(limits.farewell, session.close(Some(why.reason()))).await;
    if matches!(said, Ok(Ok(()))) {
        let listening = async { while let Some(Ok(_)) = messages.next().await {} };
        // Whoever has not answered by now is left.
        let _heard = timeout(limits.farewell, listening).await;
    }
}
