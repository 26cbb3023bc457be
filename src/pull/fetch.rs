//! Reads the stretches of a phase side by side and hands pages to the one writer over a bounded channel, so that memory stays the
//! same from a thousand objects to ten million.

use std::sync::Arc;

use entity::kind::StripeKind;
use futures_util::{StreamExt, stream};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::broken::{self, Broken};
use super::frontier::Frontier;
use super::lists::{Gives, List};
use super::reading::{Origin, Reading};
use super::rules::Rights;
use super::span::{Span, Stamp};
use super::{alone, paid, refund};
use crate::crash;
use crate::store::Db;
use crate::stripe::list::Page;
use crate::stripe::object::is_id;
use crate::stripe::{Client, Error, Seen};

/// Requests in flight at most. What Stripe allows a second, times its slowest answers.
const FETCHERS: usize = 8;
/// Pages that may wait for the writer.
const PAGES_WAITING: usize = 2;
/// Requests for nested lists in flight, for one page.
const NESTED: usize = 4;

/// A page, read and whole, with what is left to read after it.
#[derive(Debug)]
pub(super) struct PageRead {
    /// Of the stretch that it belongs to.
    pub(super) span_id: u32,
    pub(super) readings: Vec<Reading>,
    /// Objects of the page that Stripe does not give whole.
    pub(super) broken: Vec<Broken>,
    /// Objects of the page that are no use: Stripe gave no id, or none that can be one.
    pub(super) nameless: usize,
    /// The rest of the stretch; `None` when it is read.
    pub(super) rest: Option<Span>,
    /// A stretch that was split off the rest.
    pub(super) split_off: Option<Span>,
}

/// A page, or the list that cannot be read and why.
pub(super) type Fetched = Result<PageRead, (usize, Error)>;

/// What fetchers share.
struct Fetcher {
    client: Client,
    rights: Rights,
    lists: Vec<List>,
    frontier: Frontier,
    paid: paid::Reach,
    here: Here,
}

/// What is here already, and whose.
#[derive(Debug, Clone)]
pub(super) struct Here {
    pub(super) db: Db,
    pub(super) integration_id: Uuid,
}

/// Starts reading `spans`. The receiver ends when all is read; dropping the set stops the fetchers.
pub(super) fn start(
    client: &Client,
    rights: Rights,
    lists: Vec<List>,
    spans: Vec<Span>,
    paid: paid::Reach,
    here: Here,
) -> (mpsc::Receiver<Fetched>, JoinSet<()>) {
    let (to_writer, pages) = mpsc::channel(PAGES_WAITING);
    let fetcher = Arc::new(Fetcher {
        client: client.clone(),
        rights,
        lists,
        frontier: Frontier::new(spans),
        paid,
        here,
    });
    let mut tasks = JoinSet::new();
    for _ in 0..FETCHERS {
        let (fetcher, to_writer) = (Arc::clone(&fetcher), to_writer.clone());
        tasks.spawn(async move {
            while let Some((span, _turn)) = fetcher.frontier.take().await {
                let list = span.list;
                if let Err(error) = fetcher.read(span, &to_writer).await {
                    // A closed channel means that the writer has stopped for a reason of its own.
                    let _ = to_writer.send(Err((list, error))).await;
                }
            }
        });
    }
    (pages, tasks)
}

impl Fetcher {
    async fn read(&self, mut span: Span, to_writer: &mpsc::Sender<Fetched>) -> Result<(), Error> {
        loop {
            let page = match self.page(&span).await {
                Err(Error::CursorGone { .. }) => {
                    span = span.restart();
                    continue;
                }
                page => page?,
            };
            crash::point("list.page_read");
            let stamps: Vec<Stamp> = page.data.iter().filter_map(|object| stamp(&span, object)).collect();
            let mut rest = if page.has_more {
                Some(self.after(&span, &stamps)?)
            } else {
                None
            };
            let split_off = rest.as_mut().and_then(|rest| self.split(rest, &stamps));
            let nameless = page.data.len() - stamps.len();
            let (readings, broken) = self.readings(&span, page).await?;
            let read = PageRead {
                span_id: span.id,
                readings,
                broken,
                nameless,
                rest: rest.clone(),
                split_off: split_off.clone(),
            };
            if to_writer.send(Ok(read)).await.is_err() {
                return Ok(());
            }
            // Only after the writer was told of it, so that a checkpoint never knows the child's pages before the child.
            if let Some(split_off) = split_off {
                self.frontier.push(split_off);
            }
            match rest {
                Some(rest) => span = rest,
                None => return Ok(()),
            }
        }
    }

    async fn page(&self, span: &Span) -> Result<Page, Error> {
        let list = &self.lists[span.list];
        let filter: Vec<_> = list.filter.iter().cloned().chain(span.filter()).collect();
        match list.gives {
            Gives::Objects(kind) => self.client.list(kind, &filter).await,
            Gives::PaidEvents => self.client.events(&filter).await,
        }
    }

    fn after(&self, span: &Span, stamps: &[Stamp]) -> Result<Span, Error> {
        span.after(stamps).map_err(|_repeats| Error::Garbled {
            message: format!("list {:?} repeats itself", self.lists[span.list].gives),
        })
    }

    /// Splits when a fetcher has nothing to do and the budget has room: more stretches than that would only cost requests.
    fn split(&self, rest: &mut Span, stamps: &[Stamp]) -> Option<Span> {
        if self.client.is_waiting() {
            return None;
        }
        rest.split(stamps, self.frontier.wants_more()?)
    }

    async fn readings(&self, span: &Span, page: Page) -> Result<(Vec<Reading>, Vec<Broken>), Error> {
        let fresh = page
            .data
            .into_iter()
            .filter(|object| stamp(span, object).is_some_and(|stamp| !span.was_read(&stamp)));
        match self.lists[span.list].gives {
            Gives::Objects(kind) => self.whole_readings(kind, fresh.collect(), page.seen).await,
            Gives::PaidEvents => {
                let keys = self.paid.beyond_lists(fresh).into_iter();
                alone::read(
                    &self.client,
                    &self.rights,
                    keys.map(|key| (key, Origin::Listed)).collect(),
                )
                .await
            }
        }
    }

    async fn whole_readings(
        &self,
        kind: StripeKind,
        mut objects: Vec<Value>,
        seen: Seen,
    ) -> Result<(Vec<Reading>, Vec<Broken>), Error> {
        if kind == StripeKind::Refund
            && let Err(error) = refund::recall(&self.here.db, self.here.integration_id, &mut objects).await
        {
            tracing::warn!(%error, "which invoices refunds are of is asked of Stripe again");
        }
        let client = &self.client;
        let results = stream::iter(objects)
            .map(move |object| {
                let client = client.clone();
                let key = (kind, object["id"].as_str().unwrap_or_default().to_owned());
                async move { (key, alone::complete(client, kind, object, seen, Origin::Listed).await) }
            })
            .buffered(NESTED)
            .collect()
            .await;
        broken::part(client, &self.rights, results).await
    }
}

fn stamp(span: &Span, object: &Value) -> Option<Stamp> {
    let id = object["id"].as_str().filter(|id| is_id(id))?;
    Some(span.believe((id.to_owned(), object["created"].as_i64())))
}
