//! Where contracts stand on a day, worked out anew from Stripe's JSON.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate};
use serde_json::{Value, json};

use super::money::Company;
use super::ratio::Ratio;
use super::span::{self, Period, bounds, is_credit, is_proration, lines};

const DAY_SECONDS: i64 = 86_400;

/// What the invoices and subscriptions of a company say of their contracts.
pub(crate) struct Course<'a> {
    company: &'a Company<'a>,
    invoices: &'a BTreeMap<String, Value>,
    /// The invoices of each subscription that were not given back in full, in the order of their terms.
    billed: BTreeMap<&'a str, Vec<&'a Value>>,
    /// What those charge for, by subscription and item.
    periods: BTreeMap<&'a str, BTreeMap<String, Vec<Period>>>,
    /// What each subscription was, by when it was known here.
    states: States,
}

/// Stripe's objects of subscriptions, each from a second on.
pub(crate) type States = BTreeMap<String, Vec<(i64, Value)>>;

fn day(seconds: &Value) -> Option<NaiveDate> {
    day_of(seconds.as_i64()?)
}

fn day_of(second: i64) -> Option<NaiveDate> {
    Some(DateTime::from_timestamp(second, 0)?.date_naive())
}

/// The first second after a day.
fn end_of(day: NaiveDate) -> i64 {
    (day + Days::new(1)).and_hms_opt(0, 0, 0).unwrap().and_utc().timestamp()
}

fn billed(invoice: &Value) -> Option<&str> {
    invoice["parent"]["subscription_details"]["subscription"].as_str()
}

fn id(object: &Value) -> &str {
    object["id"].as_str().unwrap()
}

impl<'a> Course<'a> {
    pub(crate) fn of(company: &'a Company<'a>, invoices: &'a BTreeMap<String, Value>) -> Self {
        let mut by_subscription: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
        for invoice in invoices
            .values()
            .filter(|invoice| given_back_on(company, invoice).is_none())
        {
            let Some(subscription) = billed(invoice) else { continue };
            by_subscription.entry(subscription).or_default().push(invoice);
        }
        let place = |invoice: &Value| (term(company, invoice).0, booked(invoice), id(invoice).to_owned());
        let mut periods = BTreeMap::new();
        for (subscription, invoices) in &mut by_subscription {
            periods.insert(*subscription, span::periods(company, invoices.iter().copied()));
            invoices.sort_by_key(|invoice| place(invoice));
        }
        Self {
            company,
            invoices,
            billed: by_subscription,
            periods,
            states: states_now(company),
        }
    }

    /// The same where subscriptions were seen again and again.
    pub(crate) fn with_states(self, states: States) -> Self {
        Self { states, ..self }
    }

    /// The subscription as it was at the end of a day, if it was known by then.
    fn state(&self, subscription: &str, day: NaiveDate) -> Option<&Value> {
        let states = self.states.get(subscription)?;
        let known = states.iter().take_while(|(from, _)| *from < end_of(day));
        known.last().map(|(_, state)| state)
    }

    /// The status that a contract had on a day in the past.
    pub(crate) fn status_then(&self, stripe_id: &str, day: NaiveDate) -> Vec<Value> {
        let Some(invoice) = self.invoices.get(stripe_id) else {
            return vec![json!(self.of_subscription_then(stripe_id, day))];
        };
        self.of_invoice(invoice, day)
            .into_iter()
            .map(|status| json!(status))
            .collect()
    }

    fn of_subscription_then(&self, stripe_id: &str, day: NaiveDate) -> &'static str {
        if let Some(state) = self.state(stripe_id, day) {
            return self.of_subscription(state, end_of(day));
        }
        let subscription = &self.company.subscriptions[stripe_id];
        let is_past = |field: &str| self::day(&subscription[field]).is_some_and(|at| at <= day);
        match is_past("created") {
            _ if is_past("ended_at") => "CHURNED",
            true => "ACTIVE",
            false => "BOOKED",
        }
    }

    /// What the invoices of a subscription say that it brings a year at a second.
    pub(crate) fn told_by_invoices(&self, subscription: &str, at: i64) -> Ratio {
        let items = self.items_by_invoices(subscription, at).into_values();
        items.fold(Ratio::of(0), |sum, year| sum + year)
    }

    /// The same of each item.
    pub(crate) fn items_by_invoices(&self, subscription: &str, at: i64) -> BTreeMap<String, Ratio> {
        let items = self.periods.get(subscription).into_iter().flatten();
        items
            .map(|(item, periods)| (item.clone(), span::brought(periods, at)))
            .collect()
    }

    /// What it brought a year at a second by its own object; `None` before it was known.
    pub(crate) fn told_by_itself(&self, subscription: &str, at: i64) -> Option<Ratio> {
        let items = self.items_by_itself(subscription, at)?.into_values();
        Some(items.fold(Ratio::of(0), |sum, year| sum + year))
    }

    /// The same of each item.
    pub(crate) fn items_by_itself(&self, subscription: &str, at: i64) -> Option<BTreeMap<String, Ratio>> {
        let states = self.states.get(subscription)?;
        let (_, state) = states.iter().take_while(|(from, _)| *from <= at).last()?;
        Some(self.company.years_of(state, at))
    }

    /// The status of a contract on a day; where it depends on whether something was seen here before it went, each that may be.
    pub(super) fn status(&self, stripe_id: &str, today: NaiveDate) -> Vec<Value> {
        let told = match self.invoices.get(stripe_id) {
            Some(invoice) => self.of_invoice(invoice, today),
            None => vec![self.of_subscription(&self.company.subscriptions[stripe_id], self.company.now + 1)],
        };
        told.into_iter().map(|status| json!(status)).collect()
    }

    /// Whether a contract goes on by itself; none where there is no subscription.
    pub(super) fn auto_renew(&self, stripe_id: &str) -> Option<bool> {
        let subscription = match self.invoices.get(stripe_id) {
            Some(invoice) => billed(invoice)?,
            None => stripe_id,
        };
        let subscription = &self.company.subscriptions[subscription];
        let is_over = ["canceled", "incomplete_expired"].contains(&subscription["status"].as_str().unwrap());
        Some(!is_over && subscription["cancel_at"].is_null() && subscription["cancel_at_period_end"] != true)
    }

    /// Before `end`, a second of the day it is asked on.
    fn of_subscription(&self, subscription: &Value, end: i64) -> &'static str {
        let status = subscription["status"].as_str().unwrap();
        // In its trial, or as that ends.
        let given_up =
            |end: &str| subscription[end].is_i64() && subscription[end].as_i64() <= subscription["trial_end"].as_i64();
        match status {
            "canceled" if given_up("ended_at") => "LOST",
            "canceled" => "CHURNED",
            "incomplete_expired" => "LOST",
            _ if self.end_has_come(subscription, end) && given_up("cancel_at") => "LOST",
            _ if self.end_has_come(subscription, end) => "CHURNED",
            "trialing" => "FORECASTED",
            "unpaid" => "OVERDUE",
            _ => "ACTIVE",
        }
    }

    fn end_has_come(&self, subscription: &Value, end: i64) -> bool {
        let known = end.min(self.company.now + 1);
        subscription["cancel_at"].as_i64().is_some_and(|at| at < known)
    }

    fn of_invoice(&self, invoice: &Value, today: NaiveDate) -> Vec<&'static str> {
        if given_back_on(self.company, invoice).is_some_and(|on| on <= today) {
            return vec!["CHURNED"];
        }
        let (start, end) = term(self.company, invoice);
        if today < start {
            return vec!["BOOKED"];
        }
        let (left_on, left_as) = self.left(invoice).unzip();
        if left_on.is_some_and(|on| on <= today) {
            return left_as.into_iter().collect();
        }
        if today < end || today == start {
            return vec!["ACTIVE"];
        }
        let is_renewed = || self.renewed_by(invoice, end).is_some();
        if !lines(invoice).iter().any(|line| is_regular(self.company, line)) || is_renewed() {
            return vec!["ENDED"];
        }
        let by_subscription = self.past_its_term(invoice, today);
        // Whoever saw its items leave the subscription knows that nothing comes after it.
        let churned = (left_on.is_none() && self.lost_its_items(invoice)).then_some("CHURNED");
        [by_subscription].into_iter().chain(churned).collect()
    }

    /// The day from which each of its items is in the hands of a newer invoice, or was given back.
    fn left(&self, invoice: &Value) -> Option<(NaiveDate, &'static str)> {
        let periods = self.periods.get(billed(invoice)?)?.values();
        let (mut last, mut all_back, mut any) = (i64::MIN, true, false);
        for of_item in periods {
            let Some(own) = of_item.iter().rposition(|period| period.invoice == id(invoice)) else {
                continue;
            };
            let (at, is_back) = item_left(own, of_item)?;
            any = true;
            last = last.max(at);
            all_back &= is_back;
        }
        let status = if all_back { "CHURNED" } else { "ENDED" };
        day_of(last).filter(|_| any).map(|on| (on, status))
    }

    /// When each of its items begins for the last time, with what it charges for.
    fn items(&self, invoice: &Value) -> BTreeMap<String, i64> {
        let periods = span::periods(self.company, [invoice]);
        periods
            .into_iter()
            .map(|(item, periods)| (item, periods.last().unwrap().from))
            .collect()
    }

    fn renewed_by(&self, old: &Value, end: NaiveDate) -> Option<&Value> {
        let (own, begins) = (self.items(old), term(self.company, old).0);
        let mut billed_before: BTreeSet<String> = BTreeSet::new();
        let invoices = self.billed.get(billed(old)?)?.iter();
        for new in invoices.filter(|new| lines(new).iter().any(|line| is_regular(self.company, line))) {
            let items = self.items(new);
            let starts = term(self.company, new).0;
            let follows = starts > begins && starts >= end - Days::new(1);
            let goes_on = items
                .keys()
                .any(|item| own.contains_key(item) || !billed_before.contains(item));
            let is_newer = || {
                own.iter()
                    .all(|(item, from)| items.get(item).is_some_and(|new| new > from))
            };
            let is_other = starts >= begins && id(new) != id(old);
            if is_other && ((follows && (goes_on || own.is_empty())) || (!own.is_empty() && is_newer())) {
                return Some(new);
            }
            billed_before.extend(items.into_keys());
        }
        None
    }

    /// None of its items is in the subscription any more.
    fn lost_its_items(&self, invoice: &Value) -> bool {
        let own = self.items(invoice);
        let Some(subscription) = billed(invoice).and_then(|id| self.company.subscriptions.get(id)) else {
            return false;
        };
        let has = |item: &Value| own.contains_key(item["id"].as_str().unwrap());
        !own.is_empty() && !subscription["items"]["data"].as_array().unwrap().iter().any(has)
    }

    /// What its subscription says of it: how it stood on that day, if it was known by then.
    fn past_its_term(&self, invoice: &Value, today: NaiveDate) -> &'static str {
        let Some(subscription) = billed(invoice) else {
            return "OVERDUE";
        };
        let Some(state) = self.state(subscription, today) else {
            let subscription = &self.company.subscriptions[subscription];
            let last = day(&subscription["ended_at"]).or_else(|| day(&subscription["cancel_at"]));
            return if last.is_some_and(|last| last <= today) {
                "CHURNED"
            } else {
                "OVERDUE"
            };
        };
        let ended = self.ended(state, today);
        match state["status"].as_str().unwrap() {
            "incomplete_expired" => "LOST",
            _ if ended.is_some() && ended <= state["trial_end"].as_i64() => "LOST",
            _ if ended.is_some() => "CHURNED",
            "past_due" | "unpaid" | "incomplete" => "OVERDUE",
            _ => {
                let items = state["items"]["data"].as_array().unwrap().iter();
                let until = items.filter_map(|item| item["current_period_end"].as_i64()).max();
                let runs = until.is_none_or(|until| until + DAY_SECONDS >= end_of(today));
                if runs { "ENDED" } else { "OVERDUE" }
            }
        }
    }

    fn ended(&self, subscription: &Value, today: NaiveDate) -> Option<i64> {
        let ended = subscription["ended_at"]
            .as_i64()
            .filter(|_| subscription["status"] == "canceled");
        let scheduled = || {
            subscription["cancel_at"]
                .as_i64()
                .filter(|_| self.end_has_come(subscription, end_of(today)))
        };
        ended.or_else(scheduled)
    }
}

/// Each as it is, seen when everything was; an ended one from its end.
fn states_now(company: &Company<'_>) -> States {
    let states = company
        .subscriptions
        .iter()
        .filter(|(_, subscription)| subscription["status"] != "incomplete");
    let known = states.map(|(id, subscription)| {
        let ended = subscription["ended_at"]
            .as_i64()
            .filter(|_| subscription["status"] == "canceled");
        let scheduled = subscription["cancel_at"].as_i64().filter(|at| *at <= company.now);
        let since = company.since.min(ended.or(scheduled).unwrap_or(i64::MAX));
        (id.clone(), vec![(since, subscription.clone())])
    });
    known.collect()
}

/// The day on which credit notes had given all of it back, or on which it was voided or written off.
fn given_back_on(company: &Company<'_>, invoice: &Value) -> Option<NaiveDate> {
    let at = &invoice["status_transitions"];
    match invoice["status"].as_str() {
        Some("void") => return day(&at["voided_at"]),
        Some("uncollectible") => return day(&at["marked_uncollectible_at"]),
        _ => {}
    }
    let notes = company.notes_of(invoice);
    let given_back: i64 = notes.iter().map(|note| note["total"].as_i64().unwrap()).sum();
    if given_back < invoice["total"].as_i64().unwrap() {
        return None;
    }
    let on = |note: &Value| day(&note["effective_at"]).or_else(|| day(&note["created"]));
    notes.iter().filter_map(on).max()
}

/// When the last period of an invoice, at this place among the item's, was left, and whether with nothing newer in its place.
fn item_left(own: usize, of_item: &[Period]) -> Option<(i64, bool)> {
    let period = &of_item[own];
    let is_other = |other: &&Period| other.invoice != period.invoice && other.until > other.from;
    let mut later = of_item[own + 1..].iter().filter(is_other);
    let newer = later.find(|other| other.from < period.until).map(|other| other.from);
    let at = [period.closed_at, newer].into_iter().flatten().min()?;
    let is_held = of_item
        .iter()
        .any(|other| other.invoice != period.invoice && other.holds(at));
    let gives_way = period.is_exchanged && period.closed_at == Some(at);
    Some((at, !is_held && !gives_way))
}

/// What comes again and is licensed.
fn is_regular(company: &Company<'_>, line: &Value) -> bool {
    !is_proration(line) && company.kind(line) == "licensed" && line["amount"].as_i64().unwrap() >= 0
}

fn booked(invoice: &Value) -> NaiveDate {
    let paid = day(&invoice["status_transitions"]["paid_at"]);
    let other = || day(&invoice["effective_at"]).or_else(|| day(&invoice["created"]));
    paid.or_else(other).unwrap()
}

/// From the first day to the day after the last: of what comes again; else of usage, of prorations, of what is sold once for a time; else the
/// day on which it is booked.
fn term(company: &Company<'_>, invoice: &Value) -> (NaiveDate, NaiveDate) {
    let is_usage = |line: &Value| !is_proration(line) && company.kind(line) == "metered";
    let is_moved = |line: &Value| {
        let is_back = company.kind(line) == "licensed" && line["amount"].as_i64().unwrap() < 0;
        is_proration(line) || is_back || is_credit(line)
    };
    let is_fee = |line: &Value| !is_proration(line) && company.kind(line) == "once" && bounds(line).1 > bounds(line).0;
    let tells: [&dyn Fn(&Value) -> bool; 4] = [&|line| is_regular(company, line), &is_usage, &is_moved, &is_fee];
    for tells in tells {
        let telling = || lines(invoice).iter().filter(|line| tells(line)).map(bounds);
        if let (Some(start), Some(end)) = (telling().map(|of| of.0).min(), telling().map(|of| of.1).max()) {
            return (day_of(start).unwrap(), day_of(end.max(start)).unwrap());
        }
    }
    (booked(invoice), booked(invoice))
}
