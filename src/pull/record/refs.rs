//! Loads what the objects of a batch name, and what names them, so that mapping has it at hand.

use std::collections::{BTreeMap, BTreeSet};

use entity::kind::StripeKind;
use uuid::Uuid;

use super::{Item, terms};
use crate::error::Error;
use crate::map::Refs;
use crate::store::Transaction;
use crate::store::{reference, source};
use crate::stripe::object::{Discount, named_by};

type Wanted = BTreeMap<StripeKind, BTreeSet<String>>;

/// Everything that the objects name and that the map of `kind` reads. `links`: subscriptions that their records are known to bill.
pub(super) async fn load(
    tx: &Transaction,
    integration_id: Uuid,
    kind: StripeKind,
    items: &[Item<'_>],
    links: impl Iterator<Item = String>,
) -> Result<Refs, Error> {
    let mut wanted = Wanted::new();
    let mut known = Vec::new();
    for item in items {
        match (item.value, item.kept) {
            (Some(value), _) => want(&mut wanted, kind, named_by(kind, value)),
            (None, Some(kept)) if kept.is_stale => {
                want(&mut wanted, kind, named_by(kind, &source::parse(kept.text)?));
            }
            (None, Some(_)) => known.push(item.stripe_id),
            (None, None) => {}
        }
    }
    if !known.is_empty() {
        let names = reference::find_named(tx, integration_id, kind, known).await?;
        want(&mut wanted, kind, names);
    }
    want(
        &mut wanted,
        kind,
        links.map(|id| (StripeKind::Subscription, id)).collect(),
    );
    let mut refs = Refs::default();
    let mut second = Wanted::new();
    for (kind, ids) in wanted {
        for (id, body) in
            source::find_bodies(tx, integration_id, kind, ids.iter().map(String::as_str).collect()).await?
        {
            // A customer's discount names a coupon that its subscriptions are reckoned with.
            if kind == StripeKind::Customer {
                want(&mut second, StripeKind::Subscription, named_by(kind, &body.value()?));
            }
            // So does a subscription's, by which its invoices are judged.
            let subscription = (kind == StripeKind::Subscription).then(|| id.clone());
            refs.insert(kind, id, body.text.as_slice(), body.deleted);
            if let Some(course) = subscription.and_then(|id| refs.course(&id).here()) {
                let coupons = course.discounts().filter_map(Discount::coupon_id);
                let coupons = coupons.map(|id| (StripeKind::Coupon, id.to_owned())).collect();
                want(&mut second, StripeKind::Invoice, coupons);
            }
        }
    }
    for (kind, ids) in second {
        for (id, body) in
            source::find_bodies(tx, integration_id, kind, ids.iter().map(String::as_str).collect()).await?
        {
            refs.insert(kind, id, body.text.as_slice(), body.deleted);
        }
    }
    if kind == StripeKind::Invoice {
        load_given_back(tx, integration_id, items, &mut refs).await?;
    }
    if kind == StripeKind::Subscription {
        terms::settle(tx, integration_id, items, &mut refs).await?;
    }
    Ok(refs)
}

/// What gives back of invoices names them: credit notes and refunds.
async fn load_given_back(
    tx: &Transaction,
    integration_id: Uuid,
    invoices: &[Item<'_>],
    refs: &mut Refs,
) -> Result<(), Error> {
    for kind in [StripeKind::CreditNote, StripeKind::Refund] {
        let ids = invoices.iter().map(|item| item.stripe_id).collect();
        let naming = reference::find_naming(tx, integration_id, kind, StripeKind::Invoice, ids).await?;
        if naming.is_empty() {
            continue;
        }
        let ids = naming.iter().map(|(id, _)| id.as_str()).collect();
        let mut bodies = source::find_bodies(tx, integration_id, kind, ids).await?;
        for (id, invoice) in naming {
            let Some(body) = bodies.remove(&id) else { continue };
            if kind == StripeKind::Refund {
                refs.insert_refund(invoice, id, body.text.as_slice());
            } else {
                refs.insert_credit_note(invoice, id, body.text.as_slice());
            }
        }
    }
    Ok(())
}

fn want(wanted: &mut Wanted, for_kind: StripeKind, names: Vec<(StripeKind, String)>) {
    for (kind, id) in names {
        if is_read(for_kind, kind) {
            wanted.entry(kind).or_default().insert(id);
        }
    }
}

/// An invoice carries its customer and discounts with it as far as its map reads them.
fn is_read(by: StripeKind, kind: StripeKind) -> bool {
    match by {
        StripeKind::Invoice => matches!(
            kind,
            StripeKind::Price | StripeKind::Product | StripeKind::Coupon | StripeKind::Subscription
        ),
        _ => matches!(
            kind,
            StripeKind::Price | StripeKind::Product | StripeKind::Coupon | StripeKind::Customer | StripeKind::Invoice
        ),
    }
}
