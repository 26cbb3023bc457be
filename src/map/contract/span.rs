//! What a line of an invoice says about recurring revenue: of which subscription item, from when to when, and how much a month.

use std::collections::HashMap;

use entity::kind::{DiscountCounts, LineKind, SpanKind, StripeKind};

use super::price::cost;
use super::recurring::{intervals, yearly};
use super::{ContractRules, Notes};
use crate::map::fraction::Fraction;
use crate::map::money::{less, sum};
use crate::map::refs::Terms;
use crate::map::{MapError, Refs};
use crate::stripe::object::{Coupon, Course, Discount, Expandable, Invoice, Line, Price};

/// What the lines of an invoice are read with.
pub(super) struct Bill<'a> {
    pub(super) invoice: &'a Invoice,
    pub(super) refs: &'a Refs,
    pub(super) rules: &'a ContractRules,
    /// The discounts at hand, by their ids.
    discounts: HashMap<&'a str, &'a Discount>,
}

/// What a line does to its item's recurring revenue, and how much it is in a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) kind: SpanKind,
    pub(super) yearly: Fraction,
}

impl<'a> Bill<'a> {
    pub(super) fn new(
        invoice: &'a Invoice,
        course: Option<&'a Course>,
        refs: &'a Refs,
        rules: &'a ContractRules,
    ) -> Self {
        let of_course = course.into_iter().flat_map(Course::discounts);
        let discounts = invoice.discounts.iter().filter_map(Expandable::object);
        let discounts = discounts.chain(of_course);
        Self {
            invoice,
            refs,
            rules,
            discounts: discounts.map(|discount| (discount.id.as_str(), discount)).collect(),
        }
    }

    /// Whether a discount lowers recurring revenue. One of which nothing is known does.
    fn counts(&self, discount_id: Option<&str>) -> bool {
        let discount = discount_id.and_then(|id| self.discounts.get(id));
        let coupon = discount.and_then(|discount| self.coupon_of(discount));
        coupon.is_none_or(|coupon| lowers_recurring(coupon, self.rules))
    }

    /// What the discounts on a line take off that ran at a Unix second, and then those on the whole invoice, as far as they are at hand.
    fn coupons_on(&self, line: &'a Line, at: i64) -> Vec<&'a Coupon> {
        let all = line.discounts.iter().chain(&self.invoice.discounts);
        let mut ids: Vec<&str> = Vec::new();
        for id in all.map(|discount| discount.id(|discount| &discount.id)) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        let discounts = ids
            .iter()
            .filter(|id| self.ran(id, at))
            .filter_map(|id| self.discounts.get(id));
        discounts.filter_map(|discount| self.coupon_of(discount)).collect()
    }

    /// Whether a discount ran at a Unix second. One of which nothing is known did.
    fn ran(&self, discount_id: &str, at: i64) -> bool {
        let discount = self.discounts.get(discount_id);
        discount.is_none_or(|discount| {
            discount.start.is_none_or(|start| start <= at) && discount.end.is_none_or(|end| end > at)
        })
    }

    /// What a discount takes off, where that is known.
    fn coupon_of(&self, discount: &Discount) -> Option<&'a Coupon> {
        match self.refs.terms(discount, discount.coupon_id()?) {
            Terms::Known(coupon) => Some(coupon),
            Terms::Missing | Terms::Gone => None,
        }
    }
}

/// Whether what `coupon` takes off lowers recurring revenue, by the settings.
pub(super) fn lowers_recurring(coupon: &Coupon, rules: &ContractRules) -> bool {
    match coupon.duration.as_deref() {
        Some("once") => rules.once_discounts == DiscountCounts::WhileRunning,
        Some("repeating") => rules.repeating_discounts == DiscountCounts::WhileRunning,
        _ => true,
    }
}

/// The item that a line charges for: where Stripe names none, its price; of what no subscription bills, the line itself.
pub(super) fn item_id(line: &Line) -> String {
    let item = line.subscription_item().map(|item| item.0.as_str());
    let price = || line.price_id().filter(|_| line.is_of_subscription());
    item.or_else(price).unwrap_or(&line.id).to_owned()
}

/// Reads what a line says. `net` is its amount after all discounts and contained tax.
pub(super) fn span(
    bill: &Bill<'_>,
    line: &Line,
    (price, kind, net): (Option<&Price>, LineKind, i64),
    notes: &mut Notes,
) -> Result<Option<Span>, MapError> {
    if line.is_proration() {
        return proration(bill, line, price, notes);
    }
    let Some(price) = price.filter(|_| matches!(kind, LineKind::Recurring | LineKind::Credit)) else {
        return Ok(None);
    };
    let Some(each) = yearly(lasting_net(bill, line, net)?, price)? else {
        return Ok(None);
    };
    let periods = line
        .period
        .map_or(1, |period| intervals(price, period.start, period.end));
    Ok(Some(Span {
        kind: SpanKind::Opens,
        yearly: each.over(Fraction::whole(periods))?,
    }))
}

/// What a line comes to without the discounts that do not lower recurring revenue, and without tax.
fn lasting_net(bill: &Bill<'_>, line: &Line, net: i64) -> Result<i64, MapError> {
    let lasting = sum(line
        .discount_amounts
        .iter()
        .filter(|share| bill.counts(share.discount_id()))
        .map(|share| share.amount))?;
    let all = super::line::discount(line)?;
    if lasting == all {
        return Ok(net);
    }
    without_tax(bill, line, less(line.amount, [lasting])?)
}

/// `amount` without the tax that the line's own amount contains; of a line that comes to nothing the others of the invoice tell how much
/// that is.
fn without_tax(bill: &Bill<'_>, line: &Line, amount: i64) -> Result<i64, MapError> {
    let of = |line: &Line| -> Result<Option<(i64, i64)>, MapError> {
        let taxed = less(line.amount, [super::line::discount(line)?])?;
        let contained = super::line::contained_tax(&line.taxes)?;
        Ok((taxed != 0).then_some((contained, taxed)))
    };
    let mut share = of(line)?;
    if share.is_none() {
        let mut others: Vec<&Line> = bill.invoice.lines.iter().collect();
        others.sort_by(|one, other| one.id.cmp(&other.id));
        for other in others {
            share = share.or(of(other)?.filter(|(contained, _)| *contained != 0));
        }
    }
    let Some((contained, taxed)) = share.filter(|(contained, taxed)| *contained != 0 && *taxed > 0) else {
        return Ok(amount);
    };
    let share = Fraction::whole(contained).over(Fraction::whole(taxed))?;
    let tax = Fraction::whole(amount).times(share)?.half_up()?;
    less(amount, [tax])
}

/// A positive proration tells item, quantity, price and from when; a negative one gives back what was charged before.
fn proration(bill: &Bill<'_>, line: &Line, price: Option<&Price>, notes: &mut Notes) -> Result<Option<Span>, MapError> {
    if line.subscription_item().is_none() {
        return Ok(None);
    }
    if line.amount < 0 || (line.amount == 0 && line.gives_credit()) {
        return Ok(Some(Span {
            kind: SpanKind::Closes,
            yearly: Fraction::ZERO,
        }));
    }
    let Some(price) = price.filter(|price| price.recurring.is_some() && !price.is_metered()) else {
        return Ok(None);
    };
    let Some(quantity) = quantity_of_all_tiers(bill, line) else {
        return Ok(Some(Span {
            kind: SpanKind::Opens,
            yearly: Fraction::ZERO,
        }));
    };
    let Ok(whole) = cost(price, quantity, &bill.invoice.currency)? else {
        notes.waits_for(
            StripeKind::Price,
            &price.id,
            &format!(
                "what line {} brings a month is not known without the amounts of price {}.",
                line.id, price.id
            ),
        );
        return Ok(None);
    };
    let discounted = after_lasting(bill, line, whole.amount)?;
    let opened = yearly(without_tax(bill, line, discounted)?, price)?;
    Ok(opened.map(|yearly| Span {
        kind: SpanKind::Opens,
        yearly,
    }))
}

/// An item with tiers has a line for each: one of them stands for all, and the others for nothing.
fn quantity_of_all_tiers(bill: &Bill<'_>, line: &Line) -> Option<i64> {
    let (item, start) = (item_id(line), line.period.map(|period| period.start));
    let tiers = bill.invoice.lines.iter().filter(|other| {
        other.is_proration()
            && other.amount >= 0
            && !other.gives_credit()
            && other.period.map(|period| period.start) == start
            && item_id(other) == item
    });
    let tiers: Vec<&Line> = tiers.collect();
    if tiers.iter().any(|other| other.id < line.id) {
        return None;
    }
    let quantities = tiers.iter().map(|tier| tier.quantity.unwrap_or(1));
    Some(quantities.fold(0, i64::saturating_add))
}

/// What lasting discounts leave of `amount`, if they ran when the line's period began: as much as of the item's regular lines on the same invoice; where it has none, what the
/// percentages of its discounts leave. A proration does not say itself what was taken off.
fn after_lasting(bill: &Bill<'_>, line: &Line, amount: i64) -> Result<i64, MapError> {
    let (item, from) = (
        item_id(line),
        line.period.map_or(bill.invoice.created, |period| period.start),
    );
    let is_regular = |other: &&Line| !other.is_proration() && other.amount > 0 && item_id(other) == item;
    let (mut all, mut left) = (0, 0);
    for regular in bill.invoice.lines.iter().filter(is_regular) {
        let shares = regular.discount_amounts.iter();
        let lasting = shares.filter(|share| {
            bill.counts(share.discount_id()) && share.discount_id().is_none_or(|id| bill.ran(id, from))
        });
        all = sum([all, regular.amount])?;
        left = less(sum([left, regular.amount])?, lasting.map(|share| share.amount))?;
    }
    if all != 0 {
        let share = Fraction::whole(left).over(Fraction::whole(all))?;
        return Fraction::whole(amount).times(share)?.half_up();
    }
    let mut left = super::left::Left::whole(amount);
    let product_id = line.product_id();
    let lasting = bill
        .coupons_on(line, from)
        .into_iter()
        .filter(|coupon| lowers_recurring(coupon, bill.rules));
    for coupon in lasting.filter(|coupon| super::discount::is_for(coupon, product_id)) {
        if let Some(percent) = &coupon.percent_off {
            left.less_percent(percent.0)?;
        }
    }
    left.half_up()
}
