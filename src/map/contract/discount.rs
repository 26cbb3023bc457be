//! What running discounts take off the items of a subscription.

use entity::kind::StripeKind;
use rust_decimal::Decimal;

use super::Notes;
use crate::map::money::{half_up, too_large};
use crate::map::refs::Known;
use crate::map::{MapError, Refs};
use crate::stripe::object::{Coupon, Discount, Expandable};

/// What is sold, and what of it is left to pay. Amounts are minor units.
#[derive(Debug)]
pub(super) struct Sold<'a> {
    pub(super) product_id: Option<&'a str>,
    pub(super) gross: i64,
    left: Decimal,
}

impl<'a> Sold<'a> {
    pub(super) fn new(product_id: Option<&'a str>, gross: i64) -> Self {
        Self {
            product_id,
            gross,
            left: Decimal::from(gross),
        }
    }

    /// What has been taken off, in whole minor units.
    pub(super) fn discount(&self) -> Result<i64, MapError> {
        self.gross.checked_sub(half_up(self.left)?).ok_or_else(too_large)
    }
}

/// What discounts are judged by, and what they leave behind.
pub(super) struct Desk<'a, 'b> {
    pub(super) refs: &'a Refs,
    pub(super) currency: &'a str,
    /// Unix seconds: the moment of which the amounts are.
    pub(super) as_of: i64,
    /// When the first of the running ones ends or a coming one begins, Unix seconds.
    pub(super) next_change: Option<i64>,
    pub(super) notes: &'b mut Notes,
}

impl<'a> Desk<'a, '_> {
    /// Takes the discounts off `sold`, one after the other.
    pub(super) fn take_off(
        &mut self,
        discounts: &'a [Expandable<Discount>],
        sold: &mut [Sold<'_>],
    ) -> Result<(), MapError> {
        for discount in discounts {
            match discount {
                Expandable::Object(discount) => self.take_one_off(discount, sold)?,
                Expandable::Id(id) => self
                    .notes
                    .warn(format!("Discount {id} is not known and not taken off.")),
            }
        }
        Ok(())
    }

    /// Takes one discount off.
    pub(super) fn take_one_off(&mut self, discount: &Discount, sold: &mut [Sold<'_>]) -> Result<(), MapError> {
        if !self.is_running(discount) {
            return Ok(());
        }
        let Some(coupon_id) = discount.coupon_id() else {
            self.notes.warn(format!(
                "Discount {} names no coupon and is not taken off.",
                discount.id
            ));
            return Ok(());
        };
        match self.refs.coupon(coupon_id) {
            Known::Missing => self.notes.misses(StripeKind::Coupon, coupon_id),
            Known::Gone => self.notes.warn(format!(
                "Coupon {coupon_id} is gone from Stripe; its discount is not taken off."
            )),
            Known::Here(coupon) if coupon.duration.as_deref() == Some("once") => {
                self.notes.warn(format!(
                    "Coupon {coupon_id} takes something off once only; the amounts here are without it."
                ));
            }
            Known::Here(coupon) => self.apply(coupon, sold)?,
        }
        Ok(())
    }

    fn is_running(&mut self, discount: &Discount) -> bool {
        for change in [discount.start, discount.end]
            .into_iter()
            .flatten()
            .filter(|at| *at > self.as_of)
        {
            self.next_change = Some(self.next_change.map_or(change, |known| known.min(change)));
        }
        discount.start.is_none_or(|start| start <= self.as_of) && discount.end.is_none_or(|end| end > self.as_of)
    }

    fn apply(&mut self, coupon: &Coupon, sold: &mut [Sold<'_>]) -> Result<(), MapError> {
        let mut meant: Vec<&mut Sold<'_>> = sold.iter_mut().filter(|sold| is_for(coupon, sold.product_id)).collect();
        if let Some(percent) = coupon.percent_off {
            let factor = Decimal::ONE - percent.0 / Decimal::ONE_HUNDRED;
            for sold in meant {
                sold.left = sold.left.checked_mul(factor).ok_or_else(too_large)?;
            }
            return Ok(());
        }
        match amount_off(coupon, self.currency) {
            Some(amount) => split_off(Decimal::from(amount), &mut meant)?,
            None => self.notes.warn(format!(
                "Coupon {} takes nothing off in {}.",
                coupon.id,
                self.currency.to_ascii_uppercase()
            )),
        }
        Ok(())
    }
}

fn is_for(coupon: &Coupon, product_id: Option<&str>) -> bool {
    let products = coupon
        .applies_to
        .as_ref()
        .map(|applies_to| applies_to.products.as_slice())
        .unwrap_or_default();
    products.is_empty() || product_id.is_some_and(|id| products.iter().any(|product| product == id))
}

fn amount_off(coupon: &Coupon, currency: &str) -> Option<i64> {
    if coupon
        .currency
        .as_deref()
        .is_some_and(|own| own.eq_ignore_ascii_case(currency))
    {
        return coupon.amount_off;
    }
    coupon
        .currency_options
        .as_ref()?
        .get(&currency.to_ascii_lowercase())?
        .amount_off
}

/// Splits a fixed amount over the items by what is left of each; never more than there is.
fn split_off(amount: Decimal, meant: &mut [&mut Sold<'_>]) -> Result<(), MapError> {
    let all: Decimal = meant.iter().map(|sold| sold.left).sum();
    if all <= Decimal::ZERO {
        return Ok(());
    }
    let mut to_split = amount.min(all);
    let last = meant.len().saturating_sub(1);
    for (index, sold) in meant.iter_mut().enumerate() {
        let share = if index == last {
            to_split
        } else {
            let part = amount.min(all).checked_mul(sold.left).ok_or_else(too_large)?;
            (part / all).round().min(to_split)
        };
        sold.left -= share;
        to_split -= share;
    }
    Ok(())
}
