//! A subscription becomes a contract: what it sells in one period of each item, as of one moment.

use chrono::NaiveDate;
use entity::kind::{ContractSource, LineKind, StripeKind};
use rust_decimal::Decimal;

use super::contained::Untaxed;
use super::discount::{Changes, Charge, Off, discounts};
use super::price::{Cost, Incomplete, cost};
use super::recurring::{monthly, revenue, times_a_year};
use super::standing::{Standing, standing};
use super::{ContractDraft, LineDraft, Moment, Notes, StateDraft, day, known, line_number, milliseconds, read, text};
use crate::days::Days;
use crate::map::fraction::Fraction;
use crate::map::money::{less, sum};
use crate::map::refs::Known;
use crate::map::{Json, MapError, Mapped, Refs, SkipReason};
use crate::stripe::object::{Item, Price, Subscription};

/// Products named in a contract's name.
const NAMED: usize = 3;

/// Maps a subscription with all its items.
pub fn from_subscription<'a>(
    object: impl Into<Json<'a>>,
    refs: &Refs,
    moment: &Moment<'_>,
    is_record: bool,
) -> Result<Mapped<ContractDraft>, MapError> {
    let (rules, as_of) = (moment.rules, moment.as_of);
    let subscription: Subscription = read(object.into())?;
    if !is_record && subscription.status == "incomplete" {
        return Ok(Mapped::Skipped(SkipReason::SubscriptionIncomplete));
    }
    let mut notes = Notes::default();
    let costs = costs(&subscription, refs, &mut notes)?;
    let charges = charges(&subscription, &costs, refs)?;
    let (discounts, mut by_time) = discounts(&subscription, &charges, refs, (rules, as_of), &mut notes)?;
    let standing = standing(&subscription, refs, moment, &mut by_time, &mut notes);
    let mut lines = Vec::with_capacity(subscription.items.len());
    for (index, (item, (cost, off))) in subscription
        .items
        .iter()
        .zip(costs.into_iter().zip(discounts))
        .enumerate()
    {
        let untaxed = Untaxed::of(&subscription, item, whole_price(item, refs), refs, &mut notes)?;
        let charge = Charged {
            cost,
            off,
            untaxed,
            counts: standing.counts,
        };
        lines.push(draft_line(item, index, &charge, refs, &mut notes)?);
    }
    draft(subscription, lines, (rules.days, standing, by_time), notes).map(Mapped::Record)
}

fn draft(
    subscription: Subscription,
    lines: Vec<(LineDraft, Option<Fraction>)>,
    (days, standing, changes): (Days, Standing, Changes),
    mut notes: Notes,
) -> Result<ContractDraft, MapError> {
    let (term_start, term_end) = term(&subscription, days)?;
    let revenue = revenue(lines.iter().filter_map(|(_, yearly)| *yearly), 0)?;
    let lines: Vec<LineDraft> = lines.into_iter().map(|(line, _)| line).collect();
    let total = sum(lines.iter().map(|line| line.net))?;
    Ok(ContractDraft {
        livemode: subscription.livemode,
        source: ContractSource::Subscription,
        number: None,
        name: text(
            name(&lines, subscription.description.as_deref(), &subscription.id),
            &mut notes,
        ),
        auto_renew: Some(subscription.course().renews() && standing.ended_at.is_none()),
        stripe_customer_id: subscription.customer.map(|customer| customer.0),
        paid_at: None,
        issued_at: subscription.created,
        booking_date: day(subscription.created, days)?,
        term_start,
        term_end,
        fixed_status: Some(standing.status),
        fixed_reason: None,
        payment_state: standing.payment,
        recurs: !lines.is_empty(),
        terminated_date: standing.ended_at.map(|at| day(at, days)).transpose()?,
        renewal_from: None,
        recurs_from: None,
        currency: subscription.currency.to_ascii_uppercase(),
        subtotal: sum(lines.iter().map(|line| line.gross))?,
        discount: sum(lines.iter().map(|line| line.discount))?,
        shipping: 0,
        tax: sum(lines.iter().map(|line| line.tax))?,
        total,
        amount_paid: 0,
        credited: 0,
        refunded: 0,
        net: total,
        mrr: revenue.mrr,
        arr: revenue.arr,
        acv: revenue.acv,
        reconcile_delta: None,
        reconciled: true,
        state: Some(StateDraft {
            status: standing.status,
            invoice_status: standing.invoice_status,
            period_until: subscription
                .items
                .iter()
                .filter_map(|item| item.current_period_end)
                .max(),
            changed_at: changes.last,
            ended_at: standing.ended_at,
            next_change_at: changes.next,
        }),
        source_status: text(subscription.status, &mut notes),
        stripe_subscription_id: Some(subscription.id),
        warnings: notes.warnings,
        pending: notes.pending,
        misses_credit: false,
        lines,
    })
}

/// What each item costs in one period of its own. Metered ones cost what is used, which nobody knows beforehand.
fn costs(subscription: &Subscription, refs: &Refs, notes: &mut Notes) -> Result<Vec<Cost>, MapError> {
    subscription
        .items
        .iter()
        .map(|item| item_cost(item, &subscription.currency, refs, notes))
        .collect()
}

fn item_cost(item: &Item, currency: &str, refs: &Refs, notes: &mut Notes) -> Result<Cost, MapError> {
    let price = whole_price(item, refs);
    let nothing = Cost {
        amount: 0,
        unit_price: None,
    };
    if price.is_metered() {
        return Ok(nothing);
    }
    let quantity = item.quantity.unwrap_or(1);
    match cost(price, quantity, currency)? {
        Ok(cost) => Ok(cost),
        Err(lacking) => {
            tell_of_lack(item, lacking, currency, refs, notes);
            Ok(nothing)
        }
    }
}

/// What each item costs and how often a year it is charged.
fn charges(subscription: &Subscription, costs: &[Cost], refs: &Refs) -> Result<Vec<Charge>, MapError> {
    let all = subscription.items.iter().zip(costs);
    all.map(|(item, cost)| Ok((cost.amount, times_a_year(whole_price(item, refs))?)))
        .collect()
}

/// A price that is here may get what it lacks: its currencies can be changed, and its items are mapped again when it is.
fn tell_of_lack(item: &Item, lacking: Incomplete, currency: &str, refs: &Refs, notes: &mut Notes) {
    let id = &item.price.id;
    match refs.price(id) {
        Known::Missing => notes.misses(StripeKind::Price, id),
        Known::Gone => notes.warn(format!(
            "Price {id} is gone from Stripe: what item {} costs is not known, it counts 0.",
            item.id
        )),
        Known::Here(_) => {
            let lacking = match lacking {
                Incomplete::Amount => "amount",
                Incomplete::Tiers => "tiers",
            };
            let currency = currency.to_ascii_uppercase();
            notes.waits_for(
                StripeKind::Price,
                id,
                &format!("price {id} has no {lacking} in {currency}."),
            );
        }
    }
}

/// The price with its tiers and currency options where it is here; an item's own copy has neither.
fn whole_price<'a>(item: &'a Item, refs: &'a Refs) -> &'a Price {
    refs.price(&item.price.id).here().unwrap_or(&item.price)
}

/// What an item is charged with.
struct Charged {
    cost: Cost,
    off: Off,
    untaxed: Untaxed,
    /// It is recurring revenue.
    counts: bool,
}

impl Charged {
    /// What it comes to in a year, exactly: after the discounts that last and without the tax in it.
    fn yearly(&self, price: &Price) -> Result<Option<Fraction>, MapError> {
        let Some(times) = times_a_year(price)?.filter(|_| self.counts) else {
            return Ok(None);
        };
        self.untaxed.part(self.off.lasting)?.times(times).map(Some)
    }
}

/// The line of an item, and what it comes to in a year where it counts.
fn draft_line(
    item: &Item,
    index: usize,
    charge: &Charged,
    refs: &Refs,
    notes: &mut Notes,
) -> Result<(LineDraft, Option<Fraction>), MapError> {
    let product_id = item.price.product.as_ref().map(|product| product.0.clone());
    let product = product_id
        .as_deref()
        .and_then(|id| known(refs.product(id), StripeKind::Product, id, notes));
    let price = whole_price(item, refs);
    let yearly = charge.yearly(price)?;
    let (cost, off) = (&charge.cost, &charge.off);
    let after_discounts = less(cost.amount, [off.all])?;
    let tax = charge.untaxed.tax_in(after_discounts)?;
    let is_metered = price.is_metered();
    if charge.counts && !is_metered && yearly.is_none() {
        notes.knows_no_rhythm("item", &item.id);
    }
    let line = LineDraft {
        stripe_id: item.id.clone(),
        line_number: line_number(index)?,
        stripe_product_id: product_id.clone(),
        product_name: product
            .and_then(|product| product.name.clone())
            .map(|name| text(name, notes)),
        stripe_price_id: Some(item.price.id.clone()),
        description: None,
        quantity: (!is_metered).then(|| Decimal::from(item.quantity.unwrap_or(1))),
        unit_price: cost.unit_price,
        gross: cost.amount,
        discount: off.all,
        tax,
        net: less(after_discounts, [tax])?,
        mrr: yearly.map_or(Ok(0), monthly)?,
        kind: if is_metered {
            LineKind::Usage
        } else {
            LineKind::Recurring
        },
        item_id: item.id.clone(),
        span: None,
        monthly: yearly.unwrap_or(Fraction::ZERO).over(Fraction::whole(12))?,
        period_start: item.current_period_start.map(milliseconds).transpose()?,
        period_end: item.current_period_end.map(milliseconds).transpose()?,
    };
    Ok((line, yearly))
}

/// From the first to the last of the items' own periods; a nearer end of the subscription ends it.
fn term(subscription: &Subscription, days: Days) -> Result<(Option<NaiveDate>, Option<NaiveDate>), MapError> {
    let starts = subscription.items.iter().filter_map(|item| item.current_period_start);
    let ends = subscription.items.iter().filter_map(|item| item.current_period_end);
    let start = starts.min().or(subscription.start_date);
    let end = ends
        .max()
        .into_iter()
        .chain(subscription.cancel_at)
        .chain(subscription.ended_at)
        .min();
    let day = |at| day(at, days);
    Ok((start.map(day).transpose()?, end.map(day).transpose()?))
}

fn name(lines: &[LineDraft], description: Option<&str>, id: &str) -> String {
    let mut products: Vec<&str> = Vec::new();
    for product in lines.iter().filter_map(|line| line.product_name.as_deref()) {
        if !products.contains(&product) {
            products.push(product);
        }
    }
    match products.len() {
        0 => description
            .filter(|text| !text.trim().is_empty())
            .unwrap_or(id)
            .to_owned(),
        1..=NAMED => products.join(", "),
        more => format!("{} and {} more", products[..NAMED].join(", "), more - NAMED),
    }
}
