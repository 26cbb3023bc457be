//! Where contracts stand on a day, worked out anew from Stripe's JSON.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate};
use serde_json::{Value, json};

use super::money::Company;

/// What the invoices and subscriptions of a company say of their contracts.
pub(super) struct Course<'a> {
    company: &'a Company<'a>,
    invoices: &'a BTreeMap<String, Value>,
}

fn day(seconds: &Value) -> Option<NaiveDate> {
    DateTime::from_timestamp(seconds.as_i64()?, 0).map(|at| at.date_naive())
}

fn lines(invoice: &Value) -> &[Value] {
    invoice["lines"]["data"].as_array().unwrap()
}

fn is_proration(line: &Value) -> bool {
    ["subscription_item_details", "invoice_item_details"]
        .into_iter()
        .any(|of| line["parent"][of]["proration"] == true)
}

fn billed(invoice: &Value) -> Option<&str> {
    invoice["parent"]["subscription_details"]["subscription"].as_str()
}

impl<'a> Course<'a> {
    pub(super) fn of(company: &'a Company<'a>, invoices: &'a BTreeMap<String, Value>) -> Self {
        Self { company, invoices }
    }

    /// The status of a contract on a day.
    pub(super) fn status(&self, stripe_id: &str, today: NaiveDate) -> Value {
        match self.invoices.get(stripe_id) {
            Some(invoice) => json!(self.of_invoice(invoice, today)),
            None => json!(self.of_subscription(&self.company.subscriptions[stripe_id])),
        }
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

    fn of_subscription(&self, subscription: &Value) -> &'static str {
        let status = subscription["status"].as_str().unwrap();
        let has_come = subscription["cancel_at"]
            .as_i64()
            .is_some_and(|at| at <= self.company.now);
        match status {
            "canceled" => "CHURNED",
            "incomplete_expired" => "LOST",
            _ if has_come => "CHURNED",
            "trialing" => "FORECASTED",
            "unpaid" => "OVERDUE",
            _ => "ACTIVE",
        }
    }

    fn of_invoice(&self, invoice: &Value, today: NaiveDate) -> &'static str {
        let notes = self.company.notes_of(invoice);
        let given_back: i64 = notes.iter().map(|note| note["total"].as_i64().unwrap()).sum();
        if !notes.is_empty() && given_back >= invoice["total"].as_i64().unwrap() {
            return "CHURNED";
        }
        let (start, end) = self.term(invoice);
        if today < start {
            return "BOOKED";
        }
        if today < end || today == start {
            return "ACTIVE";
        }
        if !self.recurs(invoice) || self.is_renewed(invoice, end) {
            return "ENDED";
        }
        let subscription = billed(invoice).map(|id| &self.company.subscriptions[id]);
        let ended = subscription.and_then(|of| day(&of["ended_at"]).or_else(|| day(&of["cancel_at"])));
        if ended.is_some_and(|ended| ended <= today) {
            "CHURNED"
        } else {
            "OVERDUE"
        }
    }

    fn price_recurs(&self, line: &Value) -> bool {
        let price = line["pricing"]["price_details"]["price"].as_str();
        price.is_some_and(|price| self.company.price(price)["recurring"].is_object())
    }

    /// It has a line that comes again and is no proration.
    fn recurs(&self, invoice: &Value) -> bool {
        lines(invoice).iter().any(|line| {
            let is_metered = || {
                let price = line["pricing"]["price_details"]["price"].as_str().unwrap();
                self.company.price(price)["recurring"]["usage_type"] == "metered"
            };
            !is_proration(line) && self.price_recurs(line) && (line["amount"].as_i64().unwrap() >= 0 || is_metered())
        })
    }

    fn term(&self, invoice: &Value) -> (NaiveDate, NaiveDate) {
        let is_once = |line: &Value| !is_proration(line) && !self.price_recurs(line);
        if lines(invoice).iter().all(is_once) {
            let paid = day(&invoice["status_transitions"]["paid_at"]);
            let booked = paid
                .or_else(|| day(&invoice["effective_at"]))
                .or_else(|| day(&invoice["created"]));
            return (booked.unwrap(), booked.unwrap());
        }
        let any_regular = lines(invoice).iter().any(|line| !is_proration(line));
        let meant = || lines(invoice).iter().filter(|line| !any_regular || !is_proration(line));
        let start = meant().filter_map(|line| day(&line["period"]["start"])).min();
        let end = meant().filter_map(|line| day(&line["period"]["end"])).max();
        (start.unwrap(), end.unwrap())
    }

    /// When what is licensed in it begins; usage is billed behind.
    fn begins(&self, invoice: &Value) -> NaiveDate {
        let is_licensed = |line: &&Value| {
            let price = line["pricing"]["price_details"]["price"].as_str();
            let is_metered = price.is_some_and(|id| self.company.price(id)["recurring"]["usage_type"] == "metered");
            self.price_recurs(line) && !is_metered && !is_proration(line) && line["amount"].as_i64().unwrap() >= 0
        };
        let licensed = lines(invoice).iter().filter(is_licensed);
        let starts = licensed.filter_map(|line| day(&line["period"]["start"]));
        starts.min().unwrap_or_else(|| self.term(invoice).0)
    }

    fn is_renewed(&self, old: &Value, end: NaiveDate) -> bool {
        let Some(subscription) = billed(old) else { return false };
        self.invoices.values().any(|new| {
            let begins = self.begins(new);
            billed(new) == Some(subscription)
                && begins > self.begins(old)
                && begins >= end - Days::new(1)
                && self.recurs(new)
        })
    }
}
