//! The sandbox's server: accepts connections, finds the answer to each request
//! and spoils it when a fault is due.

mod answer;
mod error;
mod expand;
mod fault;
mod key;
mod limit;
mod list;
mod query;
mod route;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hyper::body::Incoming;
use hyper::header::AUTHORIZATION;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::options::Options;
use crate::sandbox::{Log, Request};
use crate::world::{Kind, World};
use answer::{Answer, Broken};
use error::Refusal;
use expand::Expansion;
pub use fault::{Fault, Faults};
use key::Keys;
use limit::Limiter;
use query::Query;
use route::{Route, Target};

/// Everything that answering a request takes.
#[derive(Debug)]
pub(crate) struct Server {
    world: World,
    keys: Keys,
    faults: Faults,
    limiter: Limiter,
    log: Log,
    answered: AtomicU64,
}

impl Server {
    pub(crate) fn new(world: World, options: &Options) -> Self {
        Self {
            keys: Keys::new(options, world.account_id()),
            world,
            faults: Faults::default(),
            limiter: Limiter::new(options.rate_limits),
            log: Log::default(),
            answered: AtomicU64::new(0),
        }
    }

    pub(crate) fn key(&self) -> &str {
        self.keys.secret()
    }

    pub(crate) fn world(&self) -> &World {
        &self.world
    }

    pub(crate) fn faults(&self) -> &Faults {
        &self.faults
    }

    pub(crate) fn log(&self) -> &Log {
        &self.log
    }

    /// Serves connections, each in a task of its own, until cancelled.
    pub(crate) async fn accept(
        self: Arc<Self>,
        listener: TcpListener,
        stopping: CancellationToken,
        tasks: TaskTracker,
    ) {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    let serving = Arc::clone(&self).serve(stream);
                    tasks.spawn(stopping.clone().run_until_cancelled_owned(serving));
                }
                Err(error) => tracing::debug!(%error, "connection not accepted"),
            }
        }
    }

    async fn serve(self: Arc<Self>, stream: TcpStream) {
        let service = service_fn(move |request| {
            let server = Arc::clone(&self);
            async move { server.answer(request).await }
        });
        // The date is the world's, so hyper must not write one of its own.
        let served = http1::Builder::new()
            .auto_date_header(false)
            .serve_connection(TokioIo::new(stream), service)
            .await;
        if let Err(error) = served {
            tracing::debug!(%error, "connection ended");
        }
    }

    async fn answer(&self, request: hyper::Request<Incoming>) -> Result<hyper::Response<answer::Body>, Broken> {
        let path = request.uri().path().to_owned();
        let fault = self.faults.take(&path);
        let answer = match fault {
            Some(Fault::RateLimited) => Answer::from(Refusal::rate_limited("endpoint-rate")),
            Some(Fault::LockTimeout) => Answer::from(Refusal::lock_timeout()),
            Some(Fault::ServerError(status)) => Answer::from(Refusal::server_error(status)),
            Some(Fault::EmptyPageWithMore) => Answer::from(json!({
                "object": "list", "data": [], "has_more": true, "url": path,
            })),
            _ => self.respond(&request).map_or_else(Answer::from, Answer::from),
        };
        tokio::time::sleep(self.faults.latency()).await;
        let status = if fault == Some(Fault::Reset) { 0 } else { answer.status };
        self.log.record(Request {
            method: request.method().to_string(),
            path_and_query: request.uri().to_string(),
            status,
        });
        let number = self.answered.fetch_add(1, Ordering::Relaxed);
        answer.render(number, self.faults.date(self.world.now()), fault)
    }

    fn respond(&self, request: &hyper::Request<Incoming>) -> Result<Value, Refusal> {
        let (method, uri) = (request.method(), request.uri());
        let found = route::find(uri.path());
        let right = found.as_ref().map_or("", |route| route.right);
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
        self.keys.admit(header(AUTHORIZATION.as_str()), right)?;
        if method != hyper::Method::GET {
            return Err(Refusal::read_only(method.as_str()));
        }
        if let Some(version) = header("stripe-version").filter(|version| !is_version(version)) {
            let message = format!("Invalid Stripe API version: {version}");
            return Err(Refusal::invalid("Stripe-Version", &message));
        }
        let Some(route) = found else {
            return Err(Refusal::no_route(method.as_str(), uri.path()));
        };
        self.limiter.admit(route.template)?;
        self.read(&route, &Query::parse(uri.query().unwrap_or_default()))
    }

    fn read(&self, route: &Route, query: &Query) -> Result<Value, Refusal> {
        match &route.target {
            Target::Account => Ok(self.world.account()),
            Target::List(kind) => list::page(&self.world, *kind, query),
            Target::Object(kind, id) => self.object(*kind, id, query),
            Target::Lines(id) => {
                query.allow(&["limit", "starting_after", "ending_before", "expand["])?;
                let url = format!("/v1/invoices/{id}/lines");
                let lines = self.entries(Kind::Invoice, id, "lines")?;
                list::page_of(&self.world, lines, "line_item", &url, query)
            }
            Target::Items => {
                query.allow(&["subscription", "limit", "starting_after", "ending_before", "expand["])?;
                let id = query
                    .find("subscription")
                    .ok_or_else(|| Refusal::invalid("subscription", "Missing required param: subscription."))?;
                let items = self.entries(Kind::Subscription, id, "items")?;
                list::page_of(&self.world, items, "subscription_item", "/v1/subscription_items", query)
            }
        }
    }

    fn object(&self, kind: Kind, id: &str, query: &Query) -> Result<Value, Refusal> {
        query.allow(&["expand["])?;
        let expansion = Expansion::of_object(kind.object(), query)?;
        let missing = || Refusal::missing(404, kind.object(), "id", id);
        let index = self.world.resolve(kind, id).ok_or_else(missing)?;
        if let Some(poison) = self.world.poisoned(kind, index) {
            return Ok(poison);
        }
        let object = self.world.current(kind, index).ok_or_else(missing)?;
        Ok(expansion.apply(&self.world, object))
    }

    fn entries(&self, kind: Kind, id: &str, list: &str) -> Result<Vec<Value>, Refusal> {
        let object = self.world.get(kind, id);
        let mut object = object.ok_or_else(|| Refusal::missing(404, kind.object(), kind.object(), id))?;
        match object[list]["data"].take() {
            Value::Array(entries) => Ok(entries),
            _ => Ok(Vec::new()),
        }
    }
}

/// Whether a version looks like one: a day, and since 2024 a release's name.
fn is_version(version: &str) -> bool {
    let (day, name) = version.split_once('.').unwrap_or((version, "acacia"));
    let parts: Vec<&str> = day.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    lengths == [4, 2, 2]
        && parts.concat().bytes().all(|digit| digit.is_ascii_digit())
        && ["acacia", "basil", "clover", "dahlia", "endive", "preview"].contains(&name)
}
