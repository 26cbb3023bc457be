//! Maps again what shows something that has changed. Sends Stripe nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use entity::kind::StripeKind;
use sea_orm::DatabaseTransaction;
use tokio_util::sync::CancellationToken;

use super::apply::settle_failures;
use super::halt::Halt;
use super::holder::Holder;
use super::outcome::Outcome;
use super::record::{self, Item};
use super::road::Road;
use super::rules::Rules;
use super::tally::noun_of;
use crate::crash;
use crate::error::Error;
use crate::store::{lease, reference, source};

const BATCH: u64 = 200;

/// Maps everything in the queue again.
pub(super) async fn drain(holder: &mut impl Holder, rules: &Rules, stop: &CancellationToken) -> Result<(), Halt> {
    let app = Arc::clone(holder.app());
    if reference::list_queue(app.db.read(), rules.integration_id, 1)
        .await?
        .is_empty()
    {
        return Ok(());
    }
    loop {
        if stop.is_cancelled() {
            return Err(Halt::Paused);
        }
        let tx = app.db.begin().await?;
        lease::take_turn(&tx, rules.integration_id).await?;
        let queued = reference::list_queue(&tx, rules.integration_id, BATCH).await?;
        if queued.is_empty() {
            return Ok(());
        }
        let mut by_kind: BTreeMap<StripeKind, Vec<String>> = BTreeMap::new();
        for (kind, id) in queued {
            by_kind.entry(kind).or_default().push(id);
        }
        let road = Road {
            rules,
            run_id: holder.run_id(),
            now_ms: app.clock.now_ms(),
        };
        for (kind, ids) in by_kind {
            let changed = map_again(&tx, road, kind, ids.iter().map(String::as_str).collect()).await?;
            holder.count_remapped(noun_of(kind), changed);
        }
        crash::point("remap.before_commit");
        holder.commit(tx).await?;
        crash::point("remap.after_commit");
    }
}

/// Gives how many records changed by it.
async fn map_again(tx: &DatabaseTransaction, road: Road<'_>, kind: StripeKind, ids: Vec<&str>) -> Result<u64, Error> {
    let integration_id = road.rules.integration_id;
    reference::unqueue(tx, integration_id, kind, ids.clone()).await?;
    let bodies = source::find_bodies(tx, integration_id, kind, ids).await?;
    let items: Vec<Item<'_>> = bodies
        .iter()
        .map(|(id, body)| Item {
            stripe_id: id,
            value: Some(&body.value).filter(|_| !body.deleted),
            seen: body.seen,
        })
        .collect();
    let written = record::write(tx, road, kind, &items).await?;
    let mut by_state: BTreeMap<(i16, Option<String>), Vec<&str>> = BTreeMap::new();
    for (item, written) in items.iter().zip(&written) {
        let (state, reason) = written.state();
        by_state
            .entry((sea_orm::ActiveEnum::into_value(state), reason))
            .or_default()
            .push(item.stripe_id);
    }
    for ((state, reason), ids) in by_state {
        source::mark_mapped(tx, integration_id, kind, ids, (state, reason), road.rules.stamp(kind)).await?;
    }
    settle_failures(tx, road, kind, &items, &written).await?;
    let changed = written
        .iter()
        .filter(|written| matches!(written.outcome, Outcome::Created | Outcome::Updated));
    Ok(changed.map(|_| 1).sum())
}
