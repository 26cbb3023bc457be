//! Invoice lines as Stripe writes them.

use crate::json::{Json, json};

use super::bill::Bill;
use super::coupon::Holder;
use super::ledger::{LINES_PER_INVOICE, Ledger, Line};
use super::{Kind, World, ids, item, price, product};

/// The id of the line at a place of an invoice.
fn id(invoice: u64, place: u64) -> String {
    ids::encode("il_", invoice * LINES_PER_INVOICE + place)
}

/// One entry of a list of taxes.
pub(crate) fn tax(amount: i64, taxable: i64, inclusive: bool) -> Json {
    json!({
        "amount": amount,
        "tax_behavior": if inclusive { "inclusive" } else { "exclusive" },
        "tax_rate_details": {"tax_rate": ids::encode("txr_", u64::from(inclusive))},
        "taxability_reason": "standard_rated",
        "taxable_amount": taxable,
        "type": "tax_rate_details",
    })
}

/// One entry of a list of credits that a grant paid.
pub(crate) fn grant(amount: i64, invoice: u64) -> Json {
    json!({
        "amount": amount,
        "credit_balance_transaction": ids::encode("cbtxn_", invoice),
        "type": "credit_balance_transaction",
    })
}

/// One entry of a list of credits that a discount gave.
pub(crate) fn discount_credit(amount: i64, discount: &str) -> Json {
    json!({"amount": amount, "discount": discount, "type": "discount"})
}

impl World {
    /// The line at a place of a bill.
    pub(crate) fn line(&self, bill: &Bill, place: u64, line: &Line) -> Json {
        let step = bill.step();
        let billed_item = bill.subscription.zip(line.place);
        let held = billed_item.filter(|(billed, place)| !line.proration && item::has_discount(*billed, *place));
        let item_discount = held.map(|(billed, place)| Holder::Item(billed, place).discount_id());
        let (discounts, mut credits) = reductions(bill, line, item_discount.as_deref());
        if line.credit != 0 {
            credits.push(grant(line.credit * step, bill.index));
        }
        let start = bill.created;
        let served = billed_item.and(line.price).map(price::period_seconds);
        let end = start + served.unwrap_or_default();
        json!({
            "id": id(bill.index, place),
            "object": "line_item",
            "amount": line.amount * step,
            "currency": bill.ledger.currency.code(),
            "description": describe(line),
            "discount_amounts": discounts,
            "discountable": line.is_discountable(),
            "discounts": item_discount.into_iter().collect::<Vec<_>>(),
            "invoice": bill.id.as_str(),
            "livemode": self.livemode,
            "metadata": {},
            "parent": parent(bill, place, line),
            "period": {"start": start, "end": end},
            "pretax_credit_amounts": credits,
            "pricing": self.pricing(line),
            "quantity": line.quantity,
            "quantity_decimal": line.quantity.to_string(),
            "subscription": billed_item.map(|(billed, _)| Self::id(Kind::Subscription, billed)),
            "subtotal": line.amount * step,
            "taxes": taxes(&bill.ledger, line),
        })
    }

    fn pricing(&self, line: &Line) -> Json {
        let Some(price) = line.price else {
            return Json::Null;
        };
        let unit = self.unit_decimal(price);
        let credit = line.proration && line.amount < 0;
        json!({
            "type": "price_details",
            "price_details": {
                "price": price::id(price), "product": product::id(price::product_of(price)),
            },
            "unit_amount_decimal": unit.map(|unit| if credit { format!("-{unit}") } else { unit }),
        })
    }
}

fn describe(line: &Line) -> String {
    let name = line.price.map_or_else(
        || "Consulting".to_owned(),
        |price| World::product_name(price::product_of(price)),
    );
    if line.proration && line.amount < 0 {
        format!("Unused time on {} × {name}", line.quantity)
    } else {
        format!("{} × {name}", line.quantity)
    }
}

fn taxes(ledger: &Ledger, line: &Line) -> Vec<Json> {
    if !ledger.taxed {
        return Vec::new();
    }
    let step = ledger.currency.step();
    let inside = if line.inclusive { line.tax } else { 0 };
    let taxable = line.taxable() - inside;
    vec![tax(line.tax * step, taxable * step, line.inclusive)]
}

fn reductions(bill: &Bill, line: &Line, item: Option<&str>) -> (Vec<Json>, Vec<Json>) {
    let step = bill.step();
    let own = item.map(|id| (line.item_discount, id.to_owned()));
    let whole = bill.discount.clone().map(|id| (line.invoice_discount, id));
    own.into_iter()
        .chain(whole)
        .filter(|(steps, _)| *steps != 0)
        .map(|(steps, id)| {
            let amount = steps * step;
            (
                json!({"amount": amount, "discount": id.as_str()}),
                discount_credit(amount, &id),
            )
        })
        .unzip()
}

fn parent(bill: &Bill, place: u64, line: &Line) -> Json {
    let number = bill.index * LINES_PER_INVOICE + place;
    let credited = (line.proration && line.amount < 0 && bill.index > 0).then(|| {
        let earlier = bill.index - 1;
        json!({
            "invoice": ids::encode("in_", earlier), "invoice_line_items": [id(earlier, 0)],
        })
    });
    let invoice_item = ids::encode("ii_", number);
    match bill.subscription.zip(line.place) {
        Some((billed, item_place)) => json!({
            "type": "subscription_item_details",
            "invoice_item_details": null,
            "subscription_item_details": {
                "invoice_item": line.proration.then_some(invoice_item),
                "proration": line.proration,
                "proration_details": {"credited_items": credited},
                "subscription": ids::encode("sub_", billed),
                "subscription_item": item::id(billed, item_place),
            },
        }),
        None => json!({
            "type": "invoice_item_details",
            "invoice_item_details": {
                "invoice_item": invoice_item,
                "proration": false,
                "proration_details": {"credited_items": null},
                "subscription": null,
            },
            "subscription_item_details": null,
        }),
    }
}
