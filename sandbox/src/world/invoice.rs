//! Invoices as Stripe writes them, from the facts of their bills.

use super::bill::Bill;
use super::event::EMBEDDED;
use super::random::pick;
use super::totals::totals;
use super::{DAY, Extent, Kind, World, ids};
use crate::json::{Json, json};

const REASONS: [&str; 3] = ["subscription_cycle", "subscription_update", "subscription_create"];

impl World {
    /// A generated invoice.
    pub(crate) fn invoice(&self, index: u64, extent: Extent) -> Json {
        self.write_invoice(&self.bill(index), extent)
    }

    /// An open invoice to nobody with one line of so many US cents.
    pub(crate) fn blank_invoice(&self, index: u64, amount: i64, created: i64) -> Json {
        self.write_invoice(&Self::blank_bill(index, amount, created), Extent::Whole)
    }

    pub(crate) fn write_invoice(&self, bill: &Bill, extent: Extent) -> Json {
        let mut invoice = self.frame(bill, extent);
        if let Some(fields) = invoice.as_object_mut() {
            fields.append(times(bill));
            fields.append(self.party(bill));
            fields.append(amounts(bill));
            fields.append(totals(bill));
            fields.append(unused());
        }
        invoice
    }

    /// The fields that do not depend on money or time.
    fn frame(&self, bill: &Bill, extent: Extent) -> Json {
        let (id, count) = (bill.id.as_str(), bill.ledger.lines.len());
        let shown = match extent {
            Extent::Whole => count,
            Extent::Embedded => count.min(EMBEDDED),
        };
        let lines: Vec<Json> = (0..)
            .zip(&bill.ledger.lines[..shown])
            .map(|(place, line)| self.line(bill, place, line))
            .collect();
        let reason = bill.subscription.map_or("manual", |_| *pick(&REASONS, bill.index));
        let page = bill.finalized_at.map(|_| format!("https://invoice.example.com/{id}"));
        json!({
            "id": id,
            "object": "invoice",
            "account_country": "DE",
            "account_name": "Sandbox Works",
            "automatic_tax": {
                "disabled_reason": null, "enabled": false, "liability": null, "provider": null,
                "status": null,
            },
            "billing_reason": reason,
            "collection_method": bill.collection,
            "currency": bill.ledger.currency.code(),
            "discounts": bill.discount.clone().into_iter().collect::<Vec<_>>(),
            "invoice_pdf": page.as_ref().map(|page| format!("{page}/pdf")),
            "hosted_invoice_url": page,
            "issuer": {"type": "self"},
            "lines": {
                "object": "list", "data": lines, "has_more": count > shown,
                "url": format!("/v1/invoices/{id}/lines"),
            },
            "livemode": self.livemode,
            "metadata": if bill.index % 4 == 2 { json!({"order": bill.index.to_string()}) } else { json!({}) },
            "parent": bill.subscription.map(parent),
            "payment_settings": {
                "default_mandate": null, "payment_method_options": null,
                "payment_method_types": null,
            },
        })
    }

    fn party(&self, bill: &Bill) -> Json {
        let customer = bill.customer;
        let (name, email) = customer.map_or((None, None), |customer| self.customer_snapshot(customer));
        json!({
            "customer": customer.map(|customer| Self::id(Kind::Customer, customer)),
            "customer_address": customer.map(|customer| self.customer_address(customer)),
            "customer_email": email,
            "customer_name": name,
            "customer_phone": null,
            "customer_shipping": null,
            "customer_tax_exempt": "none",
            "customer_tax_ids": [],
        })
    }
}

fn parent(billed: u64) -> Json {
    let metadata = if billed.is_multiple_of(4) {
        json!({"team": format!("t{billed}")})
    } else {
        json!({})
    };
    json!({
        "type": "subscription_details",
        "quote_details": null,
        "subscription_details": {
            "metadata": metadata, "subscription": World::id(Kind::Subscription, billed),
        },
    })
}

fn times(bill: &Bill) -> Json {
    let (status, created) = (bill.status, bill.created);
    let sent = bill.collection == "send_invoice" && bill.finalized_at.is_some();
    let given_up = |name| (status == name).then_some(bill.given_up_at);
    json!({
        "attempt_count": i32::from(status == "paid"),
        "attempted": status == "paid",
        "auto_advance": status == "open",
        "created": created,
        "due_date": sent.then_some(created + 30 * DAY),
        "effective_at": bill.finalized_at,
        "next_payment_attempt": null,
        "number": bill.finalized_at.map(|_| format!("SB-{:07}", bill.index + 1)),
        "period_end": created,
        "period_start": created - 30 * DAY,
        "status": status,
        "status_transitions": {
            "finalized_at": bill.finalized_at,
            "marked_uncollectible_at": given_up("uncollectible"),
            "paid_at": bill.paid_at,
            "voided_at": given_up("void"),
        },
        "webhooks_delivered_at": created + 2,
    })
}

fn amounts(bill: &Bill) -> Json {
    let (step, ledger) = (bill.step(), &bill.ledger);
    let (total, due) = (ledger.total(), bill.due() * step);
    let paid = bill.status == "paid";
    let (shipping, shipping_tax) = ledger.shipping.unwrap_or_default();
    let shipping_cost = ledger.shipping.map(|_| {
        json!({
            "amount_subtotal": shipping * step, "amount_tax": shipping_tax * step,
            "amount_total": (shipping + shipping_tax) * step,
            "shipping_rate": ids::encode("shr_", 1),
        })
    });
    json!({
        "amount_due": due,
        "amount_overpaid": 0,
        "amount_paid": if paid { due } else { 0 },
        "amount_paid_off_stripe": 0,
        "amount_remaining": if paid { 0 } else { due },
        "amount_shipping": (shipping + shipping_tax) * step,
        "ending_balance": bill.finalized_at.map(|_| total.min(0) * step),
        "post_payment_credit_notes_amount": bill.credited * step,
        "pre_payment_credit_notes_amount": 0,
        "shipping_cost": shipping_cost,
        "starting_balance": (-bill.from_balance * step),
        "subtotal": ledger.subtotal() * step,
        "subtotal_excluding_tax": (ledger.subtotal() - ledger.tax(true)) * step,
        "total": total * step,
        "total_excluding_tax": ledger.total_excluding_tax() * step,
    })
}

/// The fields no generated invoice fills.
fn unused() -> Json {
    json!({
        "account_tax_ids": null,
        "application": null,
        "automatically_finalizes_at": null,
        "confirmation_secret": null,
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
        "status_details": null,
        "test_clock": null,
    })
}
