//! Keeps what a discount takes off with the discount, from when it is first seen: its coupon may go, and another take the id.

use std::collections::{BTreeMap, HashSet};

use entity::kind::StripeKind;
use serde::Deserialize;
use uuid::Uuid;

use super::Item;
use crate::error::Error;
use crate::map::{Known, Refs};
use crate::store::Transaction;
use crate::store::{source, terms};
use crate::stripe::object::{Discount, Discounted, is_id};

/// Puts what is kept of the discounts of `subscriptions` into `refs`, and keeps what their coupons tell for the first time.
pub(super) async fn settle(
    tx: &Transaction,
    integration_id: Uuid,
    subscriptions: &[Item<'_>],
    refs: &mut Refs,
) -> Result<(), Error> {
    let discounts = discounts(subscriptions, refs);
    if discounts.is_empty() {
        return Ok(());
    }
    let ids = discounts.iter().map(|discount| discount.id.as_str()).collect();
    let kept = terms::find(tx, integration_id, ids).await?;
    let mut new: Vec<(&str, &str)> = Vec::new();
    for discount in &discounts {
        let Some(coupon_id) = discount.coupon_id().filter(|id| is_id(id)) else {
            continue;
        };
        let is_told = matches!(refs.coupon(coupon_id), Known::Here(coupon) if discount.is_by(coupon));
        if is_told && !kept.contains_key(&(discount.id.clone(), coupon_id.to_owned())) {
            new.push((&discount.id, coupon_id));
        }
    }
    keep(tx, integration_id, new).await?;
    for ((discount_id, coupon_id), coupon) in kept {
        refs.insert_terms(discount_id, coupon_id, &coupon);
    }
    Ok(())
}

async fn keep(tx: &Transaction, integration_id: Uuid, new: Vec<(&str, &str)>) -> Result<(), Error> {
    if new.is_empty() {
        return Ok(());
    }
    let ids: HashSet<&str> = new.iter().map(|(_, coupon_id)| *coupon_id).collect();
    let bodies = source::find_bodies(tx, integration_id, StripeKind::Coupon, ids.into_iter().collect()).await?;
    let mut terms = BTreeMap::new();
    for (discount_id, coupon_id) in new {
        if let Some(body) = bodies.get(coupon_id) {
            terms.insert((discount_id.to_owned(), coupon_id.to_owned()), body.value()?);
        }
    }
    Ok(terms::keep(tx, integration_id, terms).await?)
}

/// The discounts that these subscriptions are reckoned with, their customers' among them.
fn discounts(subscriptions: &[Item<'_>], refs: &Refs) -> Vec<Discount> {
    let mut all: Vec<Discount> = Vec::new();
    for item in subscriptions {
        let discounted = match (item.value, item.kept) {
            (Some(value), _) => Discounted::deserialize(value).ok(),
            (None, Some(kept)) => serde_json::from_slice(kept.text).ok(),
            (None, None) => None,
        };
        let discounted: Discounted = discounted.unwrap_or_default();
        all.extend(discounted.own().chain(discounted.of_items()).cloned());
        let customer = discounted.customer.as_ref();
        let customer = customer.and_then(|customer| refs.customer(&customer.0).here());
        all.extend(customer.and_then(|customer| customer.discount.clone()));
    }
    all
}
