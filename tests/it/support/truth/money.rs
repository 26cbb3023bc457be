//! What contracts come to, reckoned anew from Stripe's JSON by the rules in `docs/contracts.md`, without any of the product's own code.

use std::collections::BTreeMap;

use sandbox::{Kind, Sandbox};
use serde_json::Value;

use super::ratio::Ratio;
use super::{sum, truth};

/// Amounts of a contract, minor units.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Numbers {
    pub(super) total: i64,
    pub(super) credited: i64,
    pub(super) net: i64,
    pub(super) mrr: i64,
    pub(super) arr: i64,
    pub(super) acv: i64,
}

/// What amounts are reckoned with.
pub(super) struct Company<'a> {
    sandbox: &'a Sandbox,
    pub(super) now: i64,
    prices: BTreeMap<String, Value>,
    customers: BTreeMap<String, Value>,
    pub(super) subscriptions: BTreeMap<String, Value>,
    notes: BTreeMap<String, Vec<Value>>,
}

impl<'a> Company<'a> {
    /// As it is at `now`, Unix seconds.
    pub(super) fn of(sandbox: &'a Sandbox, now: i64) -> Self {
        let mut notes: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for note in truth(sandbox, Kind::CreditNote, |note| note["status"] != "void").into_values() {
            let invoice = note["invoice"].as_str().unwrap().to_owned();
            notes.entry(invoice).or_default().push(note);
        }
        let all = |kind| truth(sandbox, kind, |object| object["deleted"] != true);
        Self {
            sandbox,
            now,
            prices: all(Kind::Price),
            customers: all(Kind::Customer),
            subscriptions: all(Kind::Subscription),
            notes,
        }
    }

    /// The credit notes of an invoice that count.
    pub(super) fn notes_of(&self, invoice: &Value) -> &[Value] {
        self.notes
            .get(invoice["id"].as_str().unwrap())
            .map_or(&[], Vec::as_slice)
    }

    pub(super) fn price(&self, id: &str) -> &Value {
        &self.prices[id]
    }

    /// What the contract of an invoice or a subscription comes to.
    pub(super) fn numbers(&self, object: &Value) -> Numbers {
        if object["object"] == "invoice" {
            self.of_invoice(object)
        } else {
            self.of_subscription(object)
        }
    }

    fn of_invoice(&self, invoice: &Value) -> Numbers {
        let (mut year, mut once) = (Ratio::of(0), 0);
        for line in invoice["lines"]["data"].as_array().unwrap() {
            let grants = sum(&line["pretax_credit_amounts"], |credit| {
                credit["type"] == "credit_balance_transaction"
            });
            let contained = sum(&line["taxes"], |tax| tax["tax_behavior"] == "inclusive");
            let net = line["amount"].as_i64().unwrap() - sum(&line["discount_amounts"], |_| true) - grants - contained;
            let details =
                ["subscription_item_details", "invoice_item_details"].map(|of| &line["parent"][of]["proration"]);
            if details.into_iter().any(|proration| proration == true) {
                continue;
            }
            let price = line["pricing"]["price_details"]["price"].as_str();
            match price
                .map(|price| &self.prices[price])
                .filter(|price| price["recurring"].is_object())
            {
                Some(price) => year = year + a_year(Ratio::of(net), price),
                None => once += net,
            }
        }
        // Generated invoices are whole: what they come to without tax is Stripe's own figure.
        let total = invoice["total_excluding_tax"].as_i64().unwrap();
        let credited = |note: &Value| note["total_excluding_tax"].as_i64().unwrap();
        let credited = self.notes_of(invoice).iter().map(credited).sum();
        numbers(total, credited, year, once)
    }

    fn of_subscription(&self, subscription: &Value) -> Numbers {
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
                self.take_off(&self.discount(id), currency, sold, &mut left[at..=at]);
            }
        }
        let (mut any, mut any_lasting) = (false, false);
        for id in subscription["discounts"].as_array().unwrap() {
            let discount = self.discount(id);
            let runs = self.take_off(&discount, currency, (&products, &rhythms), &mut left);
            let coupon = self.sandbox.world().terms_of(&discount).unwrap();
            any |= runs;
            any_lasting |= runs && coupon["duration"] != "once";
        }
        let customer = self.customers.get(subscription["customer"].as_str().unwrap());
        if let Some(customer) = customer.filter(|customer| customer["discount"].is_object()) {
            let mut with_customers = left.clone();
            let sold = (&products[..], &rhythms[..]);
            self.take_off(&customer["discount"], currency, sold, &mut with_customers);
            for (left, with) in left.iter_mut().zip(with_customers) {
                if !any {
                    left[0] = with[0];
                }
                if !any_lasting {
                    left[1] = with[1];
                }
            }
        }
        let counts = ["active", "past_due"].contains(&subscription["status"].as_str().unwrap())
            && subscription["cancel_at"].as_i64().is_none_or(|at| at > self.now);
        let mut year = Ratio::of(0);
        for (item, [_, lasting]) in items.iter().zip(&left).filter(|_| counts) {
            year = year + a_year(*lasting, &item["price"]);
        }
        let total = left.iter().map(|[all, _]| all.half_up()).sum();
        numbers(total, 0, year, 0)
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
        discount: &Value,
        currency: &str,
        (products, rhythms): (&[String], &[Ratio]),
        left: &mut [[Ratio; 2]],
    ) -> bool {
        let runs = discount["start"].as_i64().is_none_or(|start| start <= self.now)
            && discount["end"].as_i64().is_none_or(|end| end > self.now);
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

fn a_year(net: Ratio, price: &Value) -> Ratio {
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

fn cost(price: &Value, quantity: Option<i64>, currency: &str) -> i64 {
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
