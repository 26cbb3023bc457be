//! A look at Stripe's events since the last one. An event is a hint here: the object that it names is fetched and takes the one
//! way through, so it does not matter in which order, how late or how often events come.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use entity::kind::{EventOutcome, EventWay, StripeKind, SyncObject};
use entity::{integration, stripe_event};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::apply::apply;
use super::hint::{self, Hint};
use super::progress::{Halt, Progress};
use super::road::Road;
use super::rules::Rules;
use super::{fetch, fill, remap};
use crate::store::{SourceKey, inbox, reference};
use crate::stripe::Seen;

/// Stripe's list of events is eventually consistent: events may appear behind what was read already.
const OVERLAP_SECONDS: i64 = 300;
/// The watermark stays this far behind Stripe's present second.
const LAG_SECONDS: i64 = 10;
const BATCH: usize = 100;

/// Reads the events since the watermark and fetches each object they name.
pub async fn run(progress: &mut Progress, rules: &Rules, watermark: i64, stop: &CancellationToken) -> Result<(), Halt> {
    let (events, seen) = list_new(progress, rules, watermark - OVERLAP_SECONDS).await?;
    for batch in by_object(events).chunks(BATCH) {
        if stop.is_cancelled() {
            return Err(Halt::Paused);
        }
        take(progress, rules, batch).await?;
    }
    after(progress, rules, stop).await?;
    let reached = seen.map_or(watermark, |seen| seen.min_ms.div_euclid(1000) - LAG_SECONDS);
    move_watermark(progress, reached.max(watermark)).await
}

/// An event that has not had its effect yet.
#[derive(Debug, Clone)]
struct Event {
    id: String,
    created: i64,
    name: String,
    hints: Vec<Hint>,
}

/// The events since `from` that are not remembered, oldest first, and when Stripe showed the first page.
async fn list_new(progress: &Progress, rules: &Rules, from: i64) -> Result<(Vec<Event>, Option<Seen>), Halt> {
    let mut filter = vec![("created[gte]", from.to_string())];
    filter.extend(hint::EVENT_TYPES.map(|name| ("types[]", name.to_owned())));
    let (mut events, mut seen, mut cursors) = (Vec::new(), None, HashSet::new());
    let mut query = filter.clone();
    loop {
        let page = progress.client().events(&query).await?;
        progress.renew().await?;
        seen = seen.or(Some(page.seen));
        let ids: Vec<&str> = page.data.iter().filter_map(|event| event["id"].as_str()).collect();
        let last = ids.last().map(|id| (*id).to_owned());
        let known = inbox::find_known(progress.app().db.read(), rules.integration_id, ids).await?;
        events.extend(
            page.data
                .iter()
                .filter_map(read_event)
                .filter(|event| !known.contains(&event.id)),
        );
        let Some(last) = last.filter(|_| page.has_more) else {
            break;
        };
        if !cursors.insert(last.clone()) {
            return Err(crate::stripe::Error::Unavailable {
                message: "the list of events repeats itself".into(),
                request_id: None,
            }
            .into());
        }
        query = filter.iter().cloned().chain([("starting_after", last)]).collect();
    }
    events.sort_by_key(|event| event.created);
    Ok((events, seen))
}

fn read_event(event: &Value) -> Option<Event> {
    let event_type = event["type"].as_str()?;
    Some(Event {
        id: event["id"].as_str()?.to_owned(),
        created: event["created"].as_i64()?,
        name: event_type.to_owned(),
        hints: hint::read(event_type, &event["data"]["object"]),
    })
}

/// One object with all events that name it.
#[derive(Debug, Default, Clone)]
struct Named {
    key: Option<SourceKey>,
    events: Vec<Event>,
    brings_in: bool,
}

/// Coalesced: an object is fetched once, however many events name it. The order of the oldest event stays.
fn by_object(events: Vec<Event>) -> Vec<Named> {
    let mut named: Vec<Named> = Vec::new();
    let mut at: BTreeMap<Option<SourceKey>, usize> = BTreeMap::new();
    for event in events {
        let brings_in = hint::brings_in(&event.name);
        let keys: Vec<Option<SourceKey>> = match event.hints.len() {
            0 => vec![None],
            _ => event.hints.iter().cloned().map(Some).collect(),
        };
        for key in keys {
            let index = *at.entry(key.clone()).or_insert(named.len());
            if index == named.len() {
                named.push(Named {
                    key,
                    ..Named::default()
                });
            }
            named[index].events.push(event.clone());
            named[index].brings_in |= brings_in;
        }
    }
    named
}

async fn take(progress: &mut Progress, rules: &Rules, batch: &[Named]) -> Result<(), Halt> {
    let app = Arc::clone(progress.app());
    let mut keys = Vec::new();
    let mut forced = HashSet::new();
    for named in batch {
        let Some((kind, id)) = &named.key else { continue };
        if named.brings_in {
            forced.insert(id.as_str());
        }
        keys.push((*kind, id.clone()));
    }
    let mut readings = fetch::read_alone(progress.client(), keys).await?;
    // An event of a payment brings its invoice in whatever the window says.
    for reading in &mut readings {
        reading.brought_in = forced.contains(reading.stripe_id.as_str());
    }
    let tx = app.db.begin().await?;
    let road = Road {
        rules,
        run_id: progress.run().id,
        now_ms: app.clock.now_ms(),
    };
    let mut by_noun: BTreeMap<SyncObject, Vec<_>> = BTreeMap::new();
    for reading in readings {
        by_noun.entry(noun_of(reading.kind)).or_default().push(reading);
    }
    for (noun, readings) in by_noun {
        let applied = apply(&tx, road, readings).await?;
        progress.begin(noun);
        progress.count(noun, applied.tally);
    }
    inbox::put(&tx, remembered(rules, batch, road.now_ms)).await?;
    progress.commit(tx, &()).await
}

fn remembered(rules: &Rules, batch: &[Named], applied_at: i64) -> Vec<stripe_event::Model> {
    let rows = batch
        .iter()
        .flat_map(|named| &named.events)
        .map(|event| stripe_event::Model {
            integration_id: rules.integration_id,
            event_id: event.id.clone(),
            event_type: event.name.clone(),
            created: event.created,
            came_by: EventWay::Poll,
            received_at: applied_at,
            body: None,
            applied_at: Some(applied_at),
            outcome: Some(EventOutcome::Fetched),
        });
    let mut seen = HashSet::new();
    rows.filter(|row| seen.insert(row.event_id.clone())).collect()
}

fn noun_of(kind: StripeKind) -> SyncObject {
    match kind {
        StripeKind::Customer => SyncObject::Customer,
        StripeKind::Product | StripeKind::Price | StripeKind::Coupon => SyncObject::Product,
        StripeKind::Invoice | StripeKind::Subscription | StripeKind::CreditNote => SyncObject::Contract,
    }
}

async fn after(progress: &mut Progress, rules: &Rules, stop: &CancellationToken) -> Result<(), Halt> {
    let touched = progress.run().phases.0.iter().any(|phase| phase.seen > 0);
    if touched {
        const KINDS: [StripeKind; 4] = [
            StripeKind::Customer,
            StripeKind::Price,
            StripeKind::Product,
            StripeKind::Coupon,
        ];
        fill::missing(progress, rules, &KINDS, SyncObject::Contract, &(), stop).await?;
    }
    let queue = reference::list_queue(progress.app().db.read(), rules.integration_id, 1).await?;
    if queue.is_empty() {
        Ok(())
    } else {
        remap::drain(progress, rules, &(), stop).await
    }
}

async fn move_watermark(progress: &mut Progress, to: i64) -> Result<(), Halt> {
    let app = Arc::clone(progress.app());
    let tx = app.db.begin().await?;
    integration::Entity::update_many()
        .col_expr(integration::Column::EventWatermark, Expr::value(to))
        .filter(integration::Column::Id.eq(progress.run().integration_id))
        .exec(&tx)
        .await?;
    progress.commit(tx, &()).await
}
