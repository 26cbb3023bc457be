//! Takes events out of the inbox, oldest second first, and gives them their effect. What payloads tell is written first; what has to
//! be read follows in small portions, so that it holds the rest up for seconds at most.

use std::sync::Arc;

use entity::kind::{RunTrigger, StripeKind};
use tokio_util::sync::CancellationToken;

use super::account;
use super::event::Event;
use super::lane::Lane;
use super::settle::Ledger;
use super::sort::{self, Next, Object};
use crate::crash;
use crate::error::Error;
use crate::pull::alone;
use crate::pull::apply::apply;
use crate::pull::broken::{self, Broken};
use crate::pull::halt::Halt;
use crate::pull::holder::{Holder, Writer};
use crate::pull::queued::queue_reconcile;
use crate::pull::reading::Reading;
use crate::pull::road::Road;
use crate::pull::rules::Rules;
use crate::pull::tally::{by_noun, noun_of};
use crate::pull::{credit, fill, remap, terms};
use crate::store::Transaction;
use crate::store::{self, SourceKey, failure, inbox};

/// Events looked at together.
const BATCH: u64 = 500;
/// Objects read before the inbox is looked at again.
const PORTION: usize = 25;

/// Takes out all that waits. It begins with `rules`; while events keep coming, each round goes by those that are in force by then.
pub async fn drain(lane: &mut Lane, rules: &Rules, stop: &CancellationToken) -> Result<(), Halt> {
    lane.client().ask_for_tiers_in(rules.currencies.iter().cloned());
    let mut has_begun = false;
    loop {
        if stop.is_cancelled() {
            return Err(Halt::Paused);
        }
        let waiting = inbox::list_waiting(lane.app().db.read(), rules.integration_id, BATCH).await?;
        // First: a process that died may have left some behind.
        remap::drain(lane, rules.integration_id, stop).await?;
        if waiting.is_empty() {
            return Ok(());
        }
        let events = waiting.into_iter().map(Event::read).collect::<Result<Vec<_>, _>>()?;
        let todays = if has_begun {
            Some(renewed(lane, rules).await?)
        } else {
            None
        };
        take(lane, todays.as_ref().unwrap_or(rules), &events).await?;
        has_begun = true;
    }
}

async fn renewed(lane: &Lane, rules: &Rules) -> Result<Rules, Error> {
    let app = lane.app();
    let mut todays = Rules::load_todays(app.db.read(), rules.integration_id, app.clock.now_ms()).await?;
    // Emptying the inbox may take long; what was in the window when it began stays in it.
    todays.reach_back_to(rules.window_start);
    Ok(todays)
}

/// Gives events their effect, as many as a portion of reading allows.
async fn take(lane: &mut Lane, rules: &Rules, events: &[Event]) -> Result<(), Halt> {
    let sorted = sort::sort(lane.app().db.read(), rules, events).await?;
    let timezone = match sorted.account {
        Some(latest) => account::timezone(lane.client(), rules, &events[latest]).await?,
        None => None,
    };
    let mut ledger = Ledger::new(events, &sorted);
    let (told, to_read) = part(lane, rules, sorted.objects).await?;
    let unsure = write_told(
        lane,
        rules,
        &mut ledger,
        told,
        Aside {
            timezone,
            relist: sorted.relist,
        },
    )
    .await?;
    read_portion(lane, rules, &mut ledger, to_read, unsure).await
}

/// What can be written at once, and what something has to be read for: itself, or what it names.
async fn part(lane: &Lane, rules: &Rules, objects: Vec<Object>) -> Result<(Vec<Reading>, Vec<Object>), Error> {
    let (mut told, mut to_read) = (Vec::new(), Vec::new());
    for object in objects {
        match object.next {
            Next::Apply(reading) => told.push((*reading, object.events, object.told_at, object.brought_in)),
            Next::Read(..) => to_read.push(object),
            Next::Drop => {}
        }
    }
    let readings: Vec<&Reading> = told.iter().map(|(reading, ..)| reading).collect();
    let short = credit::lacking(lane.app().db.read(), rules, &readings).await?;
    let without_terms = terms::lacking_among(lane.app().db.read(), rules.integration_id, &readings).await?;
    let missing = fill::named_and_missing(lane.app().db.read(), rules, &readings).await?;
    let mut ready = Vec::with_capacity(told.len());
    for (reading, events, told_at, brought_in) in told {
        let lacks_credit = reading.kind == StripeKind::Invoice && short.contains(&reading.stripe_id);
        let lacks_terms = without_terms.contains_key(&(reading.kind, reading.stripe_id.clone()));
        if lacks_credit || lacks_terms || reading.names.iter().any(|name| missing.contains(name)) {
            to_read.push(Object {
                events,
                next: Next::Apply(Box::new(reading)),
                told_at,
                brought_in,
            });
        } else {
            ready.push(reading);
        }
    }
    Ok((ready, to_read))
}

/// What events tell of no object.
struct Aside {
    /// The account's time zone.
    timezone: Option<String>,
    /// Everything is to be compared.
    relist: bool,
}

/// Writes what payloads tell, the account's time zone, and that everything is to be compared where objects went without a word of their
/// own; gives what turned out to be unsure meanwhile.
async fn write_told(
    lane: &mut Lane,
    rules: &Rules,
    ledger: &mut Ledger<'_>,
    told: Vec<Reading>,
    aside: Aside,
) -> Result<Vec<SourceKey>, Halt> {
    if told.is_empty() && !ledger.has_settled() {
        return Ok(Vec::new());
    }
    let tx = lane.app().db.begin().await?;
    let keys: Vec<SourceKey> = told.iter().map(|told| (told.kind, told.stripe_id.clone())).collect();
    let unsure = write(lane, &tx, rules, told, &[]).await?;
    ledger.told(keys.iter().filter(|key| !unsure.contains(key)));
    let now_ms = lane.app().clock.now_ms();
    ledger.settle(&tx, rules.integration_id, now_ms).await?;
    if let Some(timezone) = aside.timezone {
        store::integration::set_timezone(&tx, rules.integration_id, Some(timezone)).await?;
    }
    if aside.relist {
        queue_reconcile(&tx, rules.integration_id, RunTrigger::Event, now_ms).await?;
    }
    crash::point("inbox.before_told");
    lane.commit(tx).await?;
    if aside.relist {
        lane.app().wake.notify_one();
    }
    crash::point("inbox.after_told");
    Ok(unsure)
}

/// Reads a portion of what has to be read, with what it names, and writes it.
async fn read_portion(
    lane: &mut Lane,
    rules: &Rules,
    ledger: &mut Ledger<'_>,
    objects: Vec<Object>,
    unsure: Vec<SourceKey>,
) -> Result<(), Halt> {
    let mut readings = Vec::new();
    let mut wanted = alone::wanted(lane.app().db.read(), rules.integration_id, unsure).await?;
    let mut portion = Vec::new();
    for object in objects.into_iter().take(PORTION) {
        match object.next {
            Next::Apply(reading) => {
                portion.push((reading.kind, reading.stripe_id.clone()));
                readings.push(*reading);
            }
            Next::Read(key, origin) => {
                if object.brought_in {
                    ledger.brings_in(key.clone());
                }
                wanted.push((key, origin));
            }
            Next::Drop => {}
        }
    }
    portion.extend(wanted.iter().map(|(key, _)| key.clone()));
    let mut all_broken = Vec::new();
    while !(readings.is_empty() && wanted.is_empty()) {
        let (found, mut broken) = alone::read(lane.client(), &rules.rights, std::mem::take(&mut wanted)).await?;
        readings.extend(found.into_iter().map(|reading| ledger.mark(reading)));
        let (all, more_broken) = fill::complete(lane, rules, std::mem::take(&mut readings)).await?;
        broken.extend(more_broken);
        let tx = lane.app().db.begin().await?;
        let unsure = write(lane, &tx, rules, all, &broken).await?;
        failure::bring_in(&tx, rules.integration_id, ledger.brought_in_of(&broken)).await?;
        all_broken.extend(broken);
        if unsure.is_empty() {
            ledger.read(&portion, &all_broken);
            ledger
                .settle(&tx, rules.integration_id, lane.app().clock.now_ms())
                .await?;
        }
        crash::point("inbox.before_read");
        lane.commit(tx).await?;
        crash::point("inbox.after_read");
        wanted = alone::wanted(lane.app().db.read(), rules.integration_id, unsure).await?;
    }
    Ok(())
}

async fn write(
    lane: &mut Lane,
    tx: &Transaction,
    rules: &Rules,
    readings: Vec<Reading>,
    broken: &[Broken],
) -> Result<Vec<SourceKey>, Halt> {
    let app = Arc::clone(lane.app());
    let road = Road {
        rules,
        run_id: lane.run_id(),
        now_ms: app.clock.now_ms(),
    };
    let mut unsure = Vec::new();
    for (noun, readings) in by_noun(readings) {
        let applied = apply(tx, road, readings).await?;
        lane.count(noun, applied.tally);
        unsure.extend(applied.alone);
    }
    for failed in broken {
        let tally = broken::record(tx, road, std::slice::from_ref(failed)).await?;
        lane.count(noun_of(failed.0.0), tally);
    }
    Ok(unsure)
}
