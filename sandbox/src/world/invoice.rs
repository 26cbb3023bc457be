//! Invoices as Stripe writes them, put together from their history and ledger.

use serde_json::{Map, Value, json};

use super::coupon::Holder;
use super::currency::Currency;
use super::ledger::{Ledger, Line};
use super::line::Bill;
use super::random::pick;
use super::totals::{add_totals, extend};
use super::{DAY, Kind, World, ids};

impl World {
    /// An invoice with all its lines.
    pub(crate) fn invoice(&self, index: u64) -> Value {
        let ledger = self.ledger(index);
        let id = Self::id(Kind::Invoice, index);
        let bill = Bill {
            index,
            id: &id,
            ledger: &ledger,
            subscription: self.invoice_subscription(index),
        };
        let mut invoice = self.invoice_frame(&bill);
        if let Some(fields) = invoice.as_object_mut() {
            self.add_times(fields, index);
            self.add_party(fields, index);
            self.add_amounts(fields, &bill);
            add_totals(fields, &bill);
            extend(fields, unused());
        }
        invoice
    }

    /// An open invoice to nobody with one line of so many minor units.
    pub(crate) fn blank_invoice(&self, index: u64, amount: i64) -> Value {
        let line = Line {
            amount,
            quantity: 1,
            ..Line::default()
        };
        let ledger = Ledger {
            currency: Currency::Usd,
            lines: vec![line],
            discount: None,
            shipping: None,
            taxed: false,
        };
        let id = Self::id(Kind::Invoice, index);
        let bill = Bill {
            index,
            id: &id,
            ledger: &ledger,
            subscription: None,
        };
        let mut invoice = self.invoice_frame(&bill);
        if let Some(fields) = invoice.as_object_mut() {
            self.add_times(fields, index);
            self.add_party(fields, index);
            self.add_amounts(fields, &bill);
            add_totals(fields, &bill);
            extend(fields, unused());
            let whole = json!({
                "amount_due": amount, "collection_method": "charge_automatically",
                "post_payment_credit_notes_amount": 0, "starting_balance": 0,
            });
            extend(fields, whole);
        }
        invoice
    }

    /// The fields that do not depend on money or time.
    fn invoice_frame(&self, bill: &Bill<'_>) -> Value {
        let Bill {
            index,
            id,
            ledger,
            subscription,
        } = *bill;
        let lines: Vec<Value> = (0..)
            .zip(&ledger.lines)
            .map(|(place, line)| self.line(bill, place, line))
            .collect();
        let reasons = ["subscription_cycle", "subscription_update", "subscription_create"];
        let address = "https://invoice.example.com";
        json!({
            "id": id,
            "object": "invoice",
            "account_country": "DE",
            "account_name": "Sandbox Works",
            "automatic_tax": {
                "disabled_reason": null, "enabled": false, "liability": null, "provider": null,
                "status": null,
            },
            "billing_reason": if subscription.is_some() { *pick(&reasons, index) } else { "manual" },
            "collection_method": self.invoice_collection(index),
            "currency": ledger.currency.code(),
            "discounts": ledger.discount.map(Holder::discount_id).as_slice(),
            "hosted_invoice_url": format!("{address}/{id}"),
            "invoice_pdf": format!("{address}/{id}/pdf"),
            "issuer": {"type": "self"},
            "lines": {
                "object": "list", "data": lines, "has_more": false,
                "url": format!("/v1/invoices/{id}/lines"),
            },
            "livemode": self.livemode,
            "metadata": if index % 4 == 2 { json!({"order": index.to_string()}) } else { json!({}) },
            "parent": Self::invoice_parent(subscription),
            "payment_settings": {
                "default_mandate": null, "payment_method_options": null,
                "payment_method_types": null,
            },
        })
    }

    fn invoice_parent(billed: Option<u64>) -> Value {
        billed.map_or(Value::Null, |billed| {
            json!({
                "type": "subscription_details",
                "quote_details": null,
                "subscription_details": {
                    "metadata": if billed.is_multiple_of(4) { json!({"team": format!("t{billed}")}) } else { json!({}) },
                    "subscription": Self::id(Kind::Subscription, billed),
                },
            })
        })
    }

    fn add_times(&self, fields: &mut Map<String, Value>, index: u64) {
        let created = self.created(Kind::Invoice, index);
        let status = self.invoice_status(index);
        let finalized = self.invoice_finalized_at(index);
        let given_up = self.invoice_given_up_at(index);
        let sent = self.invoice_collection(index) == "send_invoice";
        let numbered = finalized.map(|_| format!("SB-{:07}", index + 1));
        extend(
            fields,
            json!({
                "attempt_count": i64::from(status == "paid"),
                "attempted": status == "paid",
                "auto_advance": status == "open",
                "created": created,
                "due_date": (sent && finalized.is_some()).then_some(created + 30 * DAY),
                "effective_at": finalized,
                "next_payment_attempt": null,
                "number": numbered,
                "period_end": created,
                "period_start": created - 30 * DAY,
                "status": status,
                "status_transitions": {
                    "finalized_at": finalized,
                    "marked_uncollectible_at": (status == "uncollectible").then_some(given_up),
                    "paid_at": self.invoice_paid_at(index),
                    "voided_at": (status == "void").then_some(given_up),
                },
                "webhooks_delivered_at": created + 2,
            }),
        );
    }

    fn add_party(&self, fields: &mut Map<String, Value>, index: u64) {
        let customer = self.invoice_customer(index);
        let (name, email) = customer.map_or((None, None), |customer| self.customer_snapshot(customer));
        extend(
            fields,
            json!({
                "customer": customer.map(|customer| Self::id(Kind::Customer, customer)),
                "customer_address": customer.map(|customer| self.customer_address(customer)),
                "customer_email": email,
                "customer_name": name,
                "customer_phone": null,
                "customer_shipping": null,
                "customer_tax_exempt": "none",
                "customer_tax_ids": [],
            }),
        );
    }

    fn add_amounts(&self, fields: &mut Map<String, Value>, bill: &Bill<'_>) {
        let step = bill.ledger.currency.step();
        let total = bill.ledger.total();
        let paid = self.invoice_status(bill.index) == "paid";
        let from_balance = if bill.index % 19 == 8 { total.clamp(0, 300) } else { 0 };
        let due = (total - from_balance).max(0);
        let settled = self.invoice_finalized_at(bill.index).is_some();
        let (shipping, shipping_tax) = bill.ledger.shipping.unwrap_or_default();
        let shipping_cost = bill.ledger.shipping.map(|_| {
            json!({
                "amount_subtotal": shipping * step, "amount_tax": shipping_tax * step,
                "amount_total": (shipping + shipping_tax) * step,
                "shipping_rate": ids::encode("shr_", 1),
            })
        });
        extend(
            fields,
            json!({
                "amount_due": due * step,
                "amount_overpaid": 0,
                "amount_paid": if paid { due * step } else { 0 },
                "amount_remaining": if paid { 0 } else { due * step },
                "amount_shipping": (shipping + shipping_tax) * step,
                "ending_balance": settled.then_some(total.min(0) * step),
                "post_payment_credit_notes_amount": self.credited_steps(bill.index, total) * step,
                "pre_payment_credit_notes_amount": 0,
                "shipping_cost": shipping_cost,
                "starting_balance": -from_balance * step,
                "subtotal": bill.ledger.subtotal() * step,
                "subtotal_excluding_tax": (bill.ledger.subtotal() - bill.ledger.tax(true)) * step,
                "total": total * step,
                "total_excluding_tax": bill.ledger.total_excluding_tax() * step,
            }),
        );
    }
}

/// The fields no generated invoice fills.
fn unused() -> Value {
    json!({
        "account_tax_ids": null,
        "application": null,
        "automatically_finalizes_at": null,
        "custom_fields": null,
        "customer_account": null,
        "default_payment_method": null,
        "default_source": null,
        "default_tax_rates": [],
        "description": null,
        "footer": null,
        "from_invoice": null,
        "last_finalization_error": null,
        "latest_revision": null,
        "on_behalf_of": null,
        "receipt_number": null,
        "rendering": null,
        "shipping_details": null,
        "statement_descriptor": null,
        "test_clock": null,
    })
}
