//! Objects that Stripe has and does not give. They fail alone; when Stripe gives nothing at all, nothing is to blame on them.

use super::reading::Reading;
use super::road::Road;
use super::rules::Rights;
use super::tally::Tally;
use crate::error::Error;
use crate::map::MapError;
use crate::store::Transaction;
use crate::store::{SourceKey, failure};
use crate::stripe::{self, Client};

/// An object that cannot be read, and why.
pub(super) type Broken = (SourceKey, stripe::Error);

/// Parts what was read from what could not be. `Err` when the key is refused or has lost a right, or when Stripe cannot be read at
/// all.
pub(super) async fn part(
    client: &Client,
    rights: &Rights,
    results: Vec<(SourceKey, Result<Reading, stripe::Error>)>,
) -> Result<(Vec<Reading>, Vec<Broken>), stripe::Error> {
    let (mut readings, mut broken) = (Vec::with_capacity(results.len()), Vec::new());
    for (key, result) in results {
        match result {
            Ok(reading) => readings.push(reading),
            Err(error @ stripe::Error::KeyRejected { .. }) => return Err(error),
            Err(error @ stripe::Error::PermissionMissing { .. }) if rights.may_read(Some(key.0)) => return Err(error),
            Err(error) => broken.push((key, error)),
        }
    }
    if let Some(error) = broken.iter().find_map(|(_, error)| passing(error))
        && readings.is_empty()
        && is_gone(client).await
    {
        return Err(error);
    }
    Ok((readings, broken))
}

/// Stripe gives nothing else either.
async fn is_gone(client: &Client) -> bool {
    let asked = client.clone().hasty().may_read(None).await;
    // To be told that the key may not is an answer, too.
    asked.is_err_and(|error| passing(&error).is_some())
}

fn passing(error: &stripe::Error) -> Option<stripe::Error> {
    let is_passing = matches!(error, stripe::Error::Unavailable { .. } | stripe::Error::Garbled { .. });
    is_passing.then(|| error.clone())
}

/// Records the failures. They are tried again like all others.
pub(super) async fn record(tx: &Transaction, road: Road<'_>, broken: &[Broken]) -> Result<Tally, Error> {
    let mut tally = Tally::default();
    for ((kind, id), error) in broken {
        let failed = MapError {
            code: error.code(),
            message: error.to_string(),
            hint: hint(error),
        };
        let rules = road.rules.integration_id;
        failure::record(tx, rules, road.run_id, *kind, vec![(id.as_str(), &failed)], road.now_ms).await?;
        tally.failed += 1;
    }
    Ok(tally)
}

fn hint(error: &stripe::Error) -> Option<String> {
    let text = match error {
        stripe::Error::PermissionMissing { .. } => "Give the key this right in Stripe's dashboard, then retry.",
        stripe::Error::Unavailable { .. } | stripe::Error::Garbled { .. } => {
            "Stripe gives everything else; it is tried again by itself."
        }
        _ => return None,
    };
    Some(text.to_owned())
}
