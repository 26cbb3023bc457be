//! Loads what the objects of a batch name, so that mapping has it at hand.

use std::collections::{BTreeMap, BTreeSet};

use entity::kind::StripeKind;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::Item;
use crate::error::Error;
use crate::map::Refs;
use crate::store::source;
use crate::stripe::object::named_by;

type Wanted = BTreeMap<StripeKind, BTreeSet<String>>;

/// Everything that the objects name and that the map of `kind` reads.
pub(super) async fn load(
    tx: &DatabaseTransaction,
    integration_id: Uuid,
    kind: StripeKind,
    items: &[Item<'_>],
) -> Result<Refs, Error> {
    let mut wanted = Wanted::new();
    for value in items.iter().filter_map(|item| item.value) {
        want(&mut wanted, kind, named_by(kind, value));
    }
    let mut refs = Refs::default();
    let mut second = Wanted::new();
    for (kind, ids) in wanted {
        for (id, body) in
            source::find_bodies(tx, integration_id, kind, ids.iter().map(String::as_str).collect()).await?
        {
            // A customer's discount names a coupon that its subscriptions are reckoned with.
            if kind == StripeKind::Customer {
                want(&mut second, StripeKind::Subscription, named_by(kind, &body.value));
                refs.note_seen(id.clone(), body.seen.max_seconds());
            }
            refs.insert(kind, id, &body.value, body.deleted);
        }
    }
    for (kind, ids) in second {
        for (id, body) in
            source::find_bodies(tx, integration_id, kind, ids.iter().map(String::as_str).collect()).await?
        {
            refs.insert(kind, id, &body.value, body.deleted);
        }
    }
    Ok(refs)
}

fn want(wanted: &mut Wanted, for_kind: StripeKind, names: Vec<(StripeKind, String)>) {
    for (kind, id) in names {
        if is_read(for_kind, kind) {
            wanted.entry(kind).or_default().insert(id);
        }
    }
}

/// An invoice carries its customer, discounts and subscription with it as far as its map reads them.
fn is_read(by: StripeKind, kind: StripeKind) -> bool {
    match by {
        StripeKind::Invoice => matches!(kind, StripeKind::Price | StripeKind::Product),
        _ => matches!(
            kind,
            StripeKind::Price | StripeKind::Product | StripeKind::Coupon | StripeKind::Customer
        ),
    }
}
