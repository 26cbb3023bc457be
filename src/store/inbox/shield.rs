//! Events that tell of persons who were erased are put in without it. An event is either looked through in its own transaction once the
//! erasing is over, or is in before it: whoever erases closes the inbox, and finds it there.

use std::collections::{BTreeMap, HashSet};

use entity::kind::EventOutcome;
use entity::stripe_event::Model;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};
use serde_json::Value;
use uuid::Uuid;

use crate::map::scrub::{Scrubbed, customer_of, scrub_event};
use crate::store::Transaction;
use crate::store::{erasure, source};

/// Waits until no transaction is open that has put in events of the integration, and lets none begin until this one ends.
pub async fn close(tx: &Transaction, integration_id: Uuid) -> Result<(), DbErr> {
    pass(tx, integration_id, "SELECT pg_advisory_xact_lock($1)").await
}

/// On SQLite one writes at a time.
async fn pass(tx: &Transaction, integration_id: Uuid, sql: &str) -> Result<(), DbErr> {
    if tx.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    // The turn of the integration goes by the other half of its id: events do not wait for that.
    let (high, _) = integration_id.as_u64_pair();
    let door = i64::from_be_bytes(high.to_be_bytes());
    tx.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, [door.into()]))
        .await?;
    Ok(())
}

pub(super) async fn shield(tx: &Transaction, events: Vec<Model>) -> Result<Vec<Model>, DbErr> {
    let mut by_integration: BTreeMap<Uuid, Vec<Model>> = BTreeMap::new();
    for event in events {
        by_integration.entry(event.integration_id).or_default().push(event);
    }
    let mut shielded = Vec::new();
    for (integration_id, events) in by_integration {
        pass(tx, integration_id, "SELECT pg_advisory_xact_lock_shared($1)").await?;
        shielded.extend(shield_own(tx, integration_id, events).await?);
    }
    shielded.sort_by(|a, b| a.event_id.cmp(&b.event_id));
    Ok(shielded)
}

async fn shield_own(tx: &Transaction, integration_id: Uuid, events: Vec<Model>) -> Result<Vec<Model>, DbErr> {
    if !erasure::has_any(tx, integration_id).await? {
        return Ok(events);
    }
    let read: Vec<(Model, Value)> = events
        .into_iter()
        .map(|event| {
            let body = event.body.as_deref().map(source::unpack);
            (event, body.and_then(Result::ok).unwrap_or_default())
        })
        .collect();
    let customers = read.iter().flat_map(|(_, body)| customers_of(body)).collect();
    let erased = erasure::find(tx, integration_id, customers).await?;
    Ok(read
        .into_iter()
        .map(|(event, body)| shielded(event, body, &erased))
        .collect())
}

fn customers_of(event: &Value) -> impl Iterator<Item = &str> {
    let related = &event["related_object"];
    let thin = related["id"].as_str().filter(|_| related["type"] == "customer");
    customer_of(&event["data"]["object"]).into_iter().chain(thin)
}

fn shielded(event: Model, mut body: Value, erased: &HashSet<String>) -> Model {
    if !customers_of(&body).any(|customer| erased.contains(customer)) {
        return event;
    }
    match scrub_event(&mut body, erased) {
        Scrubbed::Untouched => event,
        Scrubbed::Parts => Model {
            body: Some(source::pack(&body)),
            ..event
        },
        Scrubbed::All => Model {
            body: None,
            applied_at: event.applied_at.or(Some(event.received_at)),
            outcome: event.outcome.or(Some(EventOutcome::Dropped)),
            ..event
        },
    }
}
