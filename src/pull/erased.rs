//! Persons that were erased do not come back, whichever way Stripe tells of them.

use entity::kind::StripeKind;
use uuid::Uuid;

use super::reading::Reading;
use crate::error::Error;
use crate::map::scrub::{customer_of, reduced, scrub};
use crate::store::Transaction;
use crate::store::erasure;

/// Readings without what tells of erased persons.
pub(super) async fn shield(
    tx: &Transaction,
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
