//! Acts of billing: invoices made, paid and voided, subscriptions begun, altered
//! and ended, credit notes given and taken back.

use serde_json::json as value;

use super::currency::Currency;
use super::overlay::merge;
use super::{Kind, World, credit_note};
use crate::json::{Json, json};

impl World {
    /// Creates an open invoice with one line of so many minor units in the
    /// customer's currency; gives its id.
    pub fn create_invoice(&self, customer_id: &str, amount_minor: i64) -> String {
        self.create_invoice_at(customer_id, amount_minor, self.now())
    }

    /// The same, made at another time (Unix seconds).
    pub fn create_invoice_at(&self, customer_id: &str, amount_minor: i64, created: i64) -> String {
        let (index, invoice) = self.new_invoice(customer_id, amount_minor, created);
        let events = ["invoice.created", "invoice.finalized"];
        self.create(Kind::Invoice, index, invoice, value!({}), &events)
    }

    /// Creates an invoice made at one time and paid at another (Unix seconds),
    /// for one line of 50.00; gives its id.
    pub fn create_paid_invoice(&self, customer_id: &str, created: i64, paid_at: i64) -> String {
        let (index, mut invoice) = self.new_invoice(customer_id, 5_000, created);
        merge(
            &mut invoice,
            json!({
                "amount_paid": 5_000, "amount_remaining": 0, "attempt_count": 1, "attempted": true,
                "auto_advance": false, "status": "paid", "status_transitions": {"paid_at": paid_at},
            }),
        );
        self.create(Kind::Invoice, index, invoice, value!({}), &["invoice.paid"])
    }

    fn new_invoice(&self, customer_id: &str, amount_minor: i64, created: i64) -> (u64, Json) {
        let customer = self.find(Kind::Customer, customer_id).unwrap_or_default();
        let currency = customer["currency"].as_str().unwrap_or("usd");
        let index = self.reserve(Kind::Invoice);
        let mut invoice = self.blank_invoice(index, amount_minor, created);
        merge(
            &mut invoice,
            json!({
                "currency": currency, "customer": customer_id, "customer_name": &customer["name"],
                "customer_email": &customer["email"],
            }),
        );
        if let Some(lines) = invoice["lines"]["data"].as_array_mut() {
            for line in lines {
                line["currency"] = json!(currency);
            }
        }
        (index, invoice)
    }

    /// Pays an invoice now.
    pub fn pay_invoice(&self, id: &str) {
        let Some(invoice) = self.find(Kind::Invoice, id) else {
            return;
        };
        let patch = json!({
            "status": "paid", "amount_paid": &invoice["amount_due"], "amount_remaining": 0,
            "attempted": true, "auto_advance": false, "status_transitions": {"paid_at": self.now()},
        });
        self.amend(Kind::Invoice, id, patch, &["invoice.updated", "invoice.paid"]);
    }

    /// Voids an invoice now.
    pub fn void_invoice(&self, id: &str) {
        let patch = json!({
            "status": "void", "auto_advance": false, "status_transitions": {"voided_at": self.now()},
        });
        self.amend(Kind::Invoice, id, patch, &["invoice.updated", "invoice.voided"]);
    }

    /// Begins a subscription to one unit of each price now; gives its id.
    pub fn create_subscription(&self, customer_id: &str, price_ids: &[&str]) -> String {
        let index = self.reserve(Kind::Subscription);
        let customer = self.find(Kind::Customer, customer_id).unwrap_or_default();
        let prices: Vec<Json> = price_ids.iter().filter_map(|id| self.find(Kind::Price, id)).collect();
        let currency = prices.first().unwrap_or(&customer)["currency"]
            .as_str()
            .unwrap_or("usd");
        let mut subscription = self.blank_subscription(index, &prices);
        merge(
            &mut subscription,
            json!({"currency": currency, "customer": customer_id}),
        );
        let events = ["customer.subscription.created"];
        self.create(Kind::Subscription, index, subscription, value!({}), &events)
    }

    /// Takes an item out of a subscription.
    pub fn remove_item(&self, subscription_id: &str, item_id: &str) {
        let Some(mut subscription) = self.find(Kind::Subscription, subscription_id) else {
            return;
        };
        if let Some(items) = subscription["items"]["data"].as_array_mut() {
            items.retain(|item| item["id"] != item_id);
        }
        let patch = json!({"items": {"data": subscription["items"]["data"].take()}});
        let events = ["customer.subscription.updated"];
        self.amend(Kind::Subscription, subscription_id, patch, &events);
    }

    /// Ends a subscription now; one that has ended stays as it is, as Stripe has it.
    pub fn cancel_subscription(&self, id: &str) {
        let subscription = self.find(Kind::Subscription, id).unwrap_or_default();
        if matches!(subscription["status"].as_str(), Some("canceled" | "incomplete_expired")) {
            return;
        }
        let patch = json!({
            "status": "canceled", "canceled_at": self.now(), "ended_at": self.now(),
            "cancellation_details": {"reason": "cancellation_requested"},
        });
        self.amend(Kind::Subscription, id, patch, &["customer.subscription.deleted"]);
    }

    /// Credits a quarter of an invoice's total after payment; gives the note's
    /// id, or an empty one when there is no such invoice.
    pub fn create_credit_note(&self, invoice_id: &str) -> String {
        let Some(invoice) = self.find(Kind::Invoice, invoice_id) else {
            return String::new();
        };
        let currency = invoice["currency"].as_str().unwrap_or("usd");
        let step = Currency::ALL.into_iter().find(|known| known.code() == currency);
        let step = step.map_or(1, Currency::step);
        let amount = invoice["total"].as_i64().unwrap_or_default() / 4 / step * step;
        self.give_back(invoice_id, amount)
    }

    /// Credits so many minor units of an invoice after payment; gives the note's id, or an empty one when there is no such invoice.
    pub fn give_back(&self, invoice_id: &str, amount: i64) -> String {
        let Some(invoice) = self.find(Kind::Invoice, invoice_id) else {
            return String::new();
        };
        let currency = invoice["currency"].as_str().unwrap_or("usd");
        let index = self.reserve(Kind::CreditNote);
        let note = credit_note::render(&credit_note::Note {
            id: &Self::encoded(Kind::CreditNote, index),
            invoice: invoice_id,
            customer: invoice["customer"].as_str(),
            currency,
            amount,
            created: self.now(),
            voided_at: None,
            livemode: self.livemode(),
        });
        let id = self.create(Kind::CreditNote, index, note, value!({}), &["credit_note.created"]);
        self.credit(invoice_id, amount);
        id
    }

    /// Takes a credit note back.
    pub fn void_credit_note(&self, id: &str) {
        let Some(note) = self.find(Kind::CreditNote, id).filter(|note| note["status"] != "void") else {
            return;
        };
        let patch = json!({"status": "void", "voided_at": self.now()});
        self.amend(Kind::CreditNote, id, patch, &["credit_note.voided"]);
        let amount = note["amount"].as_i64().unwrap_or_default();
        self.credit(note["invoice"].as_str().unwrap_or_default(), -amount);
    }

    /// Raises what credit notes have given back of a paid invoice.
    fn credit(&self, invoice_id: &str, amount: i64) {
        let Some(invoice) = self.find(Kind::Invoice, invoice_id) else {
            return;
        };
        let credited = invoice["post_payment_credit_notes_amount"].as_i64().unwrap_or_default();
        let patch = json!({ "post_payment_credit_notes_amount": credited + amount });
        self.amend(Kind::Invoice, invoice_id, patch, &["invoice.updated"]);
    }
}
