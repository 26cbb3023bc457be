//! The fixed mapping in words, for people: where each field of a contract comes from and by which rule. A test holds each row to a field
//! of the API, and each field of the API to a row.

/// A row of the fixed mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FixedRule {
    /// What of Stripe's object is read.
    pub source: &'static str,
    /// The field of a contract, or of its `lines`.
    pub target: &'static str,
    /// How the one becomes the other.
    pub rule: &'static str,
}

const fn rule(source: &'static str, target: &'static str, rule: &'static str) -> FixedRule {
    FixedRule { source, target, rule }
}

/// The rules, invoices before subscriptions, in the order of the fields.
pub const FIXED_RULES: [FixedRule; 66] = [
    rule(
        "invoice",
        "source",
        "INVOICE. A paid invoice with a total other than 0 is a contract; by settings one over nothing too (importZeroAmountInvoices), and one that is issued and not paid (countOpenInvoices). What is here already stays, and is flagged when it is no longer paid.",
    ),
    rule(
        "subscription",
        "source",
        "SUBSCRIPTION. Each subscription is a contract, unless its first payment is still open (incomplete).",
    ),
    rule("invoice.id, subscription.id", "stripeId", "As it is."),
    rule(
        "invoice.status, subscription.status",
        "sourceStatus",
        "Stripe's own word, as it is.",
    ),
    rule("invoice.number", "number", "As it is; a subscription has none."),
    rule(
        "invoice.lines[].pricing.price_details.product, subscription.items[].price.product",
        "name",
        "The product of the first recurring line, else of the first line, else its text, else the number. Of a subscription its products, three at most by name, else its text.",
    ),
    rule(
        "invoice.customer, subscription.customer",
        "stripeCustomerId",
        "As it is.",
    ),
    rule(
        "invoice.customer, subscription.customer",
        "client",
        "The client that this Stripe customer is linked to.",
    ),
    rule(
        "invoice.lines[].period, credit_note, subscription of the invoice",
        "status",
        "On the day: given back in full, or reversed, CHURNED; before the term BOOKED; once newer periods of all its items have begun ENDED, once all were given back CHURNED; in the term ACTIVE; past its end ENDED when nothing licensed of it recurs or something has renewed it, CHURNED when all its items were taken out; else by its subscription: ENDED while a period runs and for a day after, OVERDUE while past_due or unpaid, CHURNED when canceled, LOST when given up in its trial. Without a known subscription OVERDUE.",
    ),
    rule(
        "subscription.status, subscription.cancel_at",
        "status",
        "trialing, and incomplete that is here already, FORECASTED; active, past_due, paused ACTIVE; unpaid OVERDUE; incomplete_expired LOST; canceled, and past its scheduled end, CHURNED; a word of later times ACTIVE with a warning.",
    ),
    rule(
        "invoice.status",
        "paymentState",
        "paid PAID; open, uncollectible UNPAID; else NONE.",
    ),
    rule(
        "subscription.status, subscription.pause_collection, subscription.latest_invoice",
        "paymentState",
        "active PAID, with a sent latest invoice that is open DUE, past its due date or uncollectible UNPAID; past_due PAST_DUE; either with its collection paused PAUSED; paused PAUSED; trialing TRIALING; unpaid, and incomplete that is here already, UNPAID; else NONE. Of trialing and unpaid a paused collection changes nothing.",
    ),
    rule("invoice.status_transitions.paid_at", "paidAt", "As it is."),
    rule(
        "invoice.status_transitions.paid_at, invoice.effective_at, invoice.created",
        "bookingDate",
        "The day of the first that is set; of UTC or of the account's time zone (setting days), as all days are.",
    ),
    rule("subscription.created", "bookingDate", "The day."),
    rule(
        "invoice.lines[].period.start",
        "termStart",
        "The first of the licensed recurring lines; where there are none of the usage, else of the prorations, else of what is charged once and has a period of its own; else the booking date.",
    ),
    rule(
        "subscription.items[].current_period_start, subscription.start_date",
        "termStart",
        "The first of the items' own periods; where they have none, start_date.",
    ),
    rule(
        "invoice.lines[].period.end",
        "termEnd",
        "The last of the same lines; else the booking date. Exclusive.",
    ),
    rule(
        "subscription.items[].current_period_end, subscription.cancel_at, subscription.ended_at",
        "termEnd",
        "The last of the items' own periods, or the end of the subscription where that is earlier. Exclusive.",
    ),
    rule(
        "credit_note.effective_at, credit_note.created, subscription of the invoice",
        "terminatedDate",
        "While CHURNED: the day of the last credit note, of the reversal, of the proration that gave the last item back, of the day the last item was taken out, or of the subscription's end, ended_at before cancel_at.",
    ),
    rule(
        "invoice.status, credit_note, invoice.lines[], subscription of the invoice",
        "terminationReason",
        "While CHURNED: CREDITED, REVERSED, GIVEN_BACK, ITEMS_REMOVED or SUBSCRIPTION_ENDED, in the order of terminatedDate.",
    ),
    rule(
        "subscription.ended_at, subscription.cancel_at",
        "terminatedDate",
        "While CHURNED: the day it ended, or that of its scheduled end when that has come.",
    ),
    rule(
        "subscription.status, subscription.cancel_at, subscription.cancel_at_period_end",
        "autoRenew",
        "False once it has ended or an end is scheduled, in either billing mode. Of an invoice that of its subscription; null without one.",
    ),
    rule(
        "invoice.currency, subscription.currency",
        "currency",
        "In upper case. Nothing is ever converted.",
    ),
    rule(
        "invoice.lines[].amount",
        "subtotal",
        "The sum of the lines' gross amounts, not Stripe's subtotal.",
    ),
    rule(
        "subscription.items[]",
        "subtotal",
        "The sum of what the licensed items cost, each in one period of its own.",
    ),
    rule("invoice.lines[]", "discount", "The sum of the lines' discounts."),
    rule(
        "subscription.discounts, subscription.items[].discounts, customer.discount",
        "discount",
        "The sum of the lines' discounts.",
    ),
    rule("invoice.shipping_cost", "shipping", "amount_total less amount_tax."),
    rule(
        "invoice.lines[].taxes, invoice.shipping_cost.amount_tax",
        "tax",
        "The sum of the lines' taxes and of shipping's. Where no line has any: invoice.total_taxes and that of shipping, or invoice.total_taxes alone where only that adds up; the inclusive part comes off the total. Of a subscription the sum over its lines.",
    ),
    rule(
        "invoice.lines[]",
        "total",
        "The sum of the lines' net amounts, and shipping. The customer balance does not enter.",
    ),
    rule("subscription.items[]", "total", "The sum of the lines' net amounts."),
    rule("invoice.amount_paid", "amountPaid", "As it is."),
    rule(
        "credit_note.total_excluding_tax",
        "credited",
        "The sum over the credit notes of the invoice that are not void; without the field, total less its taxes.",
    ),
    rule("invoice, credit_note", "net", "total less credited."),
    rule(
        "refund of the invoice's payments",
        "refunded",
        "The sum of those that neither failed nor belong to a credit note, x total / invoice.total, rounded half up. Given back in full: what is left of net.",
    ),
    rule("invoice, credit_note, refund", "kept", "net less refunded."),
    rule("invoice, subscription", "tcv", "The total."),
    rule(
        "invoice, subscription",
        "acv",
        "arr, and the net of what is charged once.",
    ),
    rule(
        "invoice.lines[], subscription.items[]",
        "arr",
        "Twelve times the exact sum that mrr is rounded from, rounded by itself, half to even; at least 0.",
    ),
    rule(
        "price.recurring of invoice.lines[], subscription.items[]",
        "mrr",
        "Of an invoice the sum over its items of the newest period that it charges for, of a subscription over its items: net x f / interval_count, f being 1 (month), 1/12 (year), 52/12 (week), 365/12 (day): exact, rounded once, half to even; at least 0. A line over several intervals is divided by their number, lines of one item and start (tiers) are added, a positive proration counts as its price times its quantity, a negative one ends what was charged before. Without usage, and by the setting discountsInMrr without what a coupon takes off. Of a subscription only while it is active or past_due.",
    ),
    rule(
        "invoice.parent.subscription_details.subscription",
        "countsTowardRecurring",
        "False while the subscription is a contract here too and its source is on; false while the own source is off.",
    ),
    rule(
        "invoice.parent.subscription_details.subscription",
        "subscriptionContract",
        "The contract of that subscription. A link that is known stays, whatever later versions of the invoice say.",
    ),
    rule(
        "invoice.parent.subscription_details.subscription",
        "invoiceContracts",
        "The invoice contracts that name the subscription.",
    ),
    rule(
        "invoice.parent.subscription_details.subscription, invoice.lines[].period",
        "renewedBy",
        "Of the same subscription the first invoice contract with a licensed recurring line that is no proration, which begins at termEnd or the day before, or later, and charges for one of the same items or for one never billed before; or which begins earlier, with newer periods of all the items.",
    ),
    rule(
        "invoice.parent.subscription_details.subscription, invoice.lines[].period",
        "renews",
        "What this one renews in that way: of several the one that ended last, the longest, the latest booking.",
    ),
    rule(
        "invoice.total, invoice.total_excluding_tax",
        "reconcileDelta",
        "invoice.total less total and tax: 0 when all adds up. A warning also tells when total_excluding_tax is not the total. Null on a subscription.",
    ),
    rule(
        "invoice, subscription",
        "warnings",
        "What could not be done as it should.",
    ),
    rule(
        "invoice.lines[].id, subscription.items[].id",
        "lines.stripeId",
        "As it is.",
    ),
    rule(
        "invoice.lines[], subscription.items[]",
        "lines.lineNumber",
        "The place in Stripe's order, from 1.",
    ),
    rule(
        "invoice.lines[].pricing.price_details.product, subscription.items[].price.product",
        "lines.product",
        "The product with that id, also as stripeProductId and productName.",
    ),
    rule(
        "invoice.lines[].pricing.price_details.price, subscription.items[].price.id",
        "lines.stripePriceId",
        "As it is.",
    ),
    rule("invoice.lines[].description", "lines.description", "As it is."),
    rule(
        "invoice.lines[].quantity_decimal, invoice.lines[].quantity, subscription.items[].quantity",
        "lines.quantity",
        "The exact one where there is one. Null for metered items.",
    ),
    rule(
        "invoice.lines[].pricing.unit_amount_decimal",
        "lines.unitPrice",
        "As it is, in the currency's smallest unit.",
    ),
    rule(
        "subscription.items[].price",
        "lines.unitPrice",
        "unit_amount_decimal, else unit_amount; in the subscription's currency. Null with tiers.",
    ),
    rule("invoice.lines[].amount", "lines.gross", "As it is, never recomputed."),
    rule(
        "subscription.items[].price, subscription.items[].quantity",
        "lines.gross",
        "Unit price times quantity, or by tiers, after transform_quantity; rounded half up, of graduated tiers each by itself. Metered items cost 0.",
    ),
    rule(
        "invoice.lines[].discount_amounts, invoice.lines[].pretax_credit_amounts",
        "lines.discount",
        "The sum of the discounts and of the credits of type credit_balance_transaction.",
    ),
    rule(
        "subscription.items[].discounts, subscription.discounts, customer.discount",
        "lines.discount",
        "What is running, one after the other: the item's, then the subscription's, where that has none running the customer's; for mrr, where it has none running that lasts. Each percentage is rounded half up, amounts are split by what is left, for mrr by what a year bills; applies_to and the currency are respected. The terms are those of when it was given.",
    ),
    rule("invoice.lines[].taxes", "lines.tax", "The sum."),
    rule(
        "subscription.items[].tax_rates, subscription.default_tax_rates, price.tax_behavior, subscription.latest_invoice",
        "lines.tax",
        "What the inclusive rates, the item's before the subscription's, hold of gross less discount. Without any, of an inclusive price, by the ratio of the latest invoice; else 0 with a warning.",
    ),
    rule(
        "invoice.lines[], subscription.items[]",
        "lines.net",
        "gross less discount less contained tax.",
    ),
    rule(
        "price.recurring of invoice.lines[], subscription.items[]",
        "lines.mrr",
        "The line's own part of mrr, rounded by itself.",
    ),
    rule(
        "invoice.lines[].parent, price.recurring of invoice.lines[], subscription.items[]",
        "lines.kind",
        "A proration PRORATION; a metered price USAGE; an amount below 0 CREDIT; a recurring price, or without a known one a line of a subscription, RECURRING; else ONE_TIME.",
    ),
    rule(
        "invoice.lines[].period, subscription.items[].current_period_start and _end",
        "lines.periodStart",
        "The own period of the line, as is periodEnd.",
    ),
];
