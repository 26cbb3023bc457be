//! A subscription becomes a contract: what it sells in one period of each item, as of the moment it was read.

use chrono::NaiveDate;
use entity::kind::{ContractSource, LineKind, StripeKind};
use rust_decimal::Decimal;
use serde_json::Value;

use super::discount::{Desk, Sold};
use super::price::{Cost, cost};
use super::{ContractDraft, LineDraft, Notes, day, line_number, milliseconds, read, text};
use crate::map::money::{less, sum};
use crate::map::refs::Known;
use crate::map::{MapError, Mapped, Refs, SkipReason};
use crate::stripe::object::{Item, Price, Subscription};

/// Products named in a contract's name.
const NAMED: usize = 3;

/// Maps a subscription with all its items. `as_of`: Unix second of the reading, by which discounts run or not; its customer's, where
/// that is later.
pub fn from_subscription(
    object: &Value,
    refs: &Refs,
    as_of: i64,
    is_record: bool,
) -> Result<Mapped<ContractDraft>, MapError> {
    let subscription: Subscription = read(object)?;
    if !is_record && subscription.status == "incomplete" {
        return Ok(Mapped::Skipped(SkipReason::SubscriptionIncomplete));
    }
    let customer = subscription.customer.as_ref();
    // A discount of the customer's may have begun since the subscription itself was last read.
    let as_of = customer
        .and_then(|customer| refs.seen(&customer.0))
        .map_or(as_of, |seen| seen.max(as_of));
    let mut notes = Notes::default();
    let costs = costs(&subscription, refs, &mut notes)?;
    let (discounts, next_change) = discounts(&subscription, &costs, refs, as_of, &mut notes)?;
    let mut lines = Vec::with_capacity(subscription.items.len());
    for (index, (item, (cost, discount))) in subscription
        .items
        .iter()
        .zip(costs.into_iter().zip(discounts))
        .enumerate()
    {
        lines.push(draft_line(item, index, cost, discount, refs, &mut notes)?);
    }
    draft(subscription, lines, next_change, notes).map(Mapped::Record)
}

fn draft(
    subscription: Subscription,
    lines: Vec<LineDraft>,
    next_change: Option<i64>,
    mut notes: Notes,
) -> Result<ContractDraft, MapError> {
    let (term_start, term_end) = term(&subscription)?;
    Ok(ContractDraft {
        source: ContractSource::Subscription,
        number: None,
        name: text(
            name(&lines, subscription.description.as_deref(), &subscription.id),
            &mut notes,
        ),
        stripe_customer_id: subscription.customer.map(|customer| customer.0),
        paid_at: None,
        booking_date: day(subscription.created)?,
        term_start,
        term_end,
        currency: subscription.currency.to_ascii_uppercase(),
        subtotal: sum(lines.iter().map(|line| line.gross))?,
        discount: sum(lines.iter().map(|line| line.discount))?,
        shipping: 0,
        tax: 0,
        total: sum(lines.iter().map(|line| line.net))?,
        amount_paid: 0,
        reconcile_delta: None,
        reconciled: true,
        next_change_at: next_change.map(milliseconds).transpose()?,
        source_status: text(subscription.status, &mut notes),
        stripe_subscription_id: Some(subscription.id),
        warnings: notes.warnings,
        pending: notes.pending,
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
    if price.tax_behavior.as_deref() == Some("inclusive") {
        notes.warn(format!(
            "Price {} contains tax: its amounts are shown with it.",
            price.id
        ));
    }
    let quantity = item.quantity.unwrap_or(1);
    match cost(price, quantity, currency)? {
        Ok(cost) => Ok(cost),
        Err(_incomplete) => {
            if matches!(refs.price(&price.id), Known::Missing) {
                notes.misses(StripeKind::Price, &price.id);
            } else {
                notes.warn(format!(
                    "PENDING: price {} has no amount in {}.",
                    price.id,
                    currency.to_ascii_uppercase()
                ));
            }
            Ok(nothing)
        }
    }
}

/// The price with its tiers and currency options where it is here; an item's own copy has neither.
fn whole_price<'a>(item: &'a Item, refs: &'a Refs) -> &'a Price {
    refs.price(&item.price.id).here().unwrap_or(&item.price)
}

/// What is taken off each item: its own discounts first, then the subscription's, and only where it has none the customer's.
fn discounts(
    subscription: &Subscription,
    costs: &[Cost],
    refs: &Refs,
    as_of: i64,
    notes: &mut Notes,
) -> Result<(Vec<i64>, Option<i64>), MapError> {
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
    desk.take_off(&subscription.discounts, &mut sold)?;
    if subscription.discounts.is_empty()
        && let Some(customer) = subscription
            .customer
            .as_ref()
            .and_then(|customer| refs.customer(&customer.0).here())
        && let Some(discount) = &customer.discount
    {
        desk.take_one_off(discount, &mut sold)?;
    }
    let next_change = desk.next_change;
    Ok((sold.iter().map(Sold::discount).collect::<Result<_, _>>()?, next_change))
}

fn draft_line(
    item: &Item,
    index: usize,
    cost: Cost,
    discount: i64,
    refs: &Refs,
    notes: &mut Notes,
) -> Result<LineDraft, MapError> {
    let product_id = item.price.product.as_ref().map(|product| product.0.clone());
    let product = product_id.as_deref().map(|id| (id, refs.product(id)));
    if let Some((id, Known::Missing)) = product {
        notes.misses(StripeKind::Product, id);
    }
    let name = product
        .and_then(|(_, product)| product.here())
        .and_then(|product| product.name.clone());
    let is_metered = whole_price(item, refs).is_metered();
    Ok(LineDraft {
        stripe_id: item.id.clone(),
        line_number: line_number(index)?,
        stripe_product_id: product_id,
        product_name: name.map(|name| text(name, notes)),
        stripe_price_id: Some(item.price.id.clone()),
        description: None,
        quantity: if is_metered {
            None
        } else {
            Some(Decimal::from(item.quantity.unwrap_or(1)))
        },
        unit_price: cost.unit_price,
        gross: cost.amount,
        discount,
        tax: 0,
        net: less(cost.amount, [discount])?,
        kind: if is_metered {
            LineKind::Usage
        } else {
            LineKind::Recurring
        },
        period_start: item.current_period_start.map(milliseconds).transpose()?,
        period_end: item.current_period_end.map(milliseconds).transpose()?,
    })
}

/// From the first to the last of the items' own periods; a nearer end of the subscription ends it.
fn term(subscription: &Subscription) -> Result<(Option<NaiveDate>, Option<NaiveDate>), MapError> {
    let starts = subscription.items.iter().filter_map(|item| item.current_period_start);
    let ends = subscription.items.iter().filter_map(|item| item.current_period_end);
    let start = starts.min().or(subscription.start_date);
    let end = ends
        .max()
        .into_iter()
        .chain(subscription.cancel_at)
        .chain(subscription.ended_at)
        .min();
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
