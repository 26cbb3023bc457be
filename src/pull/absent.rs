//! Objects that Stripe does not have, and that nothing here has ever told of: somebody has asked for an id that is none.

use std::collections::HashSet;

use entity::kind::StripeKind;
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::alone::by_kind;
use super::reading::{Origin, Reading};
use super::road::Road;
use super::tally::Tally;
use crate::error::Error;
use crate::map::MapError;
use crate::store::failure::{self, NOT_IN_STRIPE};
use crate::store::{SourceKey, Transaction};
use crate::stripe::object::own::outlives_deletion;

/// Says so. Deleted objects of some kinds cannot be told from those that never were.
pub fn told(kind: StripeKind) -> String {
    let name = kind.object_name().replace('_', " ");
    let or_deleted = if outlives_deletion(kind) {
        ""
    } else {
        ", or had deleted it before it was seen here"
    };
    format!("Stripe has no such {name}: this account never had one of that id in this mode{or_deleted}.")
}

/// Parts them from the others. What failed before, Stripe has had: it is deleted by now.
pub(super) async fn part(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    readings: Vec<Reading>,
) -> Result<(Vec<Reading>, Vec<SourceKey>), Error> {
    let is_nowhere = |read: &Reading| read.is_missing && matches!(read.origin, Origin::Alone(None));
    let asked: Vec<SourceKey> = readings.iter().filter(|read| is_nowhere(read)).map(key_of).collect();
    let mut known: HashSet<SourceKey> = HashSet::new();
    for (kind, ids) in by_kind(&asked) {
        let failed = failure::find_had(conn, integration_id, kind, ids).await?;
        known.extend(failed.into_iter().map(|id| (kind, id)));
    }
    let absent: Vec<SourceKey> = asked.into_iter().filter(|key| !known.contains(key)).collect();
    let mut readings = readings;
    readings.retain(|read| !absent.contains(&key_of(read)));
    Ok((readings, absent))
}

fn key_of(reading: &Reading) -> SourceKey {
    (reading.kind, reading.stripe_id.clone())
}

/// Keeps of one that it was asked for, for people: trying again by itself mends nothing.
pub(super) async fn record(tx: &Transaction, road: Road<'_>, (kind, id): &SourceKey) -> Result<Tally, Error> {
    let failed = MapError {
        code: NOT_IN_STRIPE,
        message: told(*kind),
        hint: Some("Check the id, its kind, and whether it is of this account.".to_owned()),
    };
    let integration_id = road.rules.integration_id;
    failure::record(tx, integration_id, road.run_id, *kind, vec![(id, &failed)], road.now_ms).await?;
    Ok(Tally {
        failed: 1,
        ..Tally::default()
    })
}
