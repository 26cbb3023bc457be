//! All that still tells of erased persons: invoices, subscriptions, credit notes and events that name them, and the bytes in the file.

use std::collections::{BTreeMap, HashSet};

use entity::erased_customer;
use entity::kind::StripeKind;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::app::App;
use crate::clients::GOING_THROUGH;
use crate::error::Error;
use crate::map::scrub::{Scrubbed, customer_of, scrub, scrub_event};
use crate::pull::remap;
use crate::pull::road::Road;
use crate::pull::rules::Rules;
use crate::store::{erasure, record, source, turn};
use crate::stripe::object::canonical_digest;

/// Objects of one transaction.
const BATCH: u64 = 500;
/// An invoice's contract shows its subscription and its credit notes, so those come first.
const KINDS: [StripeKind; 3] = [StripeKind::CreditNote, StripeKind::Subscription, StripeKind::Invoice];

pub(super) async fn remove(app: &App, stop: &CancellationToken) -> Result<(), Error> {
    let open = erasure::list_open(app.db.read()).await?;
    if open.is_empty() {
        return Ok(());
    }
    let mut by_integration: BTreeMap<Uuid, HashSet<String>> = BTreeMap::new();
    for row in &open {
        let erased = by_integration.entry(row.integration_id).or_default();
        erased.insert(row.stripe_customer_id.clone());
    }
    for (integration_id, erased) in &by_integration {
        for kind in KINDS {
            scrub_objects(app, *integration_id, kind, erased, stop).await?;
        }
        scrub_events(app, *integration_id, erased, stop).await?;
    }
    // What was overwritten still stands in the log that goes before the file.
    if stop.is_cancelled() || !app.db.flush_log().await? {
        return Ok(());
    }
    close(app, &open).await
}

async fn scrub_objects(
    app: &App,
    integration_id: Uuid,
    kind: StripeKind,
    erased: &HashSet<String>,
    stop: &CancellationToken,
) -> Result<(), Error> {
    let mut after = String::new();
    loop {
        let page = erasure::list_bodies(app.db.read(), integration_id, &(kind, after), BATCH).await?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after = last.clone();
        let mut scrubbed = Vec::new();
        for (id, body) in page {
            let mut value = source::unpack(&body)?;
            if customer_of(&value).is_some_and(|customer| erased.contains(customer)) {
                scrub(&mut value);
                scrubbed.push((id, body, value));
            }
        }
        if !scrubbed.is_empty() {
            write_objects(app, integration_id, kind, scrubbed).await?;
        }
        if stop.is_cancelled() {
            return Ok(());
        }
    }
}

/// The contracts are mapped again with it, not queued: once everything has been gone through, none of them shows anything any more.
async fn write_objects(
    app: &App,
    integration_id: Uuid,
    kind: StripeKind,
    scrubbed: Vec<(String, Vec<u8>, Value)>,
) -> Result<(), Error> {
    let tx = app.db.begin().await?;
    turn::take(&tx, integration_id).await?;
    let ids: Vec<&str> = scrubbed.iter().map(|(id, ..)| id.as_str()).collect();
    erasure::forget_errors(&tx, integration_id, kind, ids.clone()).await?;
    for (id, before, value) in &scrubbed {
        let after = (source::pack(value), canonical_digest(value).to_vec());
        let key = (kind, id.clone());
        erasure::replace_body(&tx, integration_id, &key, before.clone(), after).await?;
    }
    let now_ms = app.clock.now_ms();
    let rules = Rules::load_todays(&tx, integration_id, now_ms).await?;
    let road = Road {
        rules: &rules,
        run_id: None,
        now_ms,
    };
    remap::again(&tx, road, kind, ids).await?;
    tx.commit().await?;
    app.changed.send_replace(());
    Ok(())
}

async fn scrub_events(
    app: &App,
    integration_id: Uuid,
    erased: &HashSet<String>,
    stop: &CancellationToken,
) -> Result<(), Error> {
    let mut after = String::new();
    loop {
        let page = erasure::list_events(app.db.read(), integration_id, &after, BATCH).await?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after.clone_from(last);
        let tx = app.db.begin().await?;
        for (id, body) in page {
            let mut event = source::unpack(&body)?;
            let body = match scrub_event(&mut event, erased) {
                Scrubbed::Untouched => continue,
                Scrubbed::Parts => Some(source::pack(&event)),
                Scrubbed::All => None,
            };
            erasure::replace_event(&tx, integration_id, &id, body, app.clock.now_ms()).await?;
        }
        tx.commit().await?;
        if stop.is_cancelled() {
            return Ok(());
        }
    }
}

async fn close(app: &App, open: &[erased_customer::Model]) -> Result<(), Error> {
    let tx = app.db.begin().await?;
    erasure::close(&tx, open, app.clock.now_ms()).await?;
    let clients: HashSet<Uuid> = open.iter().map(|row| row.client_id).collect();
    let mut rows: Vec<_> = record::find_clients(&tx, clients.into_iter().collect())
        .await?
        .into_values()
        .collect();
    for row in &mut rows {
        row.warnings.0.retain(|warning| warning != GOING_THROUGH);
    }
    record::upsert_clients(&tx, rows, &[]).await?;
    tx.commit().await?;
    app.changed.send_replace(());
    Ok(())
}
