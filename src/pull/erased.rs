//! Persons that were erased do not come back, whichever way Stripe tells of them.

use entity::kind::StripeKind;
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use serde_json::Value;
use uuid::Uuid;

use super::reading::Reading;
use crate::error::Error;
use crate::map::scrub::{Scrubbed, customer_of, reduced, scrub, scrub_event};
use crate::store::erasure;

/// Readings without what tells of erased persons.
pub(super) async fn shield(
    tx: &DatabaseTransaction,
    integration_id: Uuid,
    readings: Vec<Reading>,
) -> Result<Vec<Reading>, Error> {
    let erased = erasure::find(tx, integration_id, readings.iter().filter_map(customer).collect()).await?;
    if erased.is_empty() {
        return Ok(readings);
    }
    let shielded = readings.into_iter().map(|reading| {
        if customer(&reading).is_some_and(|id| erased.contains(id)) {
            scrubbed(reading)
        } else {
            reading
        }
    });
    Ok(shielded.collect())
}

fn customer(reading: &Reading) -> Option<&str> {
    match reading.kind {
        StripeKind::Customer => Some(&reading.stripe_id),
        _ => customer_of(reading.value.as_ref()?),
    }
}

fn scrubbed(reading: Reading) -> Reading {
    let brought_in = reading.brought_in;
    match reading.value {
        None => reading,
        Some(mut value) => {
            if reading.kind == StripeKind::Customer {
                value = reduced(&value);
            } else {
                scrub(&mut value);
            }
            let mut whole = Reading::whole(reading.kind, reading.stripe_id, value, reading.seen, reading.origin);
            whole.brought_in = brought_in;
            whole
        }
    }
}

/// Takes what tells of erased persons out of events before they are kept.
pub async fn shield_events(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    events: &mut [Value],
) -> Result<Vec<Scrubbed>, Error> {
    let untouched = vec![Scrubbed::Untouched; events.len()];
    if !erasure::has_any(conn, integration_id).await? {
        return Ok(untouched);
    }
    let customers = events.iter().flat_map(customers_of_event).collect();
    let erased = erasure::find(conn, integration_id, customers).await?;
    if erased.is_empty() {
        return Ok(untouched);
    }
    Ok(events.iter_mut().map(|event| scrub_event(event, &erased)).collect())
}

fn customers_of_event(event: &Value) -> impl Iterator<Item = &str> {
    let related = &event["related_object"];
    let thin = related["id"].as_str().filter(|_| related["type"] == "customer");
    customer_of(&event["data"]["object"]).into_iter().chain(thin)
}
