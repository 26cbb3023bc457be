//! Invoices of a life: how they are made, and what becomes of them.

use serde_json::json as value;

use super::super::overlay::merge;
use super::super::{Kind, World, ids};
use super::line::Line;
use super::plan::Plan;
use crate::json::{Json, json};

/// How an invoice is put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Put {
    /// A draft for about an hour.
    Draft,
    /// To be paid within its net term.
    Open,
    /// Paid at once.
    Paid,
}

/// Writes an invoice of a plan; gives its id.
pub(super) fn write(world: &World, plan: &Plan, lines: &[Line], put: Put, is_of_plan: bool) -> String {
    let index = world.reserve(Kind::Invoice);
    let id = World::encoded(Kind::Invoice, index);
    let held = plan
        .discount
        .as_ref()
        .map(|discount| discount.id.as_str())
        .filter(|_| is_of_plan);
    let subscription = is_of_plan.then_some(plan.id.as_str());
    let written: Vec<Json> = (0..)
        .zip(lines)
        .map(|(place, line)| {
            let line_id = format!("{}{place}", ids::encode("il_", index));
            line.write(&line_id, (&id, plan.currency), subscription, held)
        })
        .collect();
    let subtotal: i64 = lines.iter().map(|line| line.amount).sum();
    let off: i64 = lines.iter().map(|line| line.discount).sum();
    let mut invoice = world.blank_invoice(index, subtotal - off, world.now());
    merge(
        &mut invoice,
        json!({
            "billing_reason": if is_of_plan { "subscription_cycle" } else { "manual" },
            "collection_method": if put == Put::Open { "send_invoice" } else { "charge_automatically" },
            "currency": plan.currency, "customer": plan.customer.as_str(),
            "discounts": held.into_iter().collect::<Vec<_>>(), "subtotal": subtotal, "subtotal_excluding_tax": subtotal,
            "lines": {"data": written, "has_more": false},
            "parent": subscription.map(|subscription| json!({
                "type": "subscription_details", "quote_details": null,
                "subscription_details": {"metadata": {}, "subscription": subscription},
            })),
            "total_discount_amounts": held.filter(|_| off != 0)
                .map(|discount| json!({"amount": off, "discount": discount})).into_iter().collect::<Vec<_>>(),
        }),
    );
    merge(&mut invoice, stand(put, subtotal - off, world.now()));
    let event = match put {
        Put::Draft => "invoice.created",
        Put::Open => "invoice.finalized",
        Put::Paid => "invoice.paid",
    };
    world.create(Kind::Invoice, index, invoice, value!({}), &[event])
}

fn stand(put: Put, total: i64, now: i64) -> Json {
    let due = total.max(0);
    match put {
        Put::Draft => json!({
            "status": "draft", "number": null, "effective_at": null, "auto_advance": true,
            "status_transitions": {"finalized_at": null},
        }),
        Put::Open => json!({"status": "open"}),
        Put::Paid => json!({
            "status": "paid", "amount_paid": due, "amount_remaining": 0, "attempted": true, "auto_advance": false,
            "status_transitions": {"paid_at": now},
        }),
    }
}

/// A draft becomes an invoice, paid or not.
pub(super) fn finalize(world: &World, id: &str, status: &str) {
    let now = world.now();
    let due = world.find(Kind::Invoice, id).unwrap_or_default()["amount_due"].clone();
    let mut patch = json!({
        "status": status, "number": format!("L-{id}"), "effective_at": now,
        "status_transitions": {"finalized_at": now},
    });
    let event = match status {
        "paid" => {
            merge(
                &mut patch,
                json!({"amount_paid": due, "amount_remaining": 0, "attempted": true, "status_transitions": {"paid_at": now}}),
            );
            "invoice.paid"
        }
        "void" => {
            merge(&mut patch, json!({"status_transitions": {"voided_at": now}}));
            "invoice.voided"
        }
        "uncollectible" => {
            merge(
                &mut patch,
                json!({"status_transitions": {"marked_uncollectible_at": now}}),
            );
            "invoice.marked_uncollectible"
        }
        _ => "invoice.finalized",
    };
    world.amend(Kind::Invoice, id, patch, &[event]);
}
