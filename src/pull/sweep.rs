//! What the lists did not give: objects that are here, were listed once, and were not seen since the reconcile began. Stripe has
//! deleted them without an event that told, or they are in no list; each is read by its id, and that tells. Needs no checkpoint:
//! what has been read was seen.

use entity::kind::{ContractSource, RecordState, RunState, StripeKind, SyncObject};
use sea_orm::ConnectionTrait;
use tokio_util::sync::CancellationToken;

use super::alone;
use super::checkpoint::Checkpoint;
use super::halt::Halt;
use super::holder::{Holder, Writer};
use super::pages;
use super::progress::Progress;
use super::rules::Rules;
use crate::error::Error;
use crate::store::SourceKey;
use crate::store::source::{self, Unseen};
use crate::stripe::object::is_unsettled;

const BATCH: u64 = 100;

/// Reads what the lists of a phase did not give.
pub(super) async fn sweep(
    progress: &mut Progress,
    rules: &Rules,
    checkpoint: &mut Checkpoint,
    object: SyncObject,
    stop: &CancellationToken,
) -> Result<(), Halt> {
    // Where a list could not be read, what it did not give says nothing.
    if progress.phase(object).state == RunState::Failed {
        return Ok(());
    }
    for kind in kinds(object, rules) {
        let mut after = String::new();
        loop {
            if stop.is_cancelled() {
                return Err(Halt::Paused);
            }
            let unseen = Unseen {
                integration_id: rules.integration_id,
                kind: *kind,
                before_ms: checkpoint.t0.saturating_mul(1000),
                paid_from_ms: rules
                    .has_source(ContractSource::Invoice)
                    .then(|| rules.window_start.saturating_mul(1000)),
            };
            let ids = source::list_unseen(progress.app().db.read(), &unseen, &after, BATCH).await?;
            let Some(last) = ids.last().cloned() else { break };
            let keys = worth_reading(progress.app().db.read(), rules, *kind, ids).await?;
            let wanted = alone::wanted(progress.app().db.read(), rules.integration_id, keys).await?;
            let (readings, broken) = alone::read(progress.client(), &rules.rights, wanted).await?;
            pages::commit(progress, rules, checkpoint, object, readings, &broken).await?;
            pages::settle_alone(progress, rules, checkpoint, object).await?;
            after = last;
        }
    }
    Ok(())
}

/// Of invoices that make no contract, those that were to be paid: whether that has changed is told by no list.
async fn worth_reading(
    conn: &impl ConnectionTrait,
    rules: &Rules,
    kind: StripeKind,
    ids: Vec<String>,
) -> Result<Vec<SourceKey>, Error> {
    let mut keys = Vec::with_capacity(ids.len());
    let of_invoices = if kind == StripeKind::Invoice { &ids[..] } else { &[] };
    let all = || of_invoices.iter().map(String::as_str).collect();
    let stored = source::find_stored(conn, rules.integration_id, kind, all()).await?;
    let bodies = source::find_bodies(conn, rules.integration_id, kind, all()).await?;
    for id in &ids {
        let is_skipped = stored
            .get(id)
            .is_some_and(|stored| stored.state == RecordState::Skipped);
        let body = bodies
            .get(id)
            .filter(|_| is_skipped)
            .map(source::Body::value)
            .transpose()?;
        if body.is_none_or(|invoice| is_unsettled(&invoice)) {
            keys.push((kind, id.clone()));
        }
    }
    Ok(keys)
}

/// Where invoices are no source, no list was read that could have given them.
fn kinds(object: SyncObject, rules: &Rules) -> &'static [StripeKind] {
    match object {
        SyncObject::Customer => &[StripeKind::Customer],
        SyncObject::Product => &[StripeKind::Product, StripeKind::Price, StripeKind::Coupon],
        SyncObject::Contract if rules.has_source(ContractSource::Invoice) || rules.keeps_owed() => {
            &[StripeKind::Subscription, StripeKind::Invoice]
        }
        SyncObject::Contract => &[StripeKind::Subscription],
    }
}
