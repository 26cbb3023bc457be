//! What is recorded while lives go on.

use std::collections::BTreeMap;

use sandbox::{Kind, Sandbox, World};
use serde_json::Value;

use crate::support::{Company, Course, Ratio, States, truth};

/// The subscriptions as they were, each state from its second on.
#[derive(Default)]
pub(super) struct Record {
    pub(super) states: States,
}

impl Record {
    /// Writes down what is not as it was.
    pub(super) fn look(&mut self, world: &World) {
        for subscription in world.truth(Kind::Subscription) {
            let id = subscription["id"].as_str().unwrap().to_owned();
            let states = self.states.entry(id).or_default();
            match states.last_mut() {
                Some((_, last)) if *last == subscription => {}
                Some((at, last)) if *at == world.now() => *last = subscription,
                _ => states.push((world.now(), subscription)),
            }
        }
    }
}

/// Everything that is reckoned with at the end.
pub(super) struct Known<'a> {
    pub(super) company: Company<'a>,
    /// Those that make contracts.
    pub(super) invoices: BTreeMap<String, Value>,
    /// All invoices.
    bills: Vec<Value>,
    pub(super) states: States,
}

impl<'a> Known<'a> {
    pub(super) fn of(sandbox: &'a Sandbox, record: &Record) -> Self {
        let was_paid = |invoice: &Value| invoice["status_transitions"]["paid_at"].is_i64() && invoice["total"] != 0;
        Self {
            company: Company::of(sandbox, sandbox.world().now()),
            invoices: truth(sandbox, Kind::Invoice, was_paid),
            bills: sandbox.world().truth(Kind::Invoice),
            states: record.states.clone(),
        }
    }

    pub(super) fn course(&'a self) -> Course<'a> {
        Course::of(&self.company, &self.invoices).with_states(self.states.clone())
    }
}

impl Known<'_> {
    /// Why invoices may say something else of a second than the subscription itself does.
    pub(super) fn reason(&self, course: &Course<'_>, subscription: &str, at: i64) -> Option<&'static str> {
        let bills = || {
            let all = self.bills.iter();
            all.filter(|invoice| invoice["parent"]["subscription_details"]["subscription"] == subscription)
        };
        let lines = |invoice: &'_ Value| invoice["lines"]["data"].as_array().cloned().unwrap();
        let holds =
            |line: &Value| line["period"]["start"].as_i64() <= Some(at) && line["period"]["end"].as_i64() > Some(at);
        let uncounted = |invoice: &&Value| !self.counts(invoice) && lines(invoice).iter().any(holds);
        if let Some(invoice) = bills().find(uncounted) {
            return Some(match invoice["status"].as_str().unwrap() {
                "paid" if invoice["total"] == 0 => "an invoice over nothing is no contract",
                "paid" => "an invoice that was given back says nothing",
                "open" => "an invoice that is not paid says nothing",
                "draft" => "a draft says nothing",
                _ => "an invoice that was voided or written off says nothing",
            });
        }
        let states = &self.states[subscription];
        let (_, state) = states.iter().take_while(|(from, _)| *from <= at).last()?;
        if !["active", "past_due"].contains(&state["status"].as_str().unwrap()) {
            return Some("it ended, or stopped to count, and nothing was given back");
        }
        // Of each item that differs: what invoices say of it was so by the subscription itself before it was changed.
        let by_invoices = course.items_by_invoices(subscription, at);
        let by_itself = course.items_by_itself(subscription, at)?;
        let of = |items: &BTreeMap<String, Ratio>, item: &str| items.get(item).map_or(0, |year| year.half_even());
        let was_so = |item: &str| {
            let before = states.iter().take_while(|(from, _)| *from <= at);
            let told = of(&by_invoices, item);
            told == 0
                || before
                    .filter_map(|(from, _)| course.items_by_itself(subscription, *from))
                    .any(|then| of(&then, item) == told)
        };
        let items = by_invoices.keys().chain(by_itself.keys());
        let differ = items.filter(|item| of(&by_invoices, item) != of(&by_itself, item));
        differ
            .into_iter()
            .all(|item| was_so(item))
            .then_some("a change that no invoice has told yet")
    }

    fn counts(&self, invoice: &Value) -> bool {
        let id = invoice["id"].as_str().unwrap();
        let is_given_back = || {
            let given: i64 = self
                .company
                .notes_of(invoice)
                .iter()
                .map(|note| note["total"].as_i64().unwrap())
                .sum();
            given > 0 && given >= invoice["total"].as_i64().unwrap()
        };
        self.invoices.contains_key(id) && invoice["status"] == "paid" && !is_given_back()
    }
}
