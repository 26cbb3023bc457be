//! Maps what is kept once more. Sends Stripe nothing.
//!
//! - [`queue`] takes what waits because something that it shows has changed.
//! - [`stored`] goes through everything that was mapped by other rules than today's.

mod queue;
pub mod stored;

use std::collections::{BTreeMap, HashMap};

use entity::kind::StripeKind;
use serde_json::Value;

use super::apply::settle_failures;
use super::names::{Named, names_to_keep, queue_dependents};
use super::record::{self, Item, Kept, Written};
use super::road::Road;
use super::tally::Tally;
use crate::error::Error;
use crate::store::Transaction;
use crate::store::source::{self, Body};
use crate::store::{SourceKey, reference};
use crate::stripe::object::named_by;

pub use queue::drain_alone;
pub(super) use queue::{drain, drain_uncounted};

/// Maps objects of one kind once more, in the caller's transaction, which holds the integration's turn.
pub async fn again(tx: &Transaction, road: Road<'_>, kind: StripeKind, ids: Vec<&str>) -> Result<Tally, Error> {
    let bodies = source::find_bodies(tx, road.rules.integration_id, kind, ids).await?;
    let mut values: HashMap<&str, Value> = HashMap::new();
    for (id, body) in &bodies {
        if let Some(value) = parsed(kind, body)? {
            values.insert(id, value);
        }
    }
    // Of an erased person's object nothing is kept that could be mapped.
    let has_something =
        |id: &str, body: &Body| body.deleted || values.get(id).is_none_or(|value| value.get("id").is_some());
    let stamp = road.rules.stamp(kind);
    let items: Vec<Item<'_>> = bodies
        .iter()
        .filter(|(id, body)| has_something(id, body))
        .map(|(id, body)| item(id, body, values.get(id.as_str()), stamp))
        .collect();
    write(tx, road, kind, &items).await
}

/// Contracts are mapped from the text; the others read more of it than it costs to parse.
fn parsed(kind: StripeKind, body: &Body) -> Result<Option<Value>, Error> {
    let makes_contracts = matches!(kind, StripeKind::Invoice | StripeKind::Subscription);
    Ok((!makes_contracts).then(|| body.value()).transpose()?)
}

fn item<'a>(stripe_id: &'a str, body: &'a Body, value: Option<&'a Value>, stamp: i64) -> Item<'a> {
    Item {
        stripe_id,
        value: value.filter(|_| !body.deleted),
        kept: Some(Kept {
            text: &body.text,
            deleted: body.deleted,
            is_stale: body.map_stamp != stamp,
        }),
        is_read: false,
        told_at: None,
    }
}

/// Writes the records of objects that are here already, and notes by which rules.
async fn write(tx: &Transaction, road: Road<'_>, kind: StripeKind, items: &[Item<'_>]) -> Result<Tally, Error> {
    let written = record::write(tx, road, kind, items).await?;
    let mut by_state: BTreeMap<(i16, Option<String>), Vec<&str>> = BTreeMap::new();
    let mut tally = Tally::default();
    for (item, written) in items.iter().zip(&written) {
        let (state, reason) = written.state();
        by_state
            .entry((sea_orm::ActiveEnum::into_value(state), reason))
            .or_default()
            .push(item.stripe_id);
        tally.count(kind, &written.outcome);
    }
    for (state, ids) in by_state {
        source::mark_mapped(tx, road.rules.integration_id, kind, ids, state, road.rules.stamp(kind)).await?;
    }
    settle_failures(tx, road, kind, items, &written).await?;
    name_anew(tx, road, kind, items, &written).await?;
    name_more(tx, road, kind, items, &written).await?;
    Ok(tally)
}

/// What a record names may be another object than before, though its own object is the same: its customer has a discount now.
async fn name_more(
    tx: &Transaction,
    road: Road<'_>,
    kind: StripeKind,
    items: &[Item<'_>],
    written: &[Written],
) -> Result<(), Error> {
    let all = items.iter().zip(written);
    let fresh = all.filter(|(item, _)| !item.kept.is_some_and(|kept| kept.is_stale));
    let named = fresh.map(|(item, written)| Named {
        stripe_id: item.stripe_id,
        names: written.names().collect(),
    });
    let kept = names_to_keep(tx, road.rules.integration_id, kind, named).await?;
    Ok(reference::add(tx, road.rules.integration_id, kind, kept).await?)
}

/// An upgrade may keep other names than those that were kept before, and find more by them.
async fn name_anew(
    tx: &Transaction,
    road: Road<'_>,
    kind: StripeKind,
    items: &[Item<'_>],
    written: &[Written],
) -> Result<(), Error> {
    let mut stale: Vec<(&str, Vec<SourceKey>)> = Vec::new();
    for (item, written) in items.iter().zip(written) {
        let Some(kept) = item.kept.filter(|kept| kept.is_stale) else {
            continue;
        };
        let names = match item.value {
            Some(value) => named_by(kind, value),
            None => named_by(kind, &source::parse(kept.text)?),
        };
        stale.push((
            item.stripe_id,
            names.into_iter().chain(written.names().cloned()).collect(),
        ));
    }
    if stale.is_empty() {
        return Ok(());
    }
    let named = || {
        stale.iter().map(|(stripe_id, names)| Named {
            stripe_id,
            names: names.iter().collect(),
        })
    };
    let integration_id = road.rules.integration_id;
    let kept = names_to_keep(tx, integration_id, kind, named()).await?;
    let known = stale.iter().map(|(stripe_id, _)| *stripe_id).collect();
    reference::replace(tx, integration_id, kind, known, kept).await?;
    if matches!(kind, StripeKind::CreditNote | StripeKind::Refund) {
        queue_dependents(tx, integration_id, kind, named()).await?;
    }
    Ok(())
}
