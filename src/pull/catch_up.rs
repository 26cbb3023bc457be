//! A look at Stripe's events since the last one: what is new goes into the inbox, and is taken out of it.

use std::collections::HashSet;
use std::sync::Arc;

use entity::kind::{EventWay, RunState, StripeKind};
use entity::{integration, stripe_event};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::halt::Halt;
use super::holder::{Holder, Writer};
use super::inbox::effect::EVENT_TYPES;
use super::inbox::{Lane, drain};
use super::progress::Progress;
use super::rules::Rules;
use crate::crash;
use crate::store::{self, source};
use crate::stripe::Seen;
use crate::stripe::event::can_be_kept;

/// Stripe's list of events is eventually consistent: events may appear behind what was read already.
const OVERLAP_SECONDS: i64 = 300;
/// The watermark stays this far behind Stripe's present second.
pub const LAG_SECONDS: i64 = 10;

/// Stripe lists events for thirty days; older ones are lost for us.
const HOLE_SECONDS: i64 = 29 * 86_400;

/// What a look came to.
#[derive(Debug)]
pub enum Look {
    /// What was new has had its effect.
    Drained,
    /// Events may be missing from Stripe's list: only comparing everything makes that good, and the watermark stays.
    Hole,
}

/// Puts the events since the watermark into the inbox and waits until they have had their effect.
pub async fn run(
    progress: &mut Progress,
    rules: &Rules,
    integration: &integration::Model,
    stop: &CancellationToken,
) -> Result<Look, Halt> {
    let watermark = integration.event_watermark.unwrap_or_default();
    let seen = put_new(progress, rules, watermark - OVERLAP_SECONDS).await?;
    let now = seen.map_or(watermark, |seen| seen.min_ms.div_euclid(1000));
    // Asked of the time of Stripe's answer: the run may have waited for a month, for sync to be turned on or for another key, and
    // the machine may have slept since it was taken up.
    if is_hole(watermark, now) {
        return Ok(Look::Hole);
    }
    move_watermark(progress, (now - LAG_SECONDS).max(watermark)).await?;
    crash::point("look.watermark_moved");
    take_out(progress, rules, integration, stop).await?;
    Ok(Look::Drained)
}

/// Whether events that happened after `watermark` may be lost for us at `now`, both Unix seconds.
pub fn is_hole(watermark: i64, now: i64) -> bool {
    watermark < now - HOLE_SECONDS
}

/// Puts the events since `from` that were not met before into the inbox; says when Stripe showed the first page.
async fn put_new(progress: &mut Progress, rules: &Rules, from: i64) -> Result<Option<Seen>, Halt> {
    let mut filter = vec![("created[gte]", from.to_string())];
    // To ask for events of what the key may not read could be refused altogether.
    let may_tell = |name: &&str| *name != "refund.created" || rules.rights.may_read(Some(StripeKind::Refund));
    let types = EVENT_TYPES.into_iter().filter(may_tell);
    filter.extend(types.map(|name| ("types[]", name.to_owned())));
    let (mut seen, mut cursors) = (None, HashSet::new());
    let mut query = filter.clone();
    loop {
        let page = progress.client().events(&query).await?;
        seen = seen.or(Some(page.seen));
        let last = page
            .data
            .iter()
            .rev()
            .find_map(|event| event["id"].as_str())
            .map(str::to_owned);
        put(progress, rules, page.data).await?;
        let Some(last) = last.filter(|_| page.has_more) else {
            return Ok(seen);
        };
        if !cursors.insert(last.clone()) {
            let message = "the list of events repeats itself".to_owned();
            return Err(crate::stripe::Error::Garbled { message }.into());
        }
        query = filter.iter().cloned().chain([("starting_after", last)]).collect();
    }
}

async fn put(progress: &mut Progress, rules: &Rules, events: Vec<Value>) -> Result<(), Halt> {
    let app = Arc::clone(progress.app());
    let now_ms = app.clock.now_ms();
    let mut rows: Vec<_> = events.iter().filter_map(|event| row(rules, event, now_ms)).collect();
    let ids = rows.iter().map(|row| row.event_id.as_str()).collect();
    let known = store::inbox::find_known(app.db.read(), rules.integration_id, ids).await?;
    rows.retain(|row| !known.contains(&row.event_id));
    if rows.is_empty() {
        return progress.renew().await;
    }
    let tx = app.db.begin().await?;
    store::inbox::put(&tx, rows).await?;
    progress.commit(tx).await?;
    crash::point("look.put");
    Ok(())
}

fn row(rules: &Rules, event: &Value, now_ms: i64) -> Option<stripe_event::Model> {
    let (id, event_type, created) = (
        event["id"].as_str()?,
        event["type"].as_str()?,
        event["created"].as_i64()?,
    );
    can_be_kept(id, event_type, created).then(|| stripe_event::Model {
        integration_id: rules.integration_id,
        event_id: id.to_owned(),
        event_type: event_type.to_owned(),
        created,
        came_by: EventWay::Poll,
        received_at: now_ms,
        body: Some(source::pack(event)),
        applied_at: None,
        outcome: None,
    })
}

/// What is in the inbox is safe: the next look begins after it.
async fn move_watermark(progress: &mut Progress, to: i64) -> Result<(), Halt> {
    let app = Arc::clone(progress.app());
    let tx = app.db.begin().await?;
    // In the order in which `disconnectStripe` takes the two.
    store::run::hold(&tx, progress.run().id).await?;
    integration::Entity::update_many()
        .col_expr(integration::Column::EventWatermark, Expr::value(to))
        .filter(integration::Column::Id.eq(progress.run().integration_id))
        .exec(&tx)
        .await?;
    progress.commit(tx).await
}

/// Takes out what waits, unless another process does; then it is looked after there.
async fn take_out(
    progress: &mut Progress,
    rules: &Rules,
    integration: &integration::Model,
    stop: &CancellationToken,
) -> Result<(), Halt> {
    let Some(mut lane) = Lane::take(progress.app(), integration, Some(progress.run().id)).await? else {
        return Ok(());
    };
    let drained = drain(&mut lane, rules, stop).await;
    progress.add_requests(lane.requests());
    for (noun, (tally, remapped)) in lane.tallies() {
        progress.begin(*noun);
        progress.count(*noun, *tally);
        progress.count_remapped(*noun, *remapped);
    }
    lane.leave().await?;
    drained
}

/// A run is SUCCEEDED only when nothing is missing.
pub fn end_of(progress: &Progress) -> RunState {
    let failed = progress
        .run()
        .phases
        .0
        .iter()
        .any(|phase| phase.failed > 0 || phase.state == RunState::Failed);
    if failed { RunState::Partial } else { RunState::Succeeded }
}
