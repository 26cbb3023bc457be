//! What a test can do to the world; each act tells of itself by events.

use serde_json::{Value, json};

use super::overlay::merge;
use super::{Kind, World, credit_note};

impl World {
    /// Creates a customer with these fields; gives its id.
    pub fn create_customer(&self, patch: Value) -> String {
        let customer = json!({
            "object": "customer", "address": null, "balance": 0, "business_name": null,
            "currency": null, "customer_account": null, "default_source": null,
            "delinquent": false, "description": null, "discount": null, "email": null,
            "individual_name": null, "invoice_prefix": "SBNEW",
            "invoice_settings": {
                "custom_fields": null, "default_payment_method": null, "footer": null,
                "rendering_options": null,
            },
            "metadata": {}, "name": null, "next_invoice_sequence": 1, "phone": null,
            "preferred_locales": [], "shipping": null, "tax_exempt": "none", "test_clock": null,
        });
        self.create(Kind::Customer, customer, patch, &["customer.created"])
    }

    /// Creates a product with these fields, `id` among them if wished; gives its id.
    pub fn create_product(&self, patch: Value) -> String {
        let product = json!({
            "object": "product", "active": true, "default_price": null, "description": null,
            "images": [], "marketing_features": [], "metadata": {}, "name": "New product",
            "package_dimensions": null, "shippable": null, "statement_descriptor": null,
            "tax_code": null, "tax_details": null, "type": "service", "unit_label": null,
            "updated": self.now(), "url": null,
        });
        self.create(Kind::Product, product, patch, &["product.created"])
    }

    /// Changes fields of an object; a nested object is merged, an array taken
    /// whole. Nothing happens when there is no such object.
    pub fn update(&self, kind: Kind, id: &str, patch: Value) {
        let event = match kind {
            Kind::Subscription => "customer.subscription.updated".to_owned(),
            _ => format!("{}.updated", kind.object()),
        };
        self.amend(kind, id, patch, &[&event]);
    }

    /// Deletes a customer and cancels their subscriptions.
    pub fn delete_customer(&self, id: &str) {
        let Some(index) = self.resolve(Kind::Customer, id) else {
            return;
        };
        let Some(before) = self.current(Kind::Customer, index) else {
            return;
        };
        let subscriptions: Vec<u64> = (0..self.generated(Kind::Subscription))
            .filter(|index| self.field(Kind::Subscription, *index, "customer").as_deref() == Some(id))
            .filter(|index| self.field(Kind::Subscription, *index, "status").as_deref() != Some("canceled"))
            .collect();
        for subscription in subscriptions {
            self.cancel_subscription(&Self::id(Kind::Subscription, subscription));
        }
        self.keep(Kind::Customer, index, Self::stub(id));
        self.tell("customer.deleted", before, None);
    }

    /// Deletes a product; it is then found nowhere.
    pub fn delete_product(&self, id: &str) {
        let Some(index) = self.resolve(Kind::Product, id) else {
            return;
        };
        let Some(before) = self.current(Kind::Product, index) else {
            return;
        };
        self.with_changes(|changes| changes.gone.insert((Kind::Product, index)));
        self.tell("product.deleted", before, None);
    }

    /// Creates an invoice made at one time and paid at another (Unix seconds),
    /// for one line of 50.00; gives its id.
    pub fn create_paid_invoice(&self, customer_id: &str, created: i64, paid_at: i64) -> String {
        let customer = self.get(Kind::Customer, customer_id).unwrap_or_default();
        let currency = customer["currency"].as_str().unwrap_or("usd");
        let mut invoice = self.blank_invoice(self.next_index(Kind::Invoice), 5_000);
        merge(
            &mut invoice,
            json!({
                "created": created, "currency": currency, "customer": customer_id,
                "customer_name": customer["name"], "customer_email": customer["email"],
                "amount_paid": 5_000, "amount_remaining": 0, "attempt_count": 1, "attempted": true,
                "auto_advance": false, "due_date": null, "effective_at": created,
                "ending_balance": 0, "period_start": created, "period_end": created,
                "status": "paid", "status_transitions": {"finalized_at": created, "paid_at": paid_at},
            }),
        );
        merge(
            &mut invoice["lines"]["data"][0],
            json!({
                "currency": currency, "period": {"start": created, "end": created},
            }),
        );
        self.create(Kind::Invoice, invoice, json!({}), &["invoice.paid"])
    }

    /// Pays an invoice now.
    pub fn pay_invoice(&self, id: &str) {
        let Some(invoice) = self.get(Kind::Invoice, id) else {
            return;
        };
        let patch = json!({
            "status": "paid", "amount_paid": invoice["amount_due"], "amount_remaining": 0,
            "attempted": true, "status_transitions": {"paid_at": self.now()},
        });
        self.amend(Kind::Invoice, id, patch, &["invoice.updated", "invoice.paid"]);
    }

    /// Ends a subscription now.
    pub fn cancel_subscription(&self, id: &str) {
        let patch = json!({
            "status": "canceled", "canceled_at": self.now(), "ended_at": self.now(),
            "cancellation_details": {"reason": "cancellation_requested"},
        });
        self.amend(Kind::Subscription, id, patch, &["customer.subscription.deleted"]);
    }

    /// Credits a quarter of an invoice's total after payment; gives the note's
    /// id, or an empty one when there is no such invoice.
    pub fn create_credit_note(&self, invoice_id: &str) -> String {
        let Some(invoice) = self.get(Kind::Invoice, invoice_id) else {
            return String::new();
        };
        let step = match invoice["currency"].as_str() {
            Some("isk") => 100,
            Some("kwd") => 10,
            _ => 1,
        };
        let amount = invoice["total"].as_i64().unwrap_or_default() / 4 / step * step;
        let note = credit_note::render(&credit_note::Note {
            id: &self.next_id(Kind::CreditNote),
            invoice: invoice_id,
            customer: invoice["customer"].as_str(),
            currency: invoice["currency"].as_str().unwrap_or("usd"),
            amount,
            created: self.now(),
            voided_at: None,
            livemode: self.livemode(),
        });
        let id = self.create(Kind::CreditNote, note, json!({}), &["credit_note.created"]);
        let credited = invoice["post_payment_credit_notes_amount"].as_i64().unwrap_or_default();
        let patch = json!({ "post_payment_credit_notes_amount": credited + amount });
        self.amend(Kind::Invoice, invoice_id, patch, &["invoice.updated"]);
        id
    }

    /// Serves this in the object's place, without an event and without touching
    /// the truth.
    pub fn poison(&self, kind: Kind, id: &str, value: Value) {
        if let Some(index) = self.resolve(kind, id) {
            self.with_changes(|changes| changes.poisons.insert((kind, index), value));
        }
    }
}
