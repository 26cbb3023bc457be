//! Lives of subscriptions over months, by a seed: they begin in one way or another, are billed, change, stop paying, and end.
//!
//! A life knows when something happens in it next. Whoever moves the clock lets it happen at its second; each thing tells of itself by
//! events, as Stripe does. What Stripe does in each case is followed as far as it shows in its objects.
//!
//! - [`plan`] is a subscription, [`line`] and [`invoice`] what it is charged for, [`calendar`] when.
//! - [`begin`], [`renew`], [`change`] and [`collect`] are what happens to it.

mod begin;
mod calendar;
mod change;
mod collect;
mod invoice;
mod line;
mod plan;
mod renew;

use std::collections::BTreeMap;

use super::random::mix;
use super::{DAY, Kind, World};
use plan::Plan;

const HOUR: i64 = 3_600;

/// The lives of some subscriptions.
#[derive(Debug)]
pub struct Life {
    chance: Chance,
    plans: Vec<Plan>,
    products: Vec<String>,
    due: BTreeMap<(i64, u64), Deed>,
    scheduled: u64,
    /// Nothing begins or changes by itself from this second on.
    end: i64,
    told: Vec<String>,
}

/// What happens at some second. The number is that of the plan.
#[derive(Clone, Debug)]
enum Deed {
    Begin,
    /// A period, or a trial, ends.
    Renew(usize),
    /// A draft is finalized and charged.
    Charge(usize, String),
    /// A payment that failed is tried again, for this time.
    Retry(usize, String, u8),
    /// An invoice that was sent is paid.
    Pay(usize, String),
    /// Somebody changes something.
    Change(usize),
    /// A pause ends.
    Resume(usize),
    /// Money of an invoice goes back.
    GiveBack(usize, String),
}

impl Life {
    /// So many subscriptions that begin in the next weeks and live for so many days.
    pub fn new(world: &World, seed: u64, subscriptions: usize, days: i64) -> Self {
        let mut life = Self {
            chance: Chance { seed, thrown: 0 },
            plans: Vec::new(),
            products: Vec::new(),
            due: BTreeMap::new(),
            scheduled: 0,
            end: world.now() + days * DAY,
            told: Vec::new(),
        };
        for name in ["Plan", "Seats", "Storage", "Calls", "Setup"] {
            life.products
                .push(world.create_product(serde_json::json!({ "name": name })));
        }
        for _ in 0..subscriptions {
            let wait = life.chance.between(HOUR, 40 * DAY);
            life.plan_at(world.now() + wait, Deed::Begin);
        }
        life
    }

    /// The second at which something happens next, if anything does.
    pub fn next_at(&self) -> Option<i64> {
        self.due.keys().next().map(|(at, _)| *at)
    }

    /// Lets happen what is due by the world's clock.
    pub fn happen(&mut self, world: &World) {
        while let Some(entry) = self.due.first_entry().filter(|entry| entry.key().0 <= world.now()) {
            let deed = entry.remove();
            self.told.push(format!("{} {deed:?}", world.now()));
            self.do_it(world, deed);
        }
    }

    /// What has happened, a line each, for whoever looks for a fault.
    pub fn told(&self) -> &[String] {
        &self.told
    }

    fn do_it(&mut self, world: &World, deed: Deed) {
        match deed {
            Deed::Begin => self.begin(world),
            Deed::Renew(plan) => self.renew(world, plan),
            Deed::Charge(plan, invoice) => self.charge(world, plan, &invoice),
            Deed::Retry(plan, invoice, time) => self.retry(world, plan, &invoice, time),
            Deed::Pay(plan, invoice) => self.pay(world, plan, &invoice),
            Deed::Change(plan) => self.change(world, plan),
            Deed::Resume(plan) => self.resume(world, plan),
            Deed::GiveBack(plan, invoice) => self.give_back(world, plan, &invoice),
        }
    }

    fn plan_at(&mut self, at: i64, deed: Deed) {
        // What is begun goes on to be paid after the end, but nothing new is due then.
        let settles = matches!(deed, Deed::Charge(..) | Deed::Retry(..) | Deed::Pay(..));
        if at < self.end || settles {
            self.scheduled += 1;
            self.due.insert((at, self.scheduled), deed);
        }
    }

    fn tell(&mut self, what: &str) {
        if let Some(last) = self.told.last_mut() {
            last.push_str(": ");
            last.push_str(what);
        }
    }

    /// Stripe's object says how the plan stands now.
    fn show(&self, world: &World, plan: usize) {
        let plan = &self.plans[plan];
        let event = if plan.is_over() {
            "customer.subscription.deleted"
        } else {
            "customer.subscription.updated"
        };
        world.amend(Kind::Subscription, &plan.id, plan.patch(world), &[event]);
    }
}

/// Numbers by a seed.
#[derive(Debug)]
struct Chance {
    seed: u64,
    thrown: u64,
}

impl Chance {
    fn throw(&mut self) -> u64 {
        self.thrown += 1;
        mix(self.seed, 90, self.thrown)
    }

    /// At least `from`, below `until`.
    fn between(&mut self, from: i64, until: i64) -> i64 {
        from + super::random::below(self.throw(), u64::try_from(until - from).unwrap_or(1))
    }

    /// True so many times of a hundred.
    fn percent(&mut self, times: i64) -> bool {
        self.between(0, 100) < times
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        *super::random::pick(of, self.throw())
    }
}
