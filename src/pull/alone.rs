//! Reads single objects by their ids, each by itself: one that cannot be read holds up no other.

use entity::kind::StripeKind;
use futures_util::{StreamExt, stream};
use sea_orm::ConnectionTrait;
use serde_json::Value;
use uuid::Uuid;

use super::broken::{self, Broken};
use super::reading::{Origin, Reading};
use super::rules::Rights;
use super::whole;
use crate::error::Error;
use crate::store::{SourceKey, source};
use crate::stripe::list::Found;
use crate::stripe::{self, Client, Seen};

/// Requests in flight at most.
const AT_ONCE: usize = 8;

/// An object to be read, and what was stored of it when that was decided.
pub(super) type Wanted = (SourceKey, Origin);

/// Notes what is stored of `keys` now. To be asked before they are read: a reading that began later than what is stored is later.
pub(super) async fn wanted(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    keys: Vec<SourceKey>,
) -> Result<Vec<Wanted>, Error> {
    let mut wanted = Vec::with_capacity(keys.len());
    for (kind, ids) in by_kind(&keys) {
        let stored = source::find_stored(conn, integration_id, kind, ids.clone()).await?;
        wanted.extend(ids.into_iter().map(|id| {
            let held = stored.get(id).map(|stored| Seen {
                min_ms: stored.seen_min,
                max_ms: stored.seen_max,
            });
            ((kind, id.to_owned()), Origin::Alone(held))
        }));
    }
    Ok(wanted)
}

/// Keys by kind, each once.
pub(super) fn by_kind(keys: &[SourceKey]) -> Vec<(StripeKind, Vec<&str>)> {
    let mut sorted: Vec<(StripeKind, &str)> = keys.iter().map(|(kind, id)| (*kind, id.as_str())).collect();
    sorted.sort_unstable();
    sorted.dedup();
    let mut groups: Vec<(StripeKind, Vec<&str>)> = Vec::new();
    for (kind, id) in sorted {
        match groups.last_mut() {
            Some((last, ids)) if *last == kind => ids.push(id),
            _ => groups.push((kind, vec![id])),
        }
    }
    groups
}

/// Reads them. `Err` when Stripe cannot be read at all.
pub(super) async fn read(
    client: &Client,
    rights: &Rights,
    wanted: Vec<Wanted>,
) -> Result<(Vec<Reading>, Vec<Broken>), stripe::Error> {
    let shared = client.clone();
    let results = stream::iter(wanted)
        .map(move |(key, origin)| {
            let client = shared.clone();
            async move { (key.clone(), read_one(client, key, origin).await) }
        })
        .buffered(AT_ONCE)
        .collect()
        .await;
    broken::part(client, rights, results).await
}

async fn read_one(client: Client, (kind, id): SourceKey, origin: Origin) -> Result<Reading, stripe::Error> {
    match client.object(kind, &id).await? {
        Found::Gone(seen) => Ok(Reading::gone(kind, id, seen, origin)),
        Found::Missing(seen) => Ok(Reading::missing(kind, id, seen, origin)),
        Found::Whole(object, seen) => complete(client, kind, object, seen, origin).await,
    }
}

/// Makes an object whole.
pub(super) async fn complete(
    client: Client,
    kind: StripeKind,
    mut object: Value,
    seen: Seen,
    origin: Origin,
) -> Result<Reading, stripe::Error> {
    whole::complete(&client, kind, &mut object).await?;
    let id = object["id"].as_str().unwrap_or_default().to_owned();
    Ok(Reading::whole(kind, id, object, seen, origin))
}
