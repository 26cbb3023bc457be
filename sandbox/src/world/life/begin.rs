//! How subscriptions begin.

use serde_json::json as value;

use super::super::{DAY, Kind, World};
use super::calendar::Interval;
use super::invoice::{Put, write};
use super::line::Line;
use super::plan::{Plan, Price};
use super::{Deed, Life};

/// In how many ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Plain,
    /// One item a month and one a year.
    Mixed,
    /// With an item that is billed by use, behind.
    Metered,
    /// It is free for some weeks first.
    Trial,
    /// It began before it was made: its first invoice has a line for each period since.
    Backdated,
    /// Its first invoice has a line for each of several periods to come.
    Prebilled,
    /// Its first invoice has one line over several periods to come.
    PrebilledAsOne,
    /// Its invoices are sent, to be paid within 30 days.
    Sent,
}

const WAYS: [Way; 12] = [
    Way::Plain,
    Way::Plain,
    Way::Plain,
    Way::Plain,
    Way::Mixed,
    Way::Metered,
    Way::Trial,
    Way::Trial,
    Way::Backdated,
    Way::Prebilled,
    Way::PrebilledAsOne,
    Way::Sent,
];

const RHYTHMS: [Interval; 6] = [
    Interval::Months(1),
    Interval::Months(1),
    Interval::Months(1),
    Interval::Months(3),
    Interval::Weeks(2),
    Interval::Years(1),
];

impl Life {
    /// A new price of one of the products.
    pub(super) fn price(&mut self, world: &World, currency: &str, interval: Interval, is_metered: bool) -> Price {
        let (name, count) = interval.recurring();
        let product = if is_metered {
            3
        } else {
            usize::try_from(self.chance.between(0, 3)).unwrap_or_default()
        };
        let product = self.products[product].clone();
        let months = match interval {
            Interval::Weeks(_) => 1,
            Interval::Months(count) => count,
            Interval::Years(count) => 10 * count,
        };
        let unit = if is_metered {
            self.chance.between(1, 20)
        } else {
            self.chance.between(5, 120) * 100 * months
        };
        let usage = if is_metered { "metered" } else { "licensed" };
        let recurring = value!({ "interval": name, "interval_count": count, "usage_type": usage });
        let id = world.create_price(&product, unit, value!({ "currency": currency, "recurring": recurring }));
        Price {
            id,
            product,
            unit,
            interval,
            is_metered,
        }
    }

    pub(super) fn begin(&mut self, world: &World) {
        let way = self.chance.pick(&WAYS);
        self.tell(&format!("{way:?}"));
        let mut plan = self.new_plan(world, way);
        let lines = self.first_items(world, &mut plan, way);
        let prices: Vec<_> = plan
            .items
            .iter()
            .filter_map(|item| world.find(Kind::Price, &item.price.id))
            .collect();
        let mut subscription = world.blank_subscription(plan.index, &prices);
        super::super::overlay::merge(&mut subscription, plan.patch(world));
        let own = value!({ "id": plan.id, "customer": plan.customer, "currency": plan.currency });
        world.create(
            Kind::Subscription,
            plan.index,
            subscription,
            own,
            &["customer.subscription.created"],
        );
        let put = if plan.is_sent { Put::Open } else { Put::Paid };
        let at = self.plans.len();
        self.plans.push(plan);
        self.bill(world, at, &lines, put);
        self.expect(at);
        let wait = self.chance.between(3 * DAY, 30 * DAY);
        self.plan_at(world.now() + wait, Deed::Change(at));
    }

    fn new_plan(&mut self, world: &World, way: Way) -> Plan {
        let now = world.now();
        let number = self.plans.len();
        let customer = world.create_customer(value!({ "name": format!("Life {number}") }));
        let index = world.reserve(Kind::Subscription);
        let trial = (way == Way::Trial).then(|| (now, now + self.chance.between(7, 31) * DAY));
        Plan {
            index,
            id: World::encoded(Kind::Subscription, index),
            customer,
            currency: self.chance.pick(&["usd", "usd", "eur", "jpy"]),
            items: Vec::new(),
            places: 0,
            pending: Vec::new(),
            status: if trial.is_some() { "trialing" } else { "active" },
            pause: None,
            trial,
            cancel_at: None,
            canceled_at: None,
            ended_at: None,
            is_sent: way == Way::Sent,
            discount: None,
            start_date: now,
            latest_invoice: None,
        }
    }

    /// The items that it begins with; gives the lines of its first invoice.
    fn first_items(&mut self, world: &World, plan: &mut Plan, way: Way) -> Vec<Line> {
        let now = world.now();
        let rhythm = match way {
            Way::Mixed | Way::Backdated | Way::Prebilled | Way::PrebilledAsOne => Interval::Months(1),
            _ => self.chance.pick(&RHYTHMS),
        };
        let count = if self.chance.percent(30) { 2 } else { 1 };
        let mut rhythms = vec![rhythm; count];
        if way == Way::Mixed {
            rhythms = vec![Interval::Months(1), Interval::Years(1)];
        }
        let before = if way == Way::Backdated {
            self.chance.between(1, 5)
        } else {
            0
        };
        let ahead = match way {
            Way::Prebilled | Way::PrebilledAsOne => self.chance.between(2, 6),
            _ => 1,
        };
        // It is made some days into its present period.
        let anchor = if before > 0 {
            rhythm.after(now, -before) - self.chance.between(1, 20) * DAY
        } else {
            now
        };
        plan.start_date = anchor;
        let mut lines = Vec::new();
        for rhythm in rhythms {
            let price = self.price(world, plan.currency, rhythm, false);
            let quantity = self.chance.between(1, 9);
            let mut item = plan.new_item(price, quantity, anchor);
            while item.end() <= now {
                lines.push(Line::regular(plan, &item, (item.start(), item.end()), 1));
                item.passed += 1;
            }
            item.billed_until = rhythm.after(anchor, item.passed + ahead);
            match (plan.trial, way) {
                (Some(trial), _) => lines.push(Line::free(&item, trial)),
                (None, Way::PrebilledAsOne) => {
                    lines.push(Line::regular(plan, &item, (item.start(), item.billed_until), ahead));
                }
                (None, _) => {
                    for period in item.passed..item.passed + ahead {
                        let bounds = (rhythm.after(anchor, period), rhythm.after(anchor, period + 1));
                        lines.push(Line::regular(plan, &item, bounds, 1));
                    }
                }
            }
            plan.items.push(item);
        }
        if way == Way::Metered {
            let price = self.price(world, plan.currency, rhythm, true);
            let item = plan.new_item(price, 1, anchor);
            plan.items.push(item);
        }
        lines
    }

    /// Has an invoice made of these lines and of what waits for one.
    pub(super) fn bill(&mut self, world: &World, at: usize, lines: &[Line], put: Put) {
        let mut all = std::mem::take(&mut self.plans[at].pending);
        all.extend_from_slice(lines);
        if all.is_empty() {
            return;
        }
        let total: i64 = all.iter().map(|line| line.amount - line.discount).sum();
        let put = if total <= 0 && put == Put::Open { Put::Paid } else { put };
        let id = write(world, &self.plans[at], &all, put, true);
        self.plans[at].latest_invoice = Some(id.clone());
        match put {
            Put::Draft => self.plan_at(world.now() + super::HOUR + 5, Deed::Charge(at, id)),
            Put::Open => self.wait_for_payment(world, at, id),
            Put::Paid => self.perhaps_give_back(world, at, id),
        }
    }

    /// The end of its period is awaited.
    pub(super) fn expect(&mut self, at: usize) {
        if !self.plans[at].is_over() {
            self.plan_at(self.plans[at].next_end(), Deed::Renew(at));
        }
    }
}
