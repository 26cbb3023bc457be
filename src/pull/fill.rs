//! Fetches what is named and not here: inline prices that no list has, deleted customers, products of other times. Needs no
//! checkpoint: what is missing is asked of the database.

use std::collections::BTreeSet;
use std::sync::Arc;

use entity::kind::{StripeKind, SyncObject};
use sea_orm::ConnectionTrait;
use tokio_util::sync::CancellationToken;

use super::alone::{self, by_kind};
use super::apply::apply;
use super::broken::{self, Broken};
use super::credit;
use super::halt::Halt;
use super::holder::Holder;
use super::reading::{Origin, Reading};
use super::road::Road;
use super::rules::Rules;
use super::{terms, tiers};
use crate::crash;
use crate::error::Error;
use crate::store::{SourceKey, reference, source};
use crate::stripe;
use crate::stripe::object::is_sent_invoices;

const BATCH: u64 = 100;

/// Fetches all missing objects of `kinds`, and what those name in turn.
pub(super) async fn missing(
    holder: &mut impl Holder,
    rules: &Rules,
    kinds: &[StripeKind],
    object: SyncObject,
    stop: &CancellationToken,
) -> Result<(), Halt> {
    for kind in kinds {
        let mut after = String::new();
        loop {
            let read = holder.app().db.read();
            let ids = reference::list_missing(read, rules.integration_id, *kind, &after, BATCH).await?;
            let Some(last) = ids.last().cloned() else { break };
            let keys = ids.into_iter().map(|id| (*kind, id)).collect();
            if !fetch_and_apply(holder, rules, keys, object, stop).await? {
                break;
            }
            after = last;
        }
    }
    Ok(())
}

/// Reads `keys` by their ids and applies them. What cannot be read stays missing, and the rest goes on: `false` when the key has
/// no right to such objects at all.
async fn fetch_and_apply(
    holder: &mut impl Holder,
    rules: &Rules,
    keys: Vec<SourceKey>,
    object: SyncObject,
    stop: &CancellationToken,
) -> Result<bool, Halt> {
    if stop.is_cancelled() {
        return Err(Halt::Paused);
    }
    let wanted = keys.into_iter().map(|key| (key, Origin::Alone(None))).collect();
    let (readings, broken) = alone::read(holder.client(), &rules.rights, wanted).await?;
    crash::point("fill.read");
    let (forbidden, broken): (Vec<_>, Vec<_>) = broken
        .into_iter()
        .partition(|(_, error)| matches!(error, stripe::Error::PermissionMissing { .. }));
    let app = Arc::clone(holder.app());
    let tx = app.db.begin().await?;
    let road = Road {
        rules,
        run_id: holder.run_id(),
        now_ms: app.clock.now_ms(),
    };
    let applied = apply(&tx, road, readings).await?;
    holder.count(object, applied.tally);
    let failed = broken::record(&tx, road, &broken).await?;
    holder.count(object, failed);
    if !forbidden.is_empty() {
        holder.mark_unread(object);
    }
    crash::point("fill.before_commit");
    holder.commit(tx).await?;
    crash::point("fill.after_commit");
    Ok(forbidden.is_empty())
}

/// What a record shows of others, so that it can be written whole at once.
const SHOWN: [StripeKind; 5] = [
    StripeKind::Subscription,
    StripeKind::Customer,
    StripeKind::Price,
    StripeKind::Product,
    StripeKind::Coupon,
];
/// An invoice names a subscription, that a price, that a product.
const DEEPEST: usize = 4;

/// The objects that `readings` name and that are neither here nor among them.
pub(super) async fn named_and_missing(
    conn: &impl ConnectionTrait,
    rules: &Rules,
    readings: &[&Reading],
) -> Result<BTreeSet<SourceKey>, Error> {
    let own: BTreeSet<(StripeKind, &str)> = readings
        .iter()
        .map(|reading| (reading.kind, reading.stripe_id.as_str()))
        .collect();
    let named = readings
        .iter()
        .flat_map(|reading| reading.names.iter().map(|name| (*reading, name)));
    let strange: Vec<SourceKey> = named
        .filter(|(reading, (kind, _))| SHOWN.contains(kind) || shows_invoice(rules, reading, *kind))
        .map(|(_, name)| name)
        .filter(|(kind, id)| !own.contains(&(*kind, id.as_str())))
        .cloned()
        .collect();
    let mut missing = BTreeSet::new();
    for (kind, ids) in by_kind(&strange) {
        let here = source::find_ids(conn, rules.integration_id, kind, ids.clone()).await?;
        missing.extend(
            ids.into_iter()
                .filter(|id| !here.contains(*id))
                .map(|id| (kind, id.to_owned())),
        );
    }
    Ok(missing)
}

/// Whether the contract of a subscription shows by an invoice whether it is paid. A list gives those that are open; one that came since is
/// read when the subscription names it.
fn shows_invoice(rules: &Rules, reading: &Reading, kind: StripeKind) -> bool {
    let subscription = reading
        .value
        .as_ref()
        .filter(|_| reading.kind == StripeKind::Subscription);
    kind == StripeKind::Invoice
        && rules.keeps_owed()
        && subscription.is_some_and(|subscription| is_sent_invoices(subscription) && subscription["status"] == "active")
}

/// Reads what `readings` name and is not here, what that names in turn, the credit notes that invoices state, what discounts take off
/// whose coupon is gone, and prices that lack tiers; adds it to them.
pub(super) async fn complete(
    holder: &impl Holder,
    rules: &Rules,
    mut readings: Vec<Reading>,
) -> Result<(Vec<Reading>, Vec<Broken>), Halt> {
    let (mut broken, mut asked) = (Vec::new(), BTreeSet::new());
    for _ in 0..DEEPEST {
        holder.client().ask_for_tiers_in(tiers::currencies(readings.iter()));
        let all: Vec<&Reading> = readings.iter().collect();
        let missing = named_and_missing(holder.app().db.read(), rules, &all).await?;
        let fresh: Vec<_> = missing.into_iter().filter(|key| asked.insert(key.clone())).collect();
        if fresh.is_empty() {
            break;
        }
        let wanted = fresh.into_iter().map(|key| (key, Origin::Alone(None))).collect();
        let (found, failed) = alone::read(holder.client(), &rules.rights, wanted).await?;
        readings.extend(found);
        broken.extend(failed);
    }
    let all: Vec<&Reading> = readings.iter().collect();
    let short = credit::lacking(holder.app().db.read(), rules, &all).await?;
    let (notes, failed) = credit::read(holder.client(), rules, short).await?;
    readings.extend(notes);
    broken.extend(failed);
    broken.extend(add_tiers(holder, rules, &mut readings).await?);
    add_terms(holder, rules, &mut readings).await?;
    Ok((readings, broken))
}

async fn add_tiers(holder: &impl Holder, rules: &Rules, readings: &mut Vec<Reading>) -> Result<Vec<Broken>, Halt> {
    let conn = holder.app().db.read();
    let subscriptions = readings
        .iter()
        .filter(|reading| reading.kind == StripeKind::Subscription);
    let subscriptions = subscriptions.filter_map(|reading| reading.value.as_ref());
    let mut short = tiers::lacking(conn, rules.integration_id, subscriptions).await?;
    short.retain(|(kind, id)| !readings.iter().any(|read| read.kind == *kind && read.stripe_id == *id));
    let wanted = alone::wanted(conn, rules.integration_id, short).await?;
    let (prices, failed) = alone::read(holder.client(), &rules.rights, wanted).await?;
    readings.extend(prices);
    Ok(failed)
}

async fn add_terms(holder: &impl Holder, rules: &Rules, readings: &mut [Reading]) -> Result<(), Halt> {
    let all: Vec<&Reading> = readings.iter().collect();
    let lacking = terms::lacking_among(holder.app().db.read(), rules.integration_id, &all).await?;
    for reading in readings {
        if let Some(holders) = lacking.get(&(reading.kind, reading.stripe_id.clone())) {
            reading.terms = terms::read(holder.client(), holders).await?;
        }
    }
    Ok(())
}
