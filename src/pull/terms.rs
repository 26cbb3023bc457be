//! What discounts take off, where no coupon that is here tells it: it was deleted before it was seen, or another has its id. That is
//! read once and kept with the discount.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use entity::kind::StripeKind;
use sea_orm::ConnectionTrait;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::reading::Reading;
use crate::error::Error;
use crate::store::source::{self, Body};
use crate::store::{SourceKey, remap_queue, terms};
use crate::stripe::object::{Coupon, Customer, Discount, Discounted};
use crate::stripe::terms::{Holder, Terms};
use crate::stripe::{self, Client};

/// A discount, who holds it, and whose record waits for its terms.
struct Held {
    waiting: SourceKey,
    holder: Holder,
    discount: Discount,
    coupon_id: String,
}

/// The subscriptions and customers of `objects` that have a discount whose terms are not known, here or among `fresh`, with those who
/// hold it.
pub(super) async fn lacking(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    objects: &[(SourceKey, &Value)],
    fresh: &[&Reading],
) -> Result<BTreeMap<SourceKey, BTreeSet<Holder>>, Error> {
    let held = held(conn, integration_id, objects, fresh).await?;
    let mut lacking: BTreeMap<SourceKey, BTreeSet<Holder>> = BTreeMap::new();
    if held.is_empty() {
        return Ok(lacking);
    }
    let ids = held.iter().map(|held| held.coupon_id.as_str()).collect();
    let coupons = bodies(conn, integration_id, StripeKind::Coupon, ids, fresh).await?;
    let ids = held.iter().map(|held| held.discount.id.as_str()).collect();
    let kept = terms::find(conn, integration_id, ids).await?;
    for held in held {
        let key = (held.discount.id.clone(), held.coupon_id.clone());
        let is_told = match coupons.get(&held.coupon_id) {
            // It is fetched like all that is named.
            None => true,
            Some(None) => false,
            Some(Some(coupon)) => Coupon::deserialize(coupon).is_ok_and(|coupon| held.discount.is_by(&coupon)),
        };
        if !is_told && !kept.contains_key(&key) {
            lacking.entry(held.waiting).or_default().insert(held.holder);
        }
    }
    Ok(lacking)
}

/// Those of `readings` that lack the terms of a discount.
pub(super) async fn lacking_among(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    readings: &[&Reading],
) -> Result<BTreeMap<SourceKey, BTreeSet<Holder>>, Error> {
    let objects: Vec<(SourceKey, &Value)> = readings
        .iter()
        .filter(|reading| matches!(reading.kind, StripeKind::Subscription | StripeKind::Customer))
        .filter_map(|reading| Some(((reading.kind, reading.stripe_id.clone()), reading.value.as_ref()?)))
        .collect();
    lacking(conn, integration_id, &objects, readings).await
}

/// Reads what these discounts take off. What Stripe does not tell stays unknown, and its record waits.
pub(super) async fn read(client: &Client, holders: &BTreeSet<Holder>) -> Result<Terms, stripe::Error> {
    let mut all = Terms::new();
    for holder in holders {
        match client.discount_terms(holder).await {
            Ok(terms) => all.extend(terms),
            Err(error @ stripe::Error::KeyRejected { .. }) => return Err(error),
            Err(error) => tracing::warn!(%error, ?holder, "what discounts take off cannot be read"),
        }
    }
    Ok(all)
}

/// Keeps terms, and has what waits for them mapped again.
pub(super) async fn keep(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    (kind, stripe_id): (StripeKind, &str),
    terms: Terms,
) -> Result<(), Error> {
    terms::keep(conn, integration_id, terms).await?;
    let subscriptions = StripeKind::Subscription;
    if kind == subscriptions {
        remap_queue::add(conn, integration_id, subscriptions, vec![stripe_id]).await?;
    } else {
        remap_queue::add_dependents(conn, integration_id, &[subscriptions], kind, vec![stripe_id]).await?;
    }
    Ok(())
}

async fn held(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    objects: &[(SourceKey, &Value)],
    fresh: &[&Reading],
) -> Result<Vec<Held>, Error> {
    let (mut held, mut customers) = (Vec::new(), Vec::new());
    for (key, object) in objects {
        if key.0 == StripeKind::Customer {
            held.extend(of_customer(key, &key.1, object));
        } else if let Ok(discounted) = Discounted::deserialize(*object) {
            let own = discounted
                .own()
                .map(|discount| (Holder::Subscription(key.1.clone()), discount));
            let items = discounted
                .of_items()
                .map(|discount| (Holder::Items(key.1.clone()), discount));
            held.extend(
                own.chain(items)
                    .filter_map(|(holder, discount)| Held::of(key, holder, discount.clone())),
            );
            customers.extend(discounted.customer.map(|customer| (key, customer.0)));
        }
    }
    let ids = customers.iter().map(|(_, id)| id.as_str()).collect();
    let bodies = bodies(conn, integration_id, StripeKind::Customer, ids, fresh).await?;
    for (key, id) in &customers {
        if let Some(Some(customer)) = bodies.get(id) {
            held.extend(of_customer(key, id, customer));
        }
    }
    Ok(held)
}

fn of_customer(waiting: &SourceKey, id: &str, customer: &Value) -> Option<Held> {
    let discount = Customer::deserialize(customer).ok()?.discount?;
    Held::of(waiting, Holder::Customer(id.to_owned()), discount)
}

impl Held {
    fn of(waiting: &SourceKey, holder: Holder, discount: Discount) -> Option<Self> {
        let coupon_id = discount.coupon_id()?.to_owned();
        Some(Self {
            waiting: waiting.clone(),
            holder,
            discount,
            coupon_id,
        })
    }
}

/// The objects of a kind, those of `fresh` before those that are here; `None` for one of which only the deletion is known.
async fn bodies(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    kind: StripeKind,
    ids: Vec<&str>,
    fresh: &[&Reading],
) -> Result<HashMap<String, Option<Value>>, Error> {
    let ids: BTreeSet<&str> = ids.into_iter().collect();
    let here = source::find_bodies(conn, integration_id, kind, ids.iter().copied().collect()).await?;
    let parsed = |body: &Body| {
        body.value()
            .map(|value| Some(value).filter(|value| value.get("id").is_some()))
    };
    let mut all = here
        .iter()
        .map(|(id, body)| Ok((id.clone(), parsed(body)?)))
        .collect::<Result<HashMap<_, _>, Error>>()?;
    for reading in fresh
        .iter()
        .filter(|reading| reading.kind == kind && ids.contains(reading.stripe_id.as_str()))
    {
        // Of what is deleted stays what it was last.
        let known = all.remove(&reading.stripe_id).flatten();
        all.insert(reading.stripe_id.clone(), reading.value.clone().or(known));
    }
    Ok(all)
}
