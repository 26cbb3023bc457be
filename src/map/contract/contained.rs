//! The tax that an item's price contains.

use rust_decimal::Decimal;

use super::Notes;
use super::line::{contained_tax, discount};
use crate::map::fraction::Fraction;
use crate::map::{MapError, Refs};
use crate::stripe::object::{Invoice, Item, Line, Price, Subscription, Tax, TaxRate};

/// Which part of an amount is left once the tax in it is off, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Untaxed(Fraction);

impl Untaxed {
    const ALL: Self = Self(Fraction::ONE);

    /// What of an item of `subscription` is no tax: by its own rates, else the subscription's; where there are none and the price says that
    /// it contains tax, by what the latest invoice has told.
    pub(super) fn of(
        subscription: &Subscription,
        item: &Item,
        price: &Price,
        refs: &Refs,
        notes: &mut Notes,
    ) -> Result<Self, MapError> {
        let rates = [&item.tax_rates, &subscription.default_tax_rates];
        if let Some(rates) = rates.into_iter().find(|rates| !rates.is_empty()) {
            return Self::by_rates(rates);
        }
        if price.tax_behavior.as_deref() != Some("inclusive") {
            return Ok(Self::ALL);
        }
        let latest = subscription.latest_invoice.as_ref();
        let latest = latest.and_then(|id| refs.invoice(&id.0).here());
        if let Some(untaxed) = latest
            .map(|invoice| Self::by_invoice(invoice, &price.id))
            .transpose()?
            .flatten()
        {
            return Ok(untaxed);
        }
        notes.warn(format!(
            "Price {} contains tax: its amounts are shown with it.",
            price.id
        ));
        Ok(Self::ALL)
    }

    fn by_rates(rates: &[TaxRate]) -> Result<Self, MapError> {
        let contained: Decimal = rates
            .iter()
            .filter(|rate| rate.inclusive)
            .map(|rate| rate.percentage.0.max(Decimal::ZERO))
            .sum();
        let hundred = Fraction::whole(100);
        Ok(Self(hundred.over(hundred.plus(Fraction::of_decimal(contained))?)?))
    }

    /// By the lines of the price, or by all where it has none. `None` where they come to nothing.
    fn by_invoice(invoice: &Invoice, price_id: &str) -> Result<Option<Self>, MapError> {
        let of_price: Vec<&Line> = invoice.lines.iter().filter(|line| is_of(line, price_id)).collect();
        if let Some(untaxed) = Self::by_lines(&of_price, &[])? {
            return Ok(Some(untaxed));
        }
        let all: Vec<&Line> = invoice.lines.iter().collect();
        // Old invoices tell their taxes on the whole only.
        let whole = if all.iter().any(|line| !line.taxes.is_empty()) {
            &[][..]
        } else {
            &invoice.total_taxes
        };
        Self::by_lines(&all, whole)
    }

    fn by_lines(lines: &[&Line], on_the_whole: &[Tax]) -> Result<Option<Self>, MapError> {
        let (mut charged, mut tax) = (Fraction::ZERO, Fraction::whole(contained_tax(on_the_whole)?));
        for line in lines {
            let off = Fraction::whole(discount(line)?);
            charged = charged.plus(Fraction::whole(line.amount))?.less(off)?;
            tax = tax.plus(Fraction::whole(contained_tax(&line.taxes)?))?;
        }
        let rest = charged.less(tax)?;
        let is_part = rest.compare(Fraction::ZERO)?.is_ge() && rest.compare(charged)?.is_le();
        if charged.compare(Fraction::ZERO)?.is_le() || !is_part {
            return Ok(None);
        }
        rest.over(charged).map(|rest| Some(Self(rest)))
    }

    /// What is left of an amount, exactly.
    pub(super) fn part(self, amount: Fraction) -> Result<Fraction, MapError> {
        amount.times(self.0)
    }

    /// The tax in an amount, rounded as Stripe rounds it.
    pub(super) fn tax_in(self, amount: i64) -> Result<i64, MapError> {
        let amount = Fraction::whole(amount);
        amount.less(self.part(amount)?)?.half_up()
    }
}

fn is_of(line: &Line, price_id: &str) -> bool {
    let details = line.pricing.as_ref().and_then(|pricing| pricing.price_details.as_ref());
    let price = details.and_then(|details| details.price.as_ref());
    !line.is_proration() && price.is_some_and(|price| price.0 == price_id)
}
