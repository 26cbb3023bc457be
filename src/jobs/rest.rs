//! How long a run rests when Stripe or the database does not answer, before it goes on from its checkpoint.

use entity::kind::RunKind;
use entity::run;
use rand::Rng;

use crate::error::Error;
use crate::store::lease::LONGEST_REST_MS;
use crate::stripe;

const FIRST_MS: i64 = 5_000;
/// About a day.
const MOST_RESTS: i32 = 300;
/// What is not Stripe's answer does not become it by waiting for long.
const MOST_RESTS_OF_GARBLED: i32 = 3;

/// Milliseconds to rest; `None` when the run has to end. A look at the events never rests longer than until the next one.
pub(super) fn after(error: &Error, run: &run::Model, look_interval_seconds: i64) -> Option<i64> {
    let most = match error {
        Error::Stripe(stripe::Error::Unavailable { .. }) | Error::Database(_) => MOST_RESTS,
        Error::Stripe(stripe::Error::Garbled { .. }) => MOST_RESTS_OF_GARBLED,
        _ => return None,
    };
    let longest = if run.kind == RunKind::CatchUp {
        LONGEST_REST_MS.min(look_interval_seconds.saturating_mul(1000))
    } else {
        LONGEST_REST_MS
    };
    let full = duration(run.rests).min(longest);
    (run.rests < most).then(|| rand::rng().random_range(full * 4 / 5..=full))
}

/// Without jitter.
fn duration(rests: i32) -> i64 {
    let exponent = u32::try_from(rests.clamp(0, 16)).unwrap_or_default();
    FIRST_MS.saturating_mul(1 << exponent).min(LONGEST_REST_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_five_minutes() {
        let seconds: Vec<i64> = (0..8).map(|rests| duration(rests) / 1000).collect();
        assert_eq!(seconds, [5, 10, 20, 40, 80, 160, 300, 300]);
    }
}
