//! Maps again what shows something that has changed. Sends Stripe nothing.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use entity::kind::{StripeKind, SyncObject};
use sea_orm::DatabaseTransaction;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::apply::settle_failures;
use super::halt::Halt;
use super::holder::Writer;
use super::names::{Named, names_to_keep, queue_dependents};
use super::outcome::Outcome;
use super::record::{self, Item, Kept, Written};
use super::road::Road;
use super::rules::Rules;
use super::tally::noun_of;
use crate::app::App;
use crate::crash;
use crate::error::Error;
use crate::store::source::Body;
use crate::store::{SourceKey, lease, reference, source};
use crate::stripe::object::named_by;

const BATCH: u64 = 200;

/// Maps everything in the queue again, for no run and by no right but that of being the one that writes.
pub async fn drain_alone(app: &Arc<App>, rules: &Rules, stop: &CancellationToken) -> Result<(), Halt> {
    drain(&mut Alone(Arc::clone(app)), rules, stop).await
}

struct Alone(Arc<App>);

impl Writer for Alone {
    fn app(&self) -> &Arc<App> {
        &self.0
    }

    fn run_id(&self) -> Option<Uuid> {
        None
    }

    fn count_remapped(&mut self, _object: SyncObject, _changed: u64) {}

    async fn commit(&mut self, tx: DatabaseTransaction) -> Result<(), Halt> {
        tx.commit().await?;
        self.0.changed.send_replace(());
        Ok(())
    }
}

/// Maps everything in the queue again.
pub(super) async fn drain(holder: &mut impl Writer, rules: &Rules, stop: &CancellationToken) -> Result<(), Halt> {
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
    let stamp = road.rules.stamp(kind);
    let values = parsed(kind, &bodies)?;
    let items: Vec<Item<'_>> = bodies
        .iter()
        .map(|(id, body)| Item {
            stripe_id: id,
            value: values.get(id.as_str()).filter(|_| !body.deleted),
            kept: makes_contracts(kind).then_some(Kept {
                text: &body.text,
                deleted: body.deleted,
                is_stale: body.map_stamp != stamp,
            }),
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
        source::mark_mapped(tx, integration_id, kind, ids, (state, reason), stamp).await?;
    }
    settle_failures(tx, road, kind, &items, &written).await?;
    name_anew(tx, road, kind, &bodies, (&items, &written)).await?;
    let changed = written
        .iter()
        .filter(|written| matches!(written.outcome, Outcome::Created | Outcome::Updated));
    Ok(changed.map(|_| 1).sum())
}

/// Contracts are mapped from text; the others read more of it than it costs to parse.
fn makes_contracts(kind: StripeKind) -> bool {
    matches!(kind, StripeKind::Invoice | StripeKind::Subscription)
}

fn parsed(kind: StripeKind, bodies: &HashMap<String, Body>) -> Result<HashMap<&str, Value>, Error> {
    let bodies = bodies.iter().filter(|_| !makes_contracts(kind));
    bodies.map(|(id, body)| Ok((id.as_str(), body.value()?))).collect()
}

/// An upgrade may keep other names than those that were kept before, and find more by them.
async fn name_anew(
    tx: &DatabaseTransaction,
    road: Road<'_>,
    kind: StripeKind,
    bodies: &HashMap<String, Body>,
    (items, written): (&[Item<'_>], &[Written]),
) -> Result<(), Error> {
    let stamp = road.rules.stamp(kind);
    let mut stale: Vec<(&str, Vec<SourceKey>)> = Vec::new();
    for (item, written) in items.iter().zip(written) {
        let Some(body) = bodies.get(item.stripe_id).filter(|body| body.map_stamp != stamp) else {
            continue;
        };
        let names = named_by(kind, &body.value()?);
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
    if kind == StripeKind::CreditNote {
        queue_dependents(tx, integration_id, kind, named()).await?;
    }
    Ok(())
}
