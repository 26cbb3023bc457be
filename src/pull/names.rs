//! Which objects name which, as far as it is kept, and what has to be mapped again because one of them has changed.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use entity::kind::StripeKind;
use uuid::Uuid;

use super::record;
use crate::error::Error;
use crate::store::Transaction;
use crate::store::{SourceKey, remap_queue, source};

/// An object with what it, or its record, names.
#[derive(Debug)]
pub(super) struct Named<'a> {
    pub(super) stripe_id: &'a str,
    pub(super) names: BTreeSet<&'a SourceKey>,
}

/// What is kept of the names: those that records are found by, and those that are not here and have to be fetched. An invoice's
/// customer, say, is neither once it is here, and would be a row for each invoice.
pub(super) async fn names_to_keep<'a>(
    tx: &Transaction,
    integration_id: Uuid,
    kind: StripeKind,
    named: impl Iterator<Item = Named<'a>>,
) -> Result<Vec<(String, SourceKey)>, Error> {
    let (mut kept, mut asked): (Vec<_>, Vec<_>) = named
        .flat_map(|named| named.names.into_iter().map(move |key| (named.stripe_id, key)))
        .partition(|(_, (to, _))| record::is_found_by(kind, *to));
    let mut ids: BTreeMap<StripeKind, BTreeSet<&str>> = BTreeMap::new();
    for (_, (to, id)) in &asked {
        ids.entry(*to).or_default().insert(id);
    }
    let mut here: BTreeMap<StripeKind, HashSet<String>> = BTreeMap::new();
    for (to, ids) in ids {
        let found = source::find_ids(tx, integration_id, to, ids.into_iter().collect()).await?;
        here.insert(to, found);
    }
    asked.retain(|(_, (to, id))| !here.get(to).is_some_and(|ids| ids.contains(id)));
    kept.extend(asked);
    Ok(kept
        .into_iter()
        .map(|(from, key)| (from.to_owned(), key.clone()))
        .collect())
}

/// Queues the records that show something of these objects.
pub(super) async fn queue_dependents<'a>(
    tx: &Transaction,
    integration_id: Uuid,
    kind: StripeKind,
    changed: impl Iterator<Item = Named<'a>>,
) -> Result<(), Error> {
    let changed: Vec<Named<'_>> = changed.collect();
    let dependents = record::dependents(kind);
    if !dependents.is_empty() {
        let ids = changed.iter().map(|object| object.stripe_id).collect();
        remap_queue::add_dependents(tx, integration_id, dependents, kind, ids).await?;
    }
    if let Some(shown_by) = record::shown_by_what_it_names(kind) {
        let names = changed.iter().flat_map(|object| &object.names);
        let mut ids: BTreeSet<&str> = names
            .filter(|(to, _)| *to == shown_by)
            .map(|(_, id)| id.as_str())
            .collect();
        let gone = if kind == StripeKind::Price {
            products_of_gone(tx, integration_id, &changed).await?
        } else {
            Vec::new()
        };
        ids.extend(gone.iter().map(String::as_str));
        remap_queue::add(tx, integration_id, shown_by, ids.into_iter().collect()).await?;
    }
    Ok(())
}

/// A price that is gone names nothing: which product it was of is known from before.
async fn products_of_gone(tx: &Transaction, integration_id: Uuid, prices: &[Named<'_>]) -> Result<Vec<String>, Error> {
    let gone = prices.iter().filter(|price| price.names.is_empty());
    let gone = gone.map(|price| price.stripe_id).collect();
    Ok(source::find_products_of_prices(tx, integration_id, gone).await?)
}
