//! What people change of their subscriptions.

use serde_json::json as value;

use super::super::{DAY, Kind, World};
use super::calendar::Interval;
use super::invoice::{Put, write};
use super::line::Line;
use super::plan::{Discount, Item};
use super::{Deed, Life};

/// What becomes of prorations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Prorations {
    /// They are invoiced at once.
    AtOnce,
    /// They come with the next invoice.
    Later,
    /// There are none.
    None,
}

#[derive(Clone, Copy, Debug)]
enum Whim {
    Quantity,
    Price,
    /// Another item takes an item's place.
    Swap,
    Add,
    Remove,
    Interval,
    /// A new cycle begins now.
    Anchor,
    Fee,
    FeeByHand,
    Coupon,
    Pause,
    CancelNow,
    CancelAtEnd,
}

const WHIMS: [Whim; 19] = [
    Whim::Quantity,
    Whim::Quantity,
    Whim::Quantity,
    Whim::Price,
    Whim::Price,
    Whim::Swap,
    Whim::Add,
    Whim::Add,
    Whim::Remove,
    Whim::Remove,
    Whim::Interval,
    Whim::Interval,
    Whim::Anchor,
    Whim::Fee,
    Whim::FeeByHand,
    Whim::Coupon,
    Whim::Pause,
    Whim::CancelNow,
    Whim::CancelAtEnd,
];

impl Life {
    pub(super) fn change(&mut self, world: &World, at: usize) {
        if self.plans[at].is_over() {
            return;
        }
        let whim = self.chance.pick(&WHIMS);
        self.tell(&format!("{whim:?}"));
        self.follow(world, at, whim);
        let wait = self.chance.between(2 * DAY, 35 * DAY);
        self.plan_at(world.now() + wait, Deed::Change(at));
    }

    fn follow(&mut self, world: &World, at: usize, whim: Whim) {
        let plan = &self.plans[at];
        let is_quiet = plan.status == "active" && plan.pause.is_none() && plan.cancel_at.is_none();
        match whim {
            Whim::CancelNow => self.cancel_now(world, at),
            _ if plan.is_in_trial() => {}
            Whim::CancelAtEnd if is_quiet => self.cancel_at_end(world, at),
            Whim::Fee => self.fee(world, at),
            Whim::FeeByHand => self.fee_by_hand(world, at),
            Whim::Coupon => self.coupon(world, at),
            Whim::Pause if is_quiet => self.pause(world, at),
            _ if !is_quiet || plan.is_billed_ahead() => self.tell("not now"),
            Whim::Interval => self.new_interval(world, at),
            Whim::Anchor => self.new_anchor(world, at),
            _ => self.change_items(world, at, whim),
        }
    }

    fn prorations(&mut self) -> Prorations {
        let prorations = self.chance.pick(&[
            Prorations::AtOnce,
            Prorations::AtOnce,
            Prorations::Later,
            Prorations::Later,
            Prorations::None,
        ]);
        self.tell(&format!("{prorations:?}"));
        prorations
    }

    /// The place of an item that is charged ahead.
    fn licensed(&mut self, at: usize) -> Option<usize> {
        let items = self.plans[at].items.iter().enumerate();
        let licensed: Vec<usize> = items
            .filter(|(_, item)| !item.price.is_metered)
            .map(|(place, _)| place)
            .collect();
        (!licensed.is_empty()).then(|| self.chance.pick(&licensed))
    }

    fn change_items(&mut self, world: &World, at: usize, whim: Whim) {
        let Some(place) = self.licensed(at) else { return };
        let (now, currency) = (world.now(), self.plans[at].currency);
        let old = self.plans[at].items[place].clone();
        let licensed = self.plans[at]
            .items
            .iter()
            .filter(|item| !item.price.is_metered)
            .count();
        let mut new = old.clone();
        match whim {
            Whim::Quantity => new.quantity = self.chance.between(1, 15),
            Whim::Price => new.price = self.price(world, currency, old.price.interval, false),
            Whim::Swap | Whim::Add => {
                let price = self.price(world, currency, old.price.interval, false);
                let quantity = self.chance.between(1, 9);
                let id = self.plans[at].new_item(price.clone(), quantity, now).id;
                new = Item {
                    id,
                    price,
                    quantity,
                    ..old.clone()
                };
            }
            _ if licensed < 2 => return self.tell("it is the only one"),
            _ => {}
        }
        let prorations = self.prorations();
        let plan = &self.plans[at];
        let mut lines = Vec::new();
        if !matches!(whim, Whim::Add) {
            lines.push(Line::proration(plan, &old, now, true));
        }
        if !matches!(whim, Whim::Remove) {
            lines.push(Line::proration(plan, &new, now, false));
        }
        let items = &mut self.plans[at].items;
        match whim {
            Whim::Remove => {
                items.remove(place);
            }
            Whim::Add => items.push(new),
            _ => items[place] = new,
        }
        self.show(world, at);
        self.prorate(world, at, lines, prorations);
    }

    fn prorate(&mut self, world: &World, at: usize, lines: Vec<Line>, prorations: Prorations) {
        match prorations {
            Prorations::AtOnce => self.bill(world, at, &lines, Put::Paid),
            Prorations::Later => self.plans[at].pending.extend(lines),
            Prorations::None => {}
        }
    }

    /// A change of the interval begins a new cycle, which is invoiced at once.
    fn new_interval(&mut self, world: &World, at: usize) {
        if self.plans[at].items.len() != 1 {
            return self.tell("there are others");
        }
        let old = self.plans[at].items[0].clone();
        let interval = match old.price.interval {
            Interval::Years(_) => Interval::Months(1),
            _ => Interval::Years(1),
        };
        let price = self.price(world, self.plans[at].currency, interval, false);
        self.plans[at].items[0].price = price;
        self.begin_anew(world, at, &[old]);
    }

    fn new_anchor(&mut self, world: &World, at: usize) {
        if self.plans[at].items.iter().any(|item| item.price.is_metered) {
            return self.tell("something is metered");
        }
        let old = self.plans[at].items.clone();
        self.begin_anew(world, at, &old);
    }

    fn begin_anew(&mut self, world: &World, at: usize, old: &[Item]) {
        let now = world.now();
        let is_credited = self.chance.percent(75);
        let plan = &self.plans[at];
        let mut lines: Vec<Line> = Vec::new();
        if is_credited {
            lines.extend(old.iter().map(|item| Line::proration(plan, item, now, true)));
        }
        for item in &mut self.plans[at].items {
            (item.anchor, item.passed) = (now, 0);
            item.billed_until = item.end();
        }
        let plan = &self.plans[at];
        lines.extend(
            plan.items
                .iter()
                .map(|item| Line::regular(plan, item, (now, item.end()), 1)),
        );
        self.show(world, at);
        self.bill(world, at, &lines, Put::Paid);
        self.drop_once(world, at);
        self.expect(at);
    }

    fn once(&mut self, world: &World, at: usize) -> Line {
        let (now, product) = (world.now(), self.products[4].clone());
        let unit = self.chance.between(10, 500) * 100;
        let terms = value!({ "currency": self.plans[at].currency, "recurring": null, "type": "one_time" });
        let days = self.chance.pick(&[0, 0, 90, 365]);
        Line {
            item: None,
            price: world.create_price(&product, unit, terms),
            product,
            unit,
            quantity: 1,
            amount: unit,
            from: now,
            until: now + days * DAY,
            is_proration: false,
            discount: 0,
        }
    }

    fn fee(&mut self, world: &World, at: usize) {
        let line = self.once(world, at);
        self.plans[at].pending.push(line);
    }

    fn fee_by_hand(&mut self, world: &World, at: usize) {
        let line = self.once(world, at);
        write(world, &self.plans[at], &[line], Put::Paid, false);
    }

    fn coupon(&mut self, world: &World, at: usize) {
        if self.plans[at].discount.is_some() {
            return self.tell("it has one");
        }
        let duration = self.chance.pick(&["once", "repeating", "forever"]);
        let months = (duration == "repeating").then(|| self.chance.between(1, 4));
        let percent = self.chance.pick(&[10, 25, 33, 50, 100]);
        // Nothing for ever is another story.
        let percent = if percent == 100 && duration == "forever" {
            20
        } else {
            percent
        };
        self.tell(&format!("{percent} {duration}"));
        let coupon = world.create_coupon(value!({
            "percent_off": percent, "duration": duration, "duration_in_months": months,
        }));
        let end = months.map(|months| Interval::Months(months).after(world.now(), 1));
        let id = world.give_discount_until(Kind::Subscription, &self.plans[at].id, &coupon, end);
        self.plans[at].discount = Some(Discount {
            id,
            percent,
            is_once: duration == "once",
            end,
        });
    }

    pub(super) fn drop_ended_discount(&mut self, world: &World, at: usize) {
        let ended = |discount: &Discount| discount.end.is_some_and(|end| end <= world.now());
        if self.plans[at].discount.as_ref().is_some_and(ended) {
            self.drop_discount(world, at);
        }
    }

    /// What comes off once is gone with the first invoice that it came off.
    pub(super) fn drop_once(&mut self, world: &World, at: usize) {
        if self.plans[at]
            .discount
            .as_ref()
            .is_some_and(|discount| discount.is_once)
        {
            self.drop_discount(world, at);
        }
    }

    fn drop_discount(&mut self, world: &World, at: usize) {
        if let Some(discount) = self.plans[at].discount.take() {
            world.end_discount(&discount.id);
        }
    }

    fn pause(&mut self, world: &World, at: usize) {
        let behavior = self.chance.pick(&["void", "keep_as_draft", "mark_uncollectible"]);
        self.tell(behavior);
        self.plans[at].pause = Some(behavior);
        self.show(world, at);
        let wait = self.chance.between(10 * DAY, 70 * DAY);
        self.plan_at(world.now() + wait, Deed::Resume(at));
    }

    pub(super) fn resume(&mut self, world: &World, at: usize) {
        if !self.plans[at].is_over() {
            self.plans[at].pause = None;
            self.show(world, at);
        }
    }

    fn cancel_now(&mut self, world: &World, at: usize) {
        let now = world.now();
        let is_credited = self.chance.percent(60) && !self.plans[at].is_in_trial() && !self.plans[at].is_billed_ahead();
        let plan = &mut self.plans[at];
        (plan.status, plan.canceled_at, plan.ended_at) = ("canceled", Some(now), Some(now));
        self.show(world, at);
        if !is_credited {
            return self.tell("nothing comes back");
        }
        let plan = &self.plans[at];
        let licensed = plan.items.iter().filter(|item| !item.price.is_metered);
        let lines: Vec<Line> = licensed.map(|item| Line::proration(plan, item, now, true)).collect();
        self.bill(world, at, &lines, Put::Paid);
    }

    fn cancel_at_end(&mut self, world: &World, at: usize) {
        let plan = &mut self.plans[at];
        let last = plan.items.iter().map(Item::end).min();
        (plan.cancel_at, plan.canceled_at) = (last, Some(world.now()));
        self.show(world, at);
    }
}
