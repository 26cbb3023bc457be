//! Subscriptions that wait for what no list gives: the terms of discounts whose coupon is gone, and tiers in their own currency. Read at
//! the end of a phase, when all that lists give is here.

use std::collections::BTreeMap;
use std::sync::Arc;

use entity::kind::{StripeKind, SyncObject};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::apply::apply;
use super::broken::{self, Broken};
use super::halt::Halt;
use super::holder::{Holder, Writer};
use super::progress::Progress;
use super::reading::Reading;
use super::road::Road;
use super::rules::Rules;
use super::{alone, terms, tiers};
use crate::crash;
use crate::error::Error;
use crate::store::{SourceKey, source, turn};
use crate::stripe::terms::Terms;

const BATCH: u64 = 100;

/// Reads and applies what the subscriptions here wait for.
pub(super) async fn complete(progress: &mut Progress, rules: &Rules, stop: &CancellationToken) -> Result<(), Halt> {
    let mut after = String::new();
    loop {
        if stop.is_cancelled() {
            return Err(Halt::Paused);
        }
        let conn = progress.app().db.read();
        let kind = StripeKind::Subscription;
        let waiting = source::list_pending_texts(conn, rules.integration_id, kind, &after, BATCH).await?;
        let Some((last, _)) = waiting.last() else { return Ok(()) };
        after.clone_from(last);
        let waiting = waiting
            .into_iter()
            .map(|(id, text)| Ok(((kind, id), source::parse(&text)?)))
            .collect::<Result<Vec<_>, Error>>()?;
        let objects: Vec<(SourceKey, &Value)> = waiting.iter().map(|(key, object)| (key.clone(), object)).collect();
        let mut read = BTreeMap::new();
        for (key, holders) in terms::lacking(conn, rules.integration_id, &objects, &[]).await? {
            read.insert(key, terms::read(progress.client(), &holders).await?);
        }
        let currencies = waiting.iter().filter_map(|(_, object)| tiers::currency_of(object));
        progress.client().ask_for_tiers_in(currencies);
        let short = tiers::lacking(conn, rules.integration_id, waiting.iter().map(|(_, object)| object)).await?;
        let wanted = alone::wanted(conn, rules.integration_id, short).await?;
        let (prices, broken) = alone::read(progress.client(), &rules.rights, wanted).await?;
        write(progress, rules, read, prices, &broken).await?;
    }
}

async fn write(
    progress: &mut Progress,
    rules: &Rules,
    terms: BTreeMap<SourceKey, Terms>,
    prices: Vec<Reading>,
    broken: &[Broken],
) -> Result<(), Halt> {
    if terms.is_empty() && prices.is_empty() && broken.is_empty() {
        return Ok(());
    }
    let app = Arc::clone(progress.app());
    let tx = app.db.begin().await?;
    turn::take(&tx, rules.integration_id).await?;
    for ((kind, id), terms) in terms {
        terms::keep(&tx, rules.integration_id, (kind, &id), terms).await?;
    }
    let road = Road {
        rules,
        run_id: progress.run_id(),
        now_ms: app.clock.now_ms(),
    };
    let applied = apply(&tx, road, prices).await?;
    progress.count(SyncObject::Contract, applied.tally);
    let failed = broken::record(&tx, road, broken).await?;
    progress.count(SyncObject::Contract, failed);
    crash::point("fill.before_commit");
    progress.commit(tx).await?;
    crash::point("fill.after_commit");
    Ok(())
}
