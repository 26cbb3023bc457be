//! How long a run rests when Stripe or the database does not answer, before it goes on from its checkpoint.

use entity::kind::RunKind;
use entity::run;
use rand::Rng;

use crate::error::Error;
use crate::store::free::LONGEST_REST_MS;
use crate::stripe;

const FIRST_MS: i64 = 5_000;
/// About a day.
const MOST_RESTS: i32 = 300;
/// What is not Stripe's answer does not become it by waiting for long.
const MOST_RESTS_OF_GARBLED: i32 = 3;

/// Milliseconds to rest; `None` when the run has to end. A look at the events rests no longer than until the next one,
/// unless Stripe asks for it.
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
    (run.rests < most).then(|| rand::rng().random_range(full * 4 / 5..=full).max(asked(error)))
}

/// Milliseconds that Stripe asks to be left alone for, as far as anything rests; 0 where it does not ask.
pub(super) fn asked(error: &Error) -> i64 {
    let Error::Stripe(stripe::Error::Unavailable { after: Some(after), .. }) = error else {
        return 0;
    };
    i64::try_from(after.as_millis()).map_or(LONGEST_REST_MS, |asked| asked.min(LONGEST_REST_MS))
}

/// Without jitter.
fn duration(rests: i32) -> i64 {
    let exponent = u32::try_from(rests.clamp(0, 16)).unwrap_or_default();
    FIRST_MS.saturating_mul(1 << exponent).min(LONGEST_REST_MS)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn doubles_up_to_five_minutes() {
        let seconds: Vec<i64> = (0..8).map(|rests| duration(rests) / 1000).collect();
        assert_eq!(seconds, [5, 10, 20, 40, 80, 160, 300, 300]);
    }

    #[test]
    fn what_stripe_asks_for_is_given_up_to_five_minutes() {
        let error = |seconds: Option<u64>| {
            Error::Stripe(stripe::Error::Unavailable {
                message: String::new(),
                after: seconds.map(Duration::from_secs),
                request_id: None,
            })
        };
        for (seconds, expected) in [
            (None, 0),
            (Some(0), 0),
            (Some(25), 25_000),
            (Some(300), 300_000),
            (Some(3_600), 300_000),
            (Some(u64::MAX), 300_000),
        ] {
            assert_eq!(asked(&error(seconds)), expected, "{seconds:?}");
        }
        let look = crate::pull::queued::blank_run(
            uuid::Uuid::nil(),
            RunKind::CatchUp,
            entity::kind::RunTrigger::Schedule,
            0,
        );
        let rest = |seconds| after(&error(seconds), &look, 60).unwrap();
        assert!((4_000..=5_000).contains(&rest(None)));
        assert_eq!(rest(Some(120)), 120_000);
    }
}
