//! What running discounts take off the items of a subscription.

use entity::kind::StripeKind;

use super::left::Left;
use super::span::lowers_recurring;
use super::split::{over_a_year, over_one_invoice};
use super::{ContractRules, Notes};
use crate::map::fraction::Fraction;
use crate::map::money::less;
use crate::map::refs::Terms;
use crate::map::{MapError, Refs};
use crate::stripe::object::{Coupon, Discount, Expandable, Item, Subscription};

/// What an item costs in one period of its own, and how often a year that is charged; `None` where that is not known, or not before.
pub(super) type Charge = (i64, Option<Fraction>);

/// What is taken off each item: its own discounts first, then the subscription's, and where none of the subscription's is running the
/// customer's. What lasts is asked by itself: once a discount that comes off once is gone, the customer's is there again.
pub(super) fn discounts(
    subscription: &Subscription,
    charges: &[Charge],
    refs: &Refs,
    (rules, as_of): (&ContractRules, i64),
    notes: &mut Notes,
) -> Result<(Vec<Off>, Changes), MapError> {
    let product = |item: &Item| item.price.product.as_ref().map(|product| product.0.clone());
    let products: Vec<Option<String>> = subscription.items.iter().map(product).collect();
    let mut sold: Vec<Sold<'_>> = products
        .iter()
        .zip(charges)
        .map(|(product, charge)| Sold::new(product.as_deref(), *charge))
        .collect();
    let mut desk = Desk {
        refs,
        currency: &subscription.currency,
        rules,
        as_of,
        changes: Changes::default(),
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
        let aside: Vec<Left> = sold.iter().map(|sold| sold.left).collect();
        desk.take_one_off(discount, &mut sold)?;
        if running == Running::Passing {
            for (sold, left) in sold.iter_mut().zip(aside) {
                sold.left = left;
            }
        }
    }
    let by_time = desk.changes;
    Ok((sold.iter().map(Sold::off).collect::<Result<_, _>>()?, by_time))
}

/// When time alone changes something, Unix seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Changes {
    /// The last time that it did.
    pub(super) last: Option<i64>,
    /// The next time that it will.
    pub(super) next: Option<i64>,
}

impl Changes {
    /// Something changes at `at`; now is `as_of`.
    pub(super) fn add(&mut self, at: i64, as_of: i64) {
        if at > as_of {
            self.next = Some(self.next.map_or(at, |known| known.min(at)));
        } else {
            self.last = self.last.max(Some(at));
        }
    }
}

/// What of some discounts is running, the strongest of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Running {
    None,
    /// Only what does not lower recurring revenue.
    Passing,
    /// What lowers it; also where nobody knows whether it does.
    Lasting,
}

/// What is sold, and what of it is left to pay. Amounts are minor units.
#[derive(Debug)]
struct Sold<'a> {
    product_id: Option<&'a str>,
    gross: i64,
    times_a_year: Option<Fraction>,
    /// After all discounts, on an invoice that bills everything.
    left: Left,
    /// After those that last, so without what is taken off once.
    lasting: Left,
}

/// What discounts have taken off and left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Off {
    /// What all of them take off, in whole minor units.
    pub(super) all: i64,
    /// What those that last leave in one period, exactly.
    pub(super) lasting: Fraction,
}

impl<'a> Sold<'a> {
    fn new(product_id: Option<&'a str>, (gross, times_a_year): Charge) -> Self {
        Self {
            product_id,
            gross,
            times_a_year,
            left: Left::whole(gross),
            lasting: Left::whole(gross),
        }
    }

    /// What has been taken off.
    fn off(&self) -> Result<Off, MapError> {
        Ok(Off {
            all: less(self.gross, [self.left.half_up()?])?,
            lasting: self.lasting.exact(),
        })
    }
}

/// What discounts are judged by, and what they leave behind.
struct Desk<'a, 'b> {
    refs: &'a Refs,
    currency: &'a str,
    rules: &'a ContractRules,
    /// Unix seconds: the moment of which the amounts are.
    as_of: i64,
    /// When one of them begins or ends.
    changes: Changes,
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
        match self.refs.terms(discount, coupon_id) {
            Terms::Known(coupon) => {
                self.apply(coupon, sold)?;
                if !lowers_recurring(coupon, self.rules) {
                    return Ok(Running::Passing);
                }
            }
            Terms::Missing => self.notes.misses(StripeKind::Coupon, coupon_id),
            Terms::Gone => self.notes.waits_for(
                StripeKind::Coupon,
                coupon_id,
                &format!(
                    "coupon {coupon_id} is gone from Stripe, and what discount {} takes off by it is not known yet; nothing is taken off.",
                    discount.id
                ),
            ),
        }
        Ok(Running::Lasting)
    }

    fn is_running(&mut self, discount: &Discount) -> bool {
        for change in [discount.start, discount.end].into_iter().flatten() {
            self.changes.add(change, self.as_of);
        }
        discount.start.is_none_or(|start| start <= self.as_of) && discount.end.is_none_or(|end| end > self.as_of)
    }

    fn apply(&mut self, coupon: &Coupon, sold: &mut [Sold<'_>]) -> Result<(), MapError> {
        let mut meant: Vec<&mut Sold<'_>> = sold.iter_mut().filter(|sold| is_for(coupon, sold.product_id)).collect();
        let lasts = lowers_recurring(coupon, self.rules);
        if let Some(percent) = coupon.percent_off {
            for sold in meant {
                sold.left.less_percent(percent.0)?;
                if lasts {
                    sold.lasting.less_percent(percent.0)?;
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
        over_one_invoice(amount, meant.iter_mut().map(|sold| &mut sold.left).collect())?;
        if lasts {
            let lasting = meant.iter_mut().map(|sold| (&mut sold.lasting, sold.times_a_year));
            over_a_year(amount, lasting.collect())?;
        }
        Ok(())
    }
}

/// Whether a coupon takes something off what is sold of a product.
pub(super) fn is_for(coupon: &Coupon, product_id: Option<&str>) -> bool {
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
