//! The sandbox's server: finds the answer to each request and spoils it when a
//! fault is due.

mod act;
mod answer;
mod astray;
mod body;
mod connection;
mod error;
mod expand;
mod fault;
mod key;
mod limit;
mod list;
mod neighbour;
mod old;
mod payments;
mod query;
mod route;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hyper::Method;
use hyper::body::Incoming;
use hyper::header::AUTHORIZATION;

use crate::json::{Json, json};
use crate::log::{Log, Request};
use crate::options::Options;
use crate::world::{EVENT_LIFETIME_SECONDS, Kind, World};
pub(crate) use act::Acts;
use answer::{Answer, Heading};
use body::{Body, Broken};
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
    log: Arc<Log>,
    answered: AtomicU64,
    acts: Acts,
    neighbour: Option<Box<Self>>,
    is_neighbour: bool,
}

impl Server {
    pub(crate) fn new(world: World, options: &Options) -> Self {
        Self {
            keys: Keys::new(options, world.account_id()),
            world,
            faults: Faults::default(),
            limiter: Limiter::new(options.rate_limits),
            log: Arc::default(),
            answered: AtomicU64::new(0),
            acts: Acts::default(),
            neighbour: None,
            is_neighbour: false,
        }
    }

    /// The same, with another company beside it. What is asked of either is logged here.
    pub(crate) fn beside(self, neighbour: Option<Self>) -> Self {
        let log = Arc::clone(&self.log);
        let neighbour = neighbour.map(|neighbour| Self {
            log,
            is_neighbour: true,
            ..neighbour
        });
        Self {
            neighbour: neighbour.map(Box::new),
            ..self
        }
    }

    pub(crate) fn neighbour(&self) -> Option<&Self> {
        self.neighbour.as_deref()
    }

    pub(crate) fn key(&self) -> &str {
        self.keys.secret()
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.keys
    }

    pub(crate) fn world(&self) -> &World {
        &self.world
    }

    pub(crate) fn faults(&self) -> &Faults {
        &self.faults
    }

    pub(crate) fn acts(&self) -> &Acts {
        &self.acts
    }

    pub(crate) fn log(&self) -> &Log {
        &self.log
    }

    async fn answer(&self, mut request: hyper::Request<Incoming>) -> Result<hyper::Response<Body>, Broken> {
        let company = self.of(header(&request, AUTHORIZATION.as_str()));
        let asked = request.uri().to_string();
        *request.uri_mut() = company.at_home(request.uri());
        company.answer_own(request, asked).await
    }

    async fn answer_own(
        &self,
        request: hyper::Request<Incoming>,
        path_and_query: String,
    ) -> Result<hyper::Response<Body>, Broken> {
        let received_at = Instant::now();
        self.acts.before_request(&self.world);
        let key = header(&request, AUTHORIZATION.as_str()).and_then(key::key_of);
        let fault = self.faults.take(request.uri().path(), key.as_deref());
        let (answer, made_at) = self.make(&request, fault);
        let latency = self.faults.latency();
        // Even a sleep of no time takes until the timer's next tick.
        if latency > Duration::ZERO {
            tokio::time::sleep(latency).await;
        }
        let cut = fault == Some(Fault::Reset);
        self.log.record(Request {
            method: request.method().to_string(),
            path_and_query,
            status: if cut { 0 } else { answer.status },
            key: key::masked(header(&request, AUTHORIZATION.as_str())),
            received_at,
        });
        if let Some(Fault::Late(seconds)) = fault {
            tokio::time::sleep(Duration::from_secs(seconds.into())).await;
        }
        let heading = Heading {
            number: self.answered.fetch_add(1, Ordering::Relaxed),
            date: self.faults.date(made_at),
            version: header(&request, "stripe-version"),
        };
        let text = self.faults.rewritten(self.abroad(answer.text()));
        answer.render(text, &heading, fault)
    }

    /// The answer, and the world's time at which it was made.
    fn make(&self, request: &hyper::Request<Incoming>, fault: Option<Fault>) -> (Answer, i64) {
        let _held = self.world.hold_clock();
        let spoilt = fault.and_then(|fault| spoilt(fault, request.uri().path()));
        let answer = spoilt.unwrap_or_else(|| self.respond(request, fault));
        (answer, self.world.now())
    }

    fn read(&self, request: &hyper::Request<Incoming>, query: &Query) -> Result<Json, Refusal> {
        let (method, uri) = (request.method(), request.uri());
        let authorization = header(request, AUTHORIZATION.as_str());
        let Some(route) = route::find(uri.path()) else {
            self.keys.identify(authorization)?;
            return Err(Refusal::no_route(method.as_str(), uri.path()));
        };
        self.keys.admit(authorization, route.right)?;
        if method != Method::GET {
            return Err(Refusal::read_only(method.as_str()));
        }
        if let Some(version) = header(request, "stripe-version").filter(|version| !is_version(version)) {
            let message = format!("Invalid Stripe API version: {version}");
            return Err(Refusal::invalid("Stripe-Version", &message));
        }
        self.limiter.admit(route.template)?;
        let answer = self.find(&route, query)?;
        Ok(if query.is_old() {
            old::answer(&self.world, answer, query)
        } else {
            answer
        })
    }

    fn find(&self, route: &Route, query: &Query) -> Result<Json, Refusal> {
        match &route.target {
            Target::Account => {
                query.allow(&["expand["])?;
                Ok(self.world.account_json())
            }
            Target::List(kind) => list::page(&self.world, *kind, query),
            Target::Object(kind, id) => self.object(*kind, id, query),
            Target::Lines(id) => {
                query.allow(&list::PAGING)?;
                let url = format!("/v1/invoices/{id}/lines");
                let lines = self.entries(Kind::Invoice, id, "lines")?;
                list::page_of(&self.world, lines, "line_item", &url, query)
            }
            Target::Items => {
                query.allow(&[&list::PAGING[..], &["subscription"]].concat())?;
                let missing = || Refusal::invalid("subscription", "Missing required param: subscription.");
                let id = query.find("subscription").ok_or_else(missing)?;
                let items = self.entries(Kind::Subscription, id, "items")?;
                list::page_of(&self.world, items, "subscription_item", "/v1/subscription_items", query)
            }
            Target::Payments => {
                query.allow(&[&list::PAGING[..], &["invoice", "payment[", "status"]].concat())?;
                let payments = payments::asked_for(&self.world, query)?;
                list::page_of(&self.world, payments, "invoice_payment", "/v1/invoice_payments", query)
            }
            Target::Item(id) => {
                query.allow(&["expand["])?;
                let expansion = Expansion::of_object("subscription_item", query)?;
                let item = self.world.find_item(id);
                let item = item.ok_or_else(|| Refusal::missing(404, "subscription_item", "item", id))?;
                Ok(expansion.apply(&self.world, item))
            }
        }
    }

    fn object(&self, kind: Kind, id: &str, query: &Query) -> Result<Json, Refusal> {
        query.allow(&["expand["])?;
        let expansion = Expansion::of_object(kind.object(), query)?;
        let index = self.world.resolve(kind, id).ok_or_else(|| self.missing(kind, id))?;
        if let Some(poison) = self.world.poisoned(kind, index) {
            return Ok(poison);
        }
        let kept_since = self.world.now() - EVENT_LIFETIME_SECONDS;
        if kind == Kind::Event && self.world.created_of(kind, index) < kept_since {
            return Err(Refusal::aged_out(id));
        }
        let object = self.world.current(kind, index).ok_or_else(|| self.missing(kind, id))?;
        Ok(expansion.apply(&self.world, object))
    }

    fn entries(&self, kind: Kind, id: &str, list: &'static str) -> Result<Vec<Json>, Refusal> {
        let mut object = self.world.find(kind, id).ok_or_else(|| self.missing(kind, id))?;
        match object[list]["data"].take() {
            Json::Array(entries) => Ok(entries),
            _ => Ok(Vec::new()),
        }
    }

    fn missing(&self, kind: Kind, id: &str) -> Refusal {
        if World::is_in_other_mode(kind, id) {
            return Refusal::other_mode(self.world.livemode(), kind.object(), id);
        }
        Refusal::missing(404, kind.object(), "id", id)
    }
}

/// The answer of a fault that looks at nothing but the path.
fn spoilt(fault: Fault, path: &str) -> Option<Answer> {
    Some(match fault {
        Fault::RateLimited => Refusal::rate_limited("endpoint-rate").into(),
        Fault::GloballyRateLimited => Refusal::rate_limited("global-rate").into(),
        Fault::RateLimitedFor(seconds) => Refusal::rate_limited_for(seconds).into(),
        Fault::RateLimitedAsInvalid => Refusal::rate_limited_as_invalid().into(),
        Fault::LockTimeout => Refusal::lock_timeout().into(),
        Fault::ServerError(status) | Fault::Flood(status) => Refusal::server_error(status).into(),
        Fault::EmptyPageWithMore => json!({
            "object": "list", "data": [], "has_more": true, "url": path,
        })
        .into(),
        _ => return None,
    })
}

fn header<'a>(request: &'a hyper::Request<Incoming>, name: &str) -> Option<&'a str> {
    request.headers().get(name).and_then(|value| value.to_str().ok())
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
