//! What a subscription is charged for, line by line.

use super::super::ids;
use super::plan::{Item, Plan};
use crate::json::{Json, json};

/// A line before it is written.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// The subscription item; none of what is sold once.
    pub(super) item: Option<String>,
    pub(super) price: String,
    pub(super) product: String,
    pub(super) unit: i64,
    pub(super) quantity: i64,
    pub(super) amount: i64,
    pub(super) from: i64,
    pub(super) until: i64,
    pub(super) is_proration: bool,
    pub(super) discount: i64,
}

impl Line {
    fn of(item: &Item, amount: i64, (from, until): (i64, i64)) -> Self {
        Self {
            item: Some(item.id.clone()),
            price: item.price.id.clone(),
            product: item.price.product.clone(),
            unit: item.price.unit,
            quantity: item.quantity,
            amount,
            from,
            until,
            is_proration: false,
            discount: 0,
        }
    }

    /// A whole period, or several at once.
    pub(super) fn regular(plan: &Plan, item: &Item, (from, until): (i64, i64), periods: i64) -> Self {
        let amount = item.cost() * periods;
        Self {
            discount: plan.off(amount, true),
            ..Self::of(item, amount, (from, until))
        }
    }

    /// A period on trial.
    pub(super) fn free(item: &Item, period: (i64, i64)) -> Self {
        Self::of(item, 0, period)
    }

    /// What was used, behind.
    pub(super) fn usage(plan: &Plan, item: &Item, used: i64) -> Self {
        let amount = item.price.unit * used;
        Self {
            quantity: used,
            discount: plan.off(amount, true),
            ..Self::of(item, amount, (item.start(), item.end()))
        }
    }

    /// What of the item's present period is left at `now` is charged, or given back.
    pub(super) fn proration(plan: &Plan, item: &Item, now: i64, is_credit: bool) -> Self {
        let (start, end) = (item.start(), item.end());
        let cost = item.cost() - plan.off(item.cost(), false);
        let left = (2 * cost * (end - now) + (end - start)).div_euclid(2 * (end - start));
        Self {
            is_proration: true,
            ..Self::of(item, if is_credit { -left } else { left }, (now, end))
        }
    }

    pub(super) fn is_credit(&self) -> bool {
        self.is_proration && self.amount < 0
    }

    /// The line of an invoice of a subscription; where that is none, of one made by hand.
    pub(super) fn write(
        &self,
        id: &str,
        (invoice, currency): (&str, &str),
        subscription: Option<&str>,
        discount: Option<&str>,
    ) -> Json {
        let shares: Vec<Json> = discount
            .filter(|_| self.discount != 0)
            .map(|discount| json!({"amount": self.discount, "discount": discount}))
            .into_iter()
            .collect();
        let credits: Vec<Json> = discount
            .filter(|_| self.discount != 0)
            .map(|discount| json!({"amount": self.discount, "discount": discount, "type": "discount"}))
            .into_iter()
            .collect();
        let unit = if self.is_credit() { -self.unit } else { self.unit };
        json!({
            "id": id, "object": "line_item", "amount": self.amount, "currency": currency,
            "description": "A line", "discount_amounts": shares, "discountable": !self.is_proration, "discounts": [],
            "invoice": invoice, "livemode": false, "metadata": {}, "parent": self.parent(id, subscription),
            "period": {"start": self.from, "end": self.until}, "pretax_credit_amounts": credits,
            "pricing": {
                "type": "price_details",
                "price_details": {"price": self.price.as_str(), "product": self.product.as_str()},
                "unit_amount_decimal": unit.to_string(),
            },
            "quantity": self.quantity, "quantity_decimal": self.quantity.to_string(), "subscription": subscription,
            "subtotal": self.amount, "taxes": [],
        })
    }

    fn parent(&self, line: &str, subscription: Option<&str>) -> Json {
        let credited = self
            .is_credit()
            .then(|| json!({"invoice": ids::encode("in_", 1), "invoice_line_items": [ids::encode("il_", 1)]}));
        let invoice_item = line.replacen("il_", "ii_", 1);
        match &self.item {
            Some(item) => json!({
                "type": "subscription_item_details", "invoice_item_details": null,
                "subscription_item_details": {
                    "invoice_item": self.is_proration.then_some(invoice_item), "proration": self.is_proration,
                    "proration_details": {"credited_items": credited}, "subscription": subscription,
                    "subscription_item": item.as_str(),
                },
            }),
            None => json!({
                "type": "invoice_item_details", "subscription_item_details": null,
                "invoice_item_details": {
                    "invoice_item": invoice_item, "proration": false, "proration_details": {"credited_items": null},
                    "subscription": subscription,
                },
            }),
        }
    }
}
