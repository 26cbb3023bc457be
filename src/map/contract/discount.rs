//! What running discounts take off the items of a subscription.

use entity::kind::StripeKind;

use super::Notes;
use super::left::Left;
use super::price::Cost;
use crate::map::fraction::Fraction;
use crate::map::money::{less, sum};
use crate::map::refs::Known;
use crate::map::{MapError, Refs};
use crate::stripe::object::{Coupon, Discount, Expandable, Item, Subscription};

/// What is taken off each item: its own discounts first, then the subscription's, and where none of the subscription's is running the
/// customer's. What lasts is asked by itself: once a discount that comes off once is gone, the customer's is there again.
pub(super) fn discounts(
    subscription: &Subscription,
    costs: &[Cost],
    refs: &Refs,
    as_of: i64,
    notes: &mut Notes,
) -> Result<(Vec<Off>, Option<i64>), MapError> {
    let product = |item: &Item| item.price.product.as_ref().map(|product| product.0.clone());
    let products: Vec<Option<String>> = subscription.items.iter().map(product).collect();
    let mut sold: Vec<Sold<'_>> = products
        .iter()
        .zip(costs)
        .map(|(product, cost)| Sold::new(product.as_deref(), cost.amount))
        .collect();
    let mut desk = Desk {
        refs,
        currency: &subscription.currency,
        as_of,
        next_change: None,
        notes,
    };
    for (item, sold) in subscription.items.iter().zip(&mut sold) {
        desk.take_off(&item.discounts, std::slice::from_mut(sold))?;
    }
    let running = desk.take_off(&subscription.discounts, &mut sold)?;
    if running != Running::Lasting
        && let Some(customer) = subscription
            .customer
            .as_ref()
            .and_then(|customer| refs.customer(&customer.0).here())
        && let Some(discount) = &customer.discount
    {
        let aside: Vec<Left> = sold.iter().map(|sold| sold.left.clone()).collect();
        desk.take_one_off(discount, &mut sold)?;
        if running == Running::Once {
            for (sold, left) in sold.iter_mut().zip(aside) {
                sold.left = left;
            }
        }
    }
    let next_change = desk.next_change;
    Ok((sold.iter().map(Sold::off).collect::<Result<_, _>>()?, next_change))
}

/// What of some discounts is running, the strongest of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Running {
    None,
    /// Only what is taken off once.
    Once,
    /// What goes on; also where nobody knows whether it does.
    Lasting,
}

/// What is sold, and what of it is left to pay. Amounts are minor units.
#[derive(Debug)]
struct Sold<'a> {
    product_id: Option<&'a str>,
    gross: i64,
    /// After all discounts.
    left: Left,
    /// After those that last, so without what is taken off once.
    lasting: Left,
}

/// What discounts have taken off, in whole minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Off {
    pub(super) all: i64,
    /// Without what is taken off once.
    pub(super) lasting: i64,
}

impl<'a> Sold<'a> {
    fn new(product_id: Option<&'a str>, gross: i64) -> Self {
        Self {
            product_id,
            gross,
            left: Left::whole(gross),
            lasting: Left::whole(gross),
        }
    }

    /// What has been taken off.
    fn off(&self) -> Result<Off, MapError> {
        Ok(Off {
            all: less(self.gross, [self.left.half_up()?])?,
            lasting: less(self.gross, [self.lasting.half_up()?])?,
        })
    }
}

/// What discounts are judged by, and what they leave behind.
struct Desk<'a, 'b> {
    refs: &'a Refs,
    currency: &'a str,
    /// Unix seconds: the moment of which the amounts are.
    as_of: i64,
    /// When the first of the running ones ends or a coming one begins, Unix seconds.
    next_change: Option<i64>,
    notes: &'b mut Notes,
}

impl<'a> Desk<'a, '_> {
    /// Takes the discounts off `sold`, one after the other.
    fn take_off(&mut self, discounts: &'a [Expandable<Discount>], sold: &mut [Sold<'_>]) -> Result<Running, MapError> {
        let mut all = Running::None;
        for discount in discounts {
            let running = match discount {
                Expandable::Object(discount) => self.take_one_off(discount, sold)?,
                Expandable::Id(id) => {
                    self.notes
                        .warn(format!("Discount {id} is not known and not taken off."));
                    Running::Lasting
                }
            };
            all = all.max(running);
        }
        Ok(all)
    }

    /// Takes one discount off, if it is running.
    fn take_one_off(&mut self, discount: &Discount, sold: &mut [Sold<'_>]) -> Result<Running, MapError> {
        if !self.is_running(discount) {
            return Ok(Running::None);
        }
        let Some(coupon_id) = discount.coupon_id() else {
            self.notes.warn(format!(
                "Discount {} names no coupon and is not taken off.",
                discount.id
            ));
            return Ok(Running::Lasting);
        };
        match self.refs.coupon(coupon_id) {
            Known::Missing => self.notes.misses(StripeKind::Coupon, coupon_id),
            Known::Gone => self.notes.warn(format!(
                "Coupon {coupon_id} is gone from Stripe; its discount is not taken off."
            )),
            Known::Here(coupon) => {
                self.apply(coupon, sold)?;
                if !lasts(coupon) {
                    return Ok(Running::Once);
                }
            }
        }
        Ok(Running::Lasting)
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
        let lasts = lasts(coupon);
        if let Some(percent) = coupon.percent_off {
            for sold in meant {
                sold.left.less_percent(percent.0);
                if lasts {
                    sold.lasting.less_percent(percent.0);
                }
            }
            return Ok(());
        }
        let Some(amount) = amount_off(coupon, self.currency) else {
            self.notes.warn(format!(
                "Coupon {} takes nothing off in {}.",
                coupon.id,
                self.currency.to_ascii_uppercase()
            ));
            return Ok(());
        };
        split_off(amount, meant.iter_mut().map(|sold| &mut sold.left).collect())?;
        if lasts {
            split_off(amount, meant.iter_mut().map(|sold| &mut sold.lasting).collect())?;
        }
        Ok(())
    }
}

fn lasts(coupon: &Coupon) -> bool {
    coupon.duration.as_deref() != Some("once")
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

/// Splits a fixed amount over what is left of each, in whole minor units by the size of each; never more than there is.
fn split_off(amount: i64, lefts: Vec<&mut Left>) -> Result<(), MapError> {
    // An amount cannot be split over parts of a minor unit: what percentages have left is rounded first.
    let wholes = lefts
        .iter()
        .map(|left| left.half_up())
        .collect::<Result<Vec<i64>, _>>()?;
    let all = sum(wholes.iter().copied())?;
    let off = amount.clamp(0, all.max(0));
    let (mut so_far, mut taken) = (0, 0);
    for (left, whole) in lefts.into_iter().zip(wholes) {
        *left = Left::whole(whole);
        if off > 0 {
            // Differences of a running share leave no rest over, and none is larger than what it is taken off.
            so_far = sum([so_far, whole])?;
            let share = Fraction::whole(so_far).over(Fraction::whole(all))?;
            let until_here = Fraction::whole(off).times(share)?.half_up()?;
            *left = Left::whole(less(whole, [less(until_here, [taken])?])?);
            taken = until_here;
        }
    }
    Ok(())
}
