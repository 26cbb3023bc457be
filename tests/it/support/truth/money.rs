//! What contracts come to, reckoned anew from Stripe's JSON by the rules in `docs/contracts.md`, without any of the product's own code.

use std::collections::BTreeMap;

use sandbox::{Kind, Sandbox};
use serde_json::Value;

use super::ratio::Ratio;
use super::{span, sum, truth};

/// Amounts of a contract, minor units.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Numbers {
    pub(crate) total: i64,
    pub(crate) credited: i64,
    pub(crate) net: i64,
    pub(crate) mrr: i64,
    pub(crate) arr: i64,
    pub(crate) acv: i64,
}

/// What amounts are reckoned with.
pub(crate) struct Company<'a> {
    sandbox: &'a Sandbox,
    pub(super) now: i64,
    /// From when on its subscriptions are known here, Unix seconds; ended ones from their end.
    pub(super) since: i64,
    prices: BTreeMap<String, Value>,
    customers: BTreeMap<String, Value>,
    pub(crate) subscriptions: BTreeMap<String, Value>,
    notes: BTreeMap<String, Vec<Value>>,
}

impl<'a> Company<'a> {
    /// As it is at `now`, Unix seconds.
    pub(crate) fn of(sandbox: &'a Sandbox, now: i64) -> Self {
        let mut notes: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for note in truth(sandbox, Kind::CreditNote, |note| note["status"] != "void").into_values() {
            let invoice = note["invoice"].as_str().unwrap().to_owned();
            notes.entry(invoice).or_default().push(note);
        }
        let all = |kind| truth(sandbox, kind, |object| object["deleted"] != true);
        Self {
            sandbox,
            now,
            since: crate::support::NOW_MS / 1000,
            prices: all(Kind::Price),
            customers: all(Kind::Customer),
            subscriptions: all(Kind::Subscription),
            notes,
        }
    }

    /// The credit notes of an invoice that count.
    pub(crate) fn notes_of(&self, invoice: &Value) -> &[Value] {
        self.notes
            .get(invoice["id"].as_str().unwrap())
            .map_or(&[], Vec::as_slice)
    }

    pub(super) fn price(&self, id: &str) -> &Value {
        &self.prices[id]
    }

    /// What the contract of an invoice or a subscription comes to.
    pub(crate) fn numbers(&self, object: &Value) -> Numbers {
        if object["object"] == "invoice" {
            self.of_invoice(object)
        } else {
            self.of_subscription(object)
        }
    }

    fn of_invoice(&self, invoice: &Value) -> Numbers {
        let periods = span::periods(self, [invoice]);
        let newest = periods
            .values()
            .filter_map(|periods| periods.iter().rev().find(|period| period.until > period.from));
        let year = newest
            .filter(|period| period.closed_at.is_none())
            .fold(Ratio::of(0), |sum, period| sum + period.year);
        let is_once = |line: &&Value| !span::is_proration(line) && self.kind(line) == "once";
        let once = span::lines(invoice).iter().filter(is_once).map(net).sum();
        // Generated invoices are whole: what they come to without tax is Stripe's own figure.
        let total = invoice["total_excluding_tax"].as_i64().unwrap();
        let credited = |note: &Value| note["total_excluding_tax"].as_i64().unwrap();
        let credited = self.notes_of(invoice).iter().map(credited).sum();
        numbers(total, credited, year, once)
    }

    /// How often what a line charges for comes: `once`, or again, `licensed` or `metered`.
    pub(super) fn kind(&self, line: &Value) -> &str {
        let price = line["pricing"]["price_details"]["price"].as_str();
        let recurring = price.map(|price| &self.price(price)["recurring"]);
        let usage = recurring
            .filter(|recurring| recurring.is_object())
            .map(|recurring| &recurring["usage_type"]);
        usage.map_or("once", |usage| usage.as_str().unwrap())
    }

    /// Whether a discount takes off more than once.
    pub(super) fn lasts(&self, discount: &str) -> bool {
        let discount = self.sandbox.world().discount_of(discount);
        let coupon = discount.and_then(|discount| self.sandbox.world().terms_of(&discount));
        coupon.is_none_or(|coupon| coupon["duration"] != "once")
    }

    /// Whether it takes off more than once, and did at a second.
    pub(super) fn lasts_at(&self, discount: &str, at: i64) -> bool {
        let runs = |discount: &Value| {
            discount["start"].as_i64().is_none_or(|start| start <= at)
                && discount["end"].as_i64().is_none_or(|end| end > at)
        };
        self.lasts(discount) && self.sandbox.world().discount_of(discount).as_ref().is_none_or(runs)
    }

    /// What the lasting percentages on the invoice and the line leave of an item that has no regular line to tell it.
    pub(super) fn after_percentages(&self, invoice: &Value, line: &Value, whole: i64) -> i64 {
        let ids = |of: &Value| -> Vec<String> {
            let ids = of.as_array().into_iter().flatten();
            ids.filter_map(|id| id.as_str().map(str::to_owned)).collect()
        };
        let mut held = ids(&invoice["discounts"]);
        held.extend(ids(&line["discounts"]));
        held.sort();
        held.dedup();
        let product = line["pricing"]["price_details"]["product"].clone();
        let mut left = Ratio::of(whole);
        for id in held.into_iter().filter(|id| self.lasts_at(id, span::bounds(line).0)) {
            let discount = self.sandbox.world().discount_of(&id).unwrap();
            let coupon = self.sandbox.world().terms_of(&discount).unwrap();
            let only = coupon["applies_to"]["products"].as_array();
            let is_meant = only.is_none_or(|only| only.contains(&product));
            if let Some(percent) = Ratio::read(&coupon["percent_off"]).filter(|_| is_meant) {
                left = left * (Ratio::of(100) - percent) / Ratio::of(100);
            }
        }
        left.half_up()
    }

    fn of_subscription(&self, subscription: &Value) -> Numbers {
        let left = self.left(subscription, self.now);
        let total = left.iter().map(|[all, _]| all.half_up()).sum();
        numbers(total, 0, self.year_of(subscription, self.now), 0)
    }

    /// What a subscription brought a year at a second, by its object of then.
    pub(super) fn year_of(&self, subscription: &Value, at: i64) -> Ratio {
        let items = self.years_of(subscription, at).into_values();
        items.fold(Ratio::of(0), |sum, year| sum + year)
    }

    /// The same of each item.
    pub(super) fn years_of(&self, subscription: &Value, at: i64) -> BTreeMap<String, Ratio> {
        let counts = ["active", "past_due"].contains(&subscription["status"].as_str().unwrap())
            && subscription["cancel_at"].as_i64().is_none_or(|end| end > at);
        let items = subscription["items"]["data"].as_array().unwrap().iter();
        let items = items.zip(self.left(subscription, at)).filter(|_| counts);
        let year = |(item, [_, lasting]): (&Value, [Ratio; 2])| {
            (item["id"].as_str().unwrap().to_owned(), a_year(lasting, &item["price"]))
        };
        items.map(year).collect()
    }

    /// What discounts leave of each item: all of them, and those that last.
    fn left(&self, subscription: &Value, now: i64) -> Vec<[Ratio; 2]> {
        let items = subscription["items"]["data"].as_array().unwrap();
        let currency = subscription["currency"].as_str().unwrap();
        let mut left: Vec<[Ratio; 2]> = items
            .iter()
            .map(|item| {
                let price = &self.prices[item["price"]["id"].as_str().unwrap()];
                [Ratio::of(cost(price, item["quantity"].as_i64(), currency)); 2]
            })
            .collect();
        let rhythms: Vec<Ratio> = items.iter().map(|item| a_year(Ratio::of(1), &item["price"])).collect();
        let product = |item: &Value| item["price"]["product"].as_str().unwrap().to_owned();
        let products: Vec<String> = items.iter().map(product).collect();
        for (at, item) in items.iter().enumerate() {
            for id in item["discounts"].as_array().unwrap() {
                let sold = (&products[at..=at], &rhythms[at..=at]);
                self.take_off((&self.discount(id), now), currency, sold, &mut left[at..=at]);
            }
        }
        let (mut any, mut any_lasting) = (false, false);
        for id in subscription["discounts"].as_array().unwrap() {
            let discount = self.discount(id);
            let runs = self.take_off((&discount, now), currency, (&products, &rhythms), &mut left);
            let coupon = self.sandbox.world().terms_of(&discount).unwrap();
            any |= runs;
            any_lasting |= runs && coupon["duration"] != "once";
        }
        let customer = self.customers.get(subscription["customer"].as_str().unwrap());
        if let Some(customer) = customer.filter(|customer| customer["discount"].is_object()) {
            let mut with_customers = left.clone();
            let sold = (&products[..], &rhythms[..]);
            self.take_off((&customer["discount"], now), currency, sold, &mut with_customers);
            for (left, with) in left.iter_mut().zip(with_customers) {
                if !any {
                    left[0] = with[0];
                }
                if !any_lasting {
                    left[1] = with[1];
                }
            }
        }
        left
    }

    fn discount(&self, told: &Value) -> Value {
        match told.as_str() {
            Some(id) => self.sandbox.world().discount_of(id).unwrap(),
            None => told.clone(),
        }
    }

    /// Says whether the discount is running. Of `left` the first counts all discounts, the second those that last.
    fn take_off(
        &self,
        (discount, now): (&Value, i64),
        currency: &str,
        (products, rhythms): (&[String], &[Ratio]),
        left: &mut [[Ratio; 2]],
    ) -> bool {
        let runs = discount["start"].as_i64().is_none_or(|start| start <= now)
            && discount["end"].as_i64().is_none_or(|end| end > now);
        if !runs {
            return false;
        }
        let coupon = self.sandbox.world().terms_of(discount).unwrap();
        let only = coupon["applies_to"]["products"].as_array();
        let is_meant = |at: usize| only.is_none_or(|only| only.iter().any(|product| product == &products[at]));
        let meant: Vec<usize> = (0..left.len()).filter(|at| is_meant(*at)).collect();
        let kinds = if coupon["duration"] == "once" { 0..1 } else { 0..2 };
        for kind in kinds {
            if let Some(percent) = Ratio::read(&coupon["percent_off"]) {
                for at in &meant {
                    let rest = left[*at][kind] * (Ratio::of(100) - percent) / Ratio::of(100);
                    let is_whole = (left[*at][kind] - Ratio::of(left[*at][kind].half_up())).is_zero();
                    left[*at][kind] = if is_whole { Ratio::of(rest.half_up()) } else { rest };
                }
            } else if coupon["currency"] == currency {
                let amount = coupon["amount_off"].as_i64().unwrap();
                let together = meant
                    .windows(2)
                    .all(|two| (rhythms[two[0]] - rhythms[two[1]]).is_zero());
                if kind == 0 || together {
                    split(amount, meant.iter().copied(), left, kind);
                } else {
                    split_a_year(amount, &meant, rhythms, left, kind);
                }
            }
        }
        true
    }
}

/// A fixed amount over what is left of each, in whole units by the running share.
fn split(amount: i64, meant: impl Iterator<Item = usize> + Clone, left: &mut [[Ratio; 2]], kind: usize) {
    let mut all = Ratio::of(0);
    for at in meant.clone() {
        left[at][kind] = Ratio::of(left[at][kind].half_up());
        all = all + left[at][kind];
    }
    if !all.is_positive() {
        return;
    }
    let off = Ratio::of(amount).smaller(all);
    let (mut seen, mut taken) = (Ratio::of(0), 0);
    for at in meant {
        seen = seen + left[at][kind];
        let until_here = (off * seen / all).half_up();
        left[at][kind] = left[at][kind] - Ratio::of(until_here - taken);
        taken = until_here;
    }
}

/// A fixed amount off each invoice of a year. An invoice bills what is charged at least as often as the rarest that it bills.
fn split_a_year(amount: i64, meant: &[usize], rhythms: &[Ratio], left: &mut [[Ratio; 2]], kind: usize) {
    let zero = Ratio::of(0);
    let mut often: Vec<usize> = meant.iter().copied().filter(|at| rhythms[*at].is_positive()).collect();
    often.sort_by_key(|at| (rhythms[*at] * Ratio::of(-1_000_000)).half_up());
    let (mut billed, mut off, mut year) = (zero, zero, zero);
    for (place, at) in often.iter().enumerate() {
        billed = billed + left[*at][kind];
        year = year + left[*at][kind] * rhythms[*at];
        let next = often.get(place + 1).map_or(zero, |next| rhythms[*next]);
        off = off + (rhythms[*at] - next) * Ratio::of(amount).smaller(billed);
    }
    if year.is_positive() {
        for at in often {
            left[at][kind] = left[at][kind] - left[at][kind] * off / year;
        }
    }
}

/// A line's amount without discounts and contained tax.
fn net(line: &Value) -> i64 {
    let off = sum(&line["discount_amounts"], |_| true) + span::grants(line);
    line["amount"].as_i64().unwrap() - off - span::contained(line)
}

fn numbers(total: i64, credited: i64, year: Ratio, once: i64) -> Numbers {
    let year = if year.is_positive() { year } else { Ratio::of(0) };
    let arr = year.half_even();
    Numbers {
        total,
        credited,
        net: total - credited,
        mrr: (year / Ratio::of(12)).half_even(),
        arr,
        acv: arr + once,
    }
}

/// What so much an interval of the price comes to in a year.
pub(super) fn a_year(net: Ratio, price: &Value) -> Ratio {
    let recurring = &price["recurring"];
    if recurring["usage_type"] == "metered" {
        return Ratio::of(0);
    }
    let times = match recurring["interval"].as_str().unwrap() {
        "day" => 365,
        "week" => 52,
        "month" => 12,
        "year" => 1,
        other => panic!("{other}"),
    };
    net * Ratio::of(times) / Ratio::of(recurring["interval_count"].as_i64().unwrap())
}

/// What so many units of a price cost.
pub(super) fn cost(price: &Value, quantity: Option<i64>, currency: &str) -> i64 {
    if price["recurring"]["usage_type"] == "metered" {
        return 0;
    }
    let priced = if price["currency"] == currency {
        price
    } else {
        &price["currency_options"][currency]
    };
    let amount = |of: &Value, name: &str| {
        let exact = Ratio::read(&of[format!("{name}_decimal")]);
        exact.or_else(|| Ratio::read(&of[name])).unwrap_or(Ratio::of(0))
    };
    let mut units = quantity.unwrap_or(1);
    if let Some(by) = price["transform_quantity"]["divide_by"].as_i64() {
        let begun = i64::from(price["transform_quantity"]["round"] == "up" && units % by != 0);
        units = units / by + begun;
    }
    let step = |tier: &Value, units: i64| {
        (amount(tier, "unit_amount") * Ratio::of(units) + amount(tier, "flat_amount")).half_up()
    };
    let tiers = priced["tiers"].as_array();
    match price["tiers_mode"].as_str() {
        Some("volume") => {
            let holds = |tier: &&Value| tier["up_to"].as_i64().is_none_or(|up_to| units <= up_to);
            step(tiers.unwrap().iter().find(holds).unwrap(), units)
        }
        Some(_) => {
            let (mut below, mut total) = (0, 0);
            for tier in tiers.unwrap() {
                let up_to = tier["up_to"].as_i64().unwrap_or(i64::MAX).min(units);
                if below == 0 || up_to > below {
                    total += step(tier, up_to - below);
                }
                below = up_to.max(below);
                if below >= units {
                    break;
                }
            }
            total
        }
        None => (amount(priced, "unit_amount") * Ratio::of(units)).half_up(),
    }
}
