//! Invoices, and the credit notes that give something of them back.

use entity::kind::StripeKind;
use sandbox::{Kind, World};
use serde_json::{Value, json};

use super::{Look, Row, a_customer, a_subscription, change, customer_of, text};

const DAY: i64 = 86_400;

pub(super) fn rows() -> Vec<Row> {
    [payments(), changes(), hints(), credit_notes(), refunds()]
        .into_iter()
        .flatten()
        .collect()
}

fn contract(shows: &'static str, told_by: &'static [&'static str], after: Value) -> Row {
    Row {
        shows,
        told_by,
        before: a_paid_invoice,
        act: |_, id, _| id.to_owned(),
        look: Look::Contract,
        after,
        requests: 0,
        thin: true,
    }
}

/// For 50.00, paid now.
fn a_paid_invoice(world: &World) -> String {
    world.create_paid_invoice(&a_customer(world), world.now(), world.now())
}

/// Pays an invoice; the given type tells of it.
fn pay(world: &World, id: &str, told_by: &str) -> String {
    world.pay_invoice(id);
    if !["invoice.paid", "invoice.updated"].contains(&told_by) {
        world.tell_of(told_by, world.get(Kind::Invoice, id).unwrap());
    }
    id.to_owned()
}

/// The lookback is thirty days.
fn payments() -> Vec<Row> {
    vec![
        Row {
            before: |world| world.create_invoice_at(&a_customer(world), 7_000, world.now() - 400 * DAY),
            act: pay,
            ..contract(
                "an invoice of 400 days ago is paid",
                &["invoice.paid", "invoice.payment_succeeded"],
                json!({ "status": "paid", "total": "7000" }),
            )
        },
        Row {
            before: |world| world.create_invoice(&a_customer(world), 7_000),
            act: pay,
            ..contract(
                "an invoice of these days is paid, whatever tells of it",
                &["invoice.updated", "invoice.overpaid", "invoice.of_later_times"],
                json!({ "status": "paid", "total": "7000" }),
            )
        },
    ]
}

fn changes() -> Vec<Row> {
    let renumber: fn(&World, &str, &str) -> String =
        |world, id, told_by| change(world, Kind::Invoice, id, json!({ "number": "AFTER-1" }), told_by);
    vec![
        Row {
            act: renumber,
            ..contract(
                "an invoice that is here changes, whatever tells of it",
                &[
                    "invoice.updated",
                    "invoice.finalized",
                    "invoice.sent",
                    "invoice.overdue",
                    "invoice.payment_failed",
                    "invoice.voided",
                    "invoice.marked_uncollectible",
                    "invoice.paid",
                    "invoice.payment_succeeded",
                    "invoice.overpaid",
                ],
                json!({ "number": "AFTER-1" }),
            )
        },
        Row {
            before: |world| {
                let subscription = a_subscription(world);
                let customer = customer_of(world, &subscription);
                let discount = world.give_discount(Kind::Customer, &customer, "FRIENDS255");
                let invoice = world.create_paid_invoice(&customer, world.now(), world.now());
                world.update(Kind::Invoice, &invoice, json!({ "discounts": [discount] }));
                invoice
            },
            act: renumber,
            requests: 1,
            ..contract(
                "an invoice with a discount, which a payload only names",
                &["invoice.updated"],
                json!({ "number": "AFTER-1" }),
            )
        },
    ]
}

fn hints() -> Vec<Row> {
    vec![Row {
        act: |world, id, told_by| {
            world.update_untold(Kind::Invoice, id, json!({ "number": "AFTER-1" }));
            let kind = told_by.split('.').next().unwrap();
            world.tell_of(told_by, json!({ "id": "x_1", "object": kind, "invoice": id }));
            id.to_owned()
        },
        requests: 1,
        thin: false,
        ..contract(
            "what a payment or an item did to an invoice",
            &["invoice_payment.paid", "invoiceitem.created", "invoiceitem.deleted"],
            json!({ "number": "AFTER-1" }),
        )
    }]
}

/// They change the invoice, which is read again.
#[expect(clippy::too_many_lines, reason = "a table")]
fn credit_notes() -> Vec<Row> {
    let row = |shows, told_by, before, act, look, after| Row {
        shows,
        told_by,
        before,
        act,
        look,
        after,
        requests: 1,
        thin: false,
    };
    let credited: fn(&World) -> String = |world| world.create_credit_note(&a_paid_invoice(world));
    let note = Look::Source(StripeKind::CreditNote);
    let invoice = Look::Source(StripeKind::Invoice);
    vec![
        row(
            "a new credit note is kept",
            &["credit_note.created"],
            a_paid_invoice,
            |world, id, _| world.create_credit_note(id),
            note,
            json!({ "status": "issued", "amount": 1_250 }),
        ),
        row(
            "a new credit note on its invoice",
            &["credit_note.created"],
            a_paid_invoice,
            |world, id, _| {
                world.create_credit_note(id);
                id.to_owned()
            },
            invoice,
            json!({ "post_payment_credit_notes_amount": 1_250 }),
        ),
        row(
            "a credit note's change",
            &["credit_note.updated"],
            credited,
            |world, id, _| {
                world.update(Kind::CreditNote, id, json!({ "memo": "After" }));
                id.to_owned()
            },
            note,
            json!({ "memo": "After" }),
        ),
        row(
            "a credit note that was taken back",
            &["credit_note.voided"],
            credited,
            |world, id, _| {
                world.void_credit_note(id);
                id.to_owned()
            },
            note,
            json!({ "status": "void" }),
        ),
        row(
            "a credit note that was taken back on its invoice",
            &["credit_note.voided"],
            credited,
            |world, id, _| {
                world.void_credit_note(id);
                text(world, Kind::CreditNote, id, "/invoice")
            },
            invoice,
            json!({ "post_payment_credit_notes_amount": 0 }),
        ),
    ]
}

/// They change nothing of the invoice. Each is read with the payment that it gives back.
fn refunds() -> Vec<Row> {
    let row = |shows, told_by, before, act, after| Row {
        shows,
        told_by,
        before,
        act,
        look: Look::Source(StripeKind::Refund),
        after,
        requests: 2,
        thin: true,
    };
    let refunded: fn(&World) -> String = |world| world.create_refund(&a_paid_invoice(world), 1_000);
    vec![
        row(
            "a new refund is kept",
            &["refund.created"],
            a_paid_invoice,
            |world, id, _| world.create_refund(id, 1_500),
            json!({ "status": "succeeded", "amount": 1_500 }),
        ),
        row(
            "a refund that comes back",
            &["refund.updated", "refund.failed", "charge.refund.updated"],
            refunded,
            |world, id, _| {
                world.fail_refund(id);
                id.to_owned()
            },
            json!({ "status": "failed" }),
        ),
    ]
}
