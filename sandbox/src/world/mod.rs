//! The generated company: every object is computed from seed and index when it
//! is asked for, and only what was changed since the start is kept.

mod account;
mod bill;
mod billing;
mod change;
mod clock;
mod coupon;
mod credit_note;
mod currency;
mod customer;
mod discount;
mod event;
mod history;
mod ids;
mod invoice;
mod item;
mod kind;
mod ledger;
mod life;
mod line;
mod lookup;
mod overlay;
mod payment;
mod posting;
mod price;
mod product;
mod random;
mod recent;
mod refund;
mod selection;
mod subscription;
mod telling;
mod totals;

use std::sync::atomic::AtomicI64;
use std::sync::{Mutex, OnceLock, PoisonError, RwLock, RwLockReadGuard};

use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;

use crate::json::Json;
use crate::options::Options;
use crate::webhook::Delivery;
pub(crate) use event::{ON_DEMAND, embed};
pub use kind::Kind;
pub use life::Life;
use overlay::Changes;
use posting::Postings;
pub(crate) use random::chance;
use recent::Recent;
pub(crate) use selection::{Condition, Selection, Start};
use telling::Telling;

/// The API version whose shapes are served.
pub(crate) const API_VERSION: &str = "2026-10-28.endive";
/// How long Stripe lists an event.
pub(crate) const EVENT_LIFETIME_SECONDS: i64 = 30 * DAY;

const DAY: i64 = 86_400;
/// How far the generated history reaches back.
const SPAN_SECONDS: i64 = 1_095 * DAY;
/// The newest generated object is at least this old, so that what follows an
/// object's creation lies in the past as well.
const QUIET_SECONDS: i64 = 7_200;

#[derive(Clone, Copy, Debug)]
struct Counts {
    customers: u64,
    products: u64,
    invoices: u64,
    subscriptions: u64,
}

/// The sandbox's company with everything in it.
#[derive(Debug)]
pub struct World {
    seed: u64,
    livemode: bool,
    counts: Counts,
    /// Midnight of the day the world was made on; all history is told from here.
    anchor: i64,
    fixed_now: Option<i64>,
    ahead: AtomicI64,
    /// Held by answers that are being made.
    steady: RwLock<()>,
    /// What happened in the last days before the anchor, oldest first: it has events.
    recent: Vec<Recent>,
    invoices_by_customer: OnceLock<Postings>,
    invoices_by_subscription: OnceLock<Postings>,
    subscriptions_by_customer: OnceLock<Postings>,
    changes: RwLock<Changes>,
    webhooks: Mutex<Vec<(String, String)>>,
    telling: Telling,
    deliveries: UnboundedSender<Delivery>,
    /// Deliveries that wait or are under way.
    undelivered: watch::Sender<usize>,
}

/// How much of its lists an object is written with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// All entries.
    Whole,
    /// What Stripe embeds, with `has_more` telling of the rest.
    Embedded,
}

impl World {
    pub(crate) fn new(
        options: &Options,
        deliveries: UnboundedSender<Delivery>,
        undelivered: watch::Sender<usize>,
    ) -> Self {
        let now = options.now.unwrap_or_else(clock::system_now);
        let mut world = Self {
            seed: options.seed,
            livemode: options.livemode,
            counts: Counts {
                customers: u64::from(options.customers.max(1)),
                products: u64::from(options.products.max(6)),
                invoices: u64::from(options.invoices),
                subscriptions: u64::from(options.subscriptions),
            },
            anchor: now - now.rem_euclid(DAY),
            fixed_now: options.now,
            ahead: AtomicI64::new(0),
            steady: RwLock::default(),
            recent: Vec::new(),
            invoices_by_customer: OnceLock::new(),
            invoices_by_subscription: OnceLock::new(),
            subscriptions_by_customer: OnceLock::new(),
            changes: RwLock::default(),
            webhooks: Mutex::default(),
            telling: Telling::default(),
            deliveries,
            undelivered,
        };
        world.recent = world.recent();
        world
    }

    /// Waits until every webhook sent so far has been answered or has failed.
    pub async fn webhooks_settled(&self) {
        let mut undelivered = self.undelivered.subscribe();
        // The sender lives in this world, so waiting cannot fail.
        drop(undelivered.wait_for(|count| *count == 0).await);
    }

    /// Sends every event from now on to this address, signed with the secret.
    pub fn register_webhook(&self, url: &str, secret: &str) {
        self.webhooks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((url.to_owned(), secret.to_owned()));
    }

    pub(crate) fn livemode(&self) -> bool {
        self.livemode
    }

    fn mix(&self, purpose: u64, index: u64) -> u64 {
        random::mix(self.seed, purpose, index)
    }

    fn changes(&self) -> RwLockReadGuard<'_, Changes> {
        self.changes.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many objects of a kind were generated at the start.
    fn generated(&self, kind: Kind) -> u64 {
        match kind {
            Kind::Customer => self.counts.customers,
            Kind::Product => self.counts.products,
            Kind::Price => self.counts.products * price::SLOTS,
            Kind::Coupon => coupon::COUNT,
            Kind::Invoice => self.counts.invoices,
            Kind::Subscription => self.counts.subscriptions,
            Kind::CreditNote => self.counts.invoices / credit_note::EVERY,
            Kind::Refund => 0,
            Kind::Event => u64::try_from(self.recent.len()).unwrap_or_default(),
        }
    }

    /// When a generated object came to be; never falls as the index rises, so
    /// that a range of time is a range of indexes.
    fn created(&self, kind: Kind, index: u64) -> i64 {
        match kind {
            Kind::Price => {
                let product = self.created(Kind::Product, index / price::SLOTS);
                product + 60 * random::below(index, price::SLOTS)
            }
            Kind::Coupon => self.anchor - SPAN_SECONDS - 60 + random::signed(index),
            Kind::CreditNote => self.credit_note_created(index),
            Kind::Refund => self.anchor,
            Kind::Event => self.happened(index).0,
            Kind::Product => self.spread(index, self.counts.products),
            Kind::Customer | Kind::Invoice | Kind::Subscription => {
                let count = self.generated(kind);
                self.spread(eldest(index, count), count)
            }
        }
    }

    /// A time of the history by the share of objects that are older; three times
    /// as much happens at its end as at its beginning.
    fn spread(&self, index: u64, count: u64) -> i64 {
        let (part, whole) = (i128::from(index + 1), i128::from(count + 1));
        let passed = i128::from(SPAN_SECONDS) * part * (3 * whole - part) / (2 * whole * whole);
        self.anchor - QUIET_SECONDS - SPAN_SECONDS + i64::try_from(passed).unwrap_or_default()
    }

    /// The object as it was generated, without any later change.
    fn generate(&self, kind: Kind, index: u64, extent: Extent) -> Option<Json> {
        if index >= self.generated(kind) {
            return None;
        }
        match kind {
            Kind::Customer => Some(self.customer(index)),
            Kind::Product => Some(self.product(index)),
            Kind::Price => Some(self.price(index)),
            Kind::Coupon => Some(self.coupon(index)),
            Kind::Invoice => Some(self.invoice(index, extent)),
            Kind::Subscription => Some(self.subscription(index)),
            Kind::CreditNote => self.credit_note(index),
            Kind::Refund => None,
            Kind::Event => Some(self.recent_event(index)),
        }
    }

    /// The id of an object that was not generated, or has no id of the merchant's choice.
    fn encoded(kind: Kind, index: u64) -> String {
        ids::encode(kind.prefix(), index)
    }

    /// The id of a generated object.
    fn id(kind: Kind, index: u64) -> String {
        match kind {
            Kind::Product => product::id(index),
            Kind::Price => price::id(index),
            Kind::Coupon if index < coupon::COUNT => coupon::id(index).to_owned(),
            _ => Self::encoded(kind, index),
        }
    }
}

/// The first object of those created in one second with this. Every seventh
/// shares its second with its elder, and now and then a whole batch shares one:
/// more than a page of a large world.
fn eldest(index: u64, count: u64) -> u64 {
    let batch = if count < 2_000 { 12 } else { 150 };
    if (index / batch) % 8 == 3 {
        index - index % batch
    } else {
        index - u64::from(index % 7 == 3)
    }
}
