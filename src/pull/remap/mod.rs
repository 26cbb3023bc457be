//! Maps what is kept once more. Sends Stripe nothing.
//!
//! - [`queue`] takes what waits because something that it shows has changed.
//! - [`stored`] goes through everything that was mapped by other rules than today's.

mod queue;
pub mod stored;

use std::collections::BTreeMap;

use entity::kind::StripeKind;
use sea_orm::DatabaseTransaction;

use super::apply::settle_failures;
use super::record::{self, Item};
use super::road::Road;
use super::tally::Tally;
use crate::error::Error;
use crate::store::source;

pub(super) use queue::drain;

/// Maps objects of one kind once more, in the caller's transaction, which holds the integration's turn.
pub async fn again(tx: &DatabaseTransaction, road: Road<'_>, kind: StripeKind, ids: Vec<&str>) -> Result<Tally, Error> {
    let bodies = source::find_bodies(tx, road.rules.integration_id, kind, ids).await?;
    // Of an erased person's object nothing is kept that could be mapped.
    let has_something = |body: &source::Body| body.deleted || body.value.get("id").is_some();
    let items: Vec<Item<'_>> = bodies
        .iter()
        .filter(|(_, body)| has_something(body))
        .map(|(id, body)| Item {
            stripe_id: id,
            value: Some(&body.value).filter(|_| !body.deleted),
            seen: body.seen,
        })
        .collect();
    write(tx, road, kind, &items).await
}

/// Writes the records of objects that are here already, and notes by which rules.
async fn write(tx: &DatabaseTransaction, road: Road<'_>, kind: StripeKind, items: &[Item<'_>]) -> Result<Tally, Error> {
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
    Ok(tally)
}
