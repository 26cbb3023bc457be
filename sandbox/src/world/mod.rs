//! The generated company: every object is computed from seed and index when it
//! is asked for, and only what was changed since the start is kept.

mod account;
mod change;
mod coupon;
mod credit_note;
mod currency;
mod customer;
mod event;
mod history;
mod ids;
mod invoice;
mod item;
mod ledger;
mod line;
mod lookup;
mod overlay;
mod price;
mod product;
mod random;
mod selection;
mod subscription;
mod totals;

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;

use crate::options::Options;
use crate::webhook::Delivery;
pub(crate) use event::embed;
use overlay::Changes;
pub(crate) use selection::{Condition, Selection, Start};

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

/// A kind of object the sandbox holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `cus_…`
    Customer,
    /// `prod_…` or an id of the merchant's choice
    Product,
    /// `price_…`, or `plan_…` for old ones
    Price,
    /// An id of the merchant's choice
    Coupon,
    /// `in_…`
    Invoice,
    /// `sub_…`
    Subscription,
    /// `cn_…`
    CreditNote,
    /// `evt_…`
    Event,
}

impl Kind {
    /// Every kind, in the order of the objects' dependence.
    pub const ALL: [Self; 8] = [
        Self::Customer,
        Self::Product,
        Self::Price,
        Self::Coupon,
        Self::Invoice,
        Self::Subscription,
        Self::CreditNote,
        Self::Event,
    ];

    /// The value of the objects' `object` field.
    pub fn object(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Product => "product",
            Self::Price => "price",
            Self::Coupon => "coupon",
            Self::Invoice => "invoice",
            Self::Subscription => "subscription",
            Self::CreditNote => "credit_note",
            Self::Event => "event",
        }
    }

    fn prefix(self) -> &'static str {
        match self {
            Self::Customer => "cus_",
            Self::Product => "prod_",
            Self::Price => "price_",
            Self::Coupon => "co_",
            Self::Invoice => "in_",
            Self::Subscription => "sub_",
            Self::CreditNote => "cn_",
            Self::Event => "evt_",
        }
    }
}

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
    /// Payments of the last days before the anchor, oldest first: they have events.
    payments: Vec<(i64, u64)>,
    changes: RwLock<Changes>,
    webhooks: Mutex<Vec<(String, String)>>,
    deliveries: UnboundedSender<Delivery>,
}

impl World {
    pub(crate) fn new(options: &Options, deliveries: UnboundedSender<Delivery>) -> Self {
        let now = options.now.unwrap_or_else(system_now);
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
            payments: Vec::new(),
            changes: RwLock::default(),
            webhooks: Mutex::default(),
            deliveries,
        };
        world.payments = world.recent_payments();
        world
    }

    /// The world's time in Unix seconds.
    pub fn now(&self) -> i64 {
        self.fixed_now.unwrap_or_else(system_now) + self.ahead.load(Ordering::Relaxed)
    }

    /// Lets the world's clock run ahead by so many seconds.
    pub fn advance_clock(&self, seconds: i64) {
        self.ahead.fetch_add(seconds, Ordering::Relaxed);
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
            Kind::Event => u64::try_from(self.payments.len()).unwrap_or_default(),
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
            Kind::Event => usize::try_from(index)
                .ok()
                .and_then(|place| self.payments.get(place))
                .map_or(self.anchor, |payment| payment.0),
            Kind::Product => self.spread(index, self.counts.products),
            // Every seventh shares its second with its elder, as busy accounts have it.
            Kind::Customer | Kind::Invoice | Kind::Subscription => {
                let elder = index - u64::from(index % 7 == 3);
                self.spread(elder, self.generated(kind))
            }
        }
    }

    fn spread(&self, index: u64, count: u64) -> i64 {
        let part = random::signed(index + 1);
        let whole = random::signed(count + 1);
        self.anchor - QUIET_SECONDS - SPAN_SECONDS + SPAN_SECONDS * part / whole
    }

    /// The full object as it was generated, without any later change.
    fn generate(&self, kind: Kind, index: u64) -> Option<Value> {
        if index >= self.generated(kind) {
            return None;
        }
        match kind {
            Kind::Customer => Some(self.customer(index)),
            Kind::Product => Some(self.product(index)),
            Kind::Price => Some(self.price(index)),
            Kind::Coupon => Some(self.coupon(index)),
            Kind::Invoice => Some(self.invoice(index)),
            Kind::Subscription => Some(self.subscription(index)),
            Kind::CreditNote => self.credit_note(index),
            Kind::Event => Some(self.paid_event(index)),
        }
    }

    /// The id of a generated object.
    fn id(kind: Kind, index: u64) -> String {
        match kind {
            Kind::Product => product::id(index),
            Kind::Price => price::id(index),
            Kind::Coupon if index < coupon::COUNT => coupon::id(index).to_owned(),
            _ => ids::encode(kind.prefix(), index),
        }
    }
}

fn system_now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|age| i64::try_from(age.as_secs()).ok())
        .unwrap_or_default()
}
