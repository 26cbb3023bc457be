//! When Stripe held the state that was read. Bounds, not a moment: an answer may have been long on its way.

use std::time::Duration;

use chrono::DateTime;
use reqwest::header::{DATE, HeaderMap};

/// Bounds of the moment at which Stripe held a state, Unix milliseconds of Stripe's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Not before.
    pub min_ms: i64,
    /// Not after.
    pub max_ms: i64,
}

/// The `Date` header counts whole seconds.
const SECOND_MS: i64 = 1000;

impl Seen {
    /// The Unix second in which Stripe told of it: of an event its own, of an answer that of its `Date`.
    pub fn told_at(&self) -> i64 {
        self.max_ms.saturating_sub(SECOND_MS - 1).div_euclid(SECOND_MS)
    }

    /// The bounds of an answer: its `Date` less the round trip and a second, and its `Date` and a second. Our own clock stands in
    /// where the header is missing or unreadable.
    pub(super) fn of_answer(headers: &HeaderMap, sent_at_ms: i64, round_trip: Duration) -> Self {
        let round_trip_ms = i64::try_from(round_trip.as_millis()).unwrap_or(i64::MAX / 2);
        let date_ms = headers
            .get(DATE)
            .and_then(|value| value.to_str().ok())
            .and_then(|text| DateTime::parse_from_rfc2822(text).ok())
            .map_or(sent_at_ms + round_trip_ms, |date| date.timestamp_millis());
        Self {
            min_ms: date_ms - round_trip_ms - SECOND_MS,
            max_ms: date_ms + SECOND_MS,
        }
    }

    /// The bounds of what an event tells, which happened some time in the second `created`.
    pub fn of_event(created: i64) -> Self {
        let min_ms = created.saturating_mul(SECOND_MS);
        Self {
            min_ms,
            max_ms: min_ms.saturating_add(SECOND_MS - 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_hold_the_round_trip() {
        let mut headers = HeaderMap::new();
        let own_clock = Seen::of_answer(&headers, 5_000, Duration::from_millis(300));
        assert_eq!(
            own_clock,
            Seen {
                min_ms: 4_000,
                max_ms: 6_300
            }
        );
        headers.insert(DATE, "Thu, 01 Jan 1970 00:01:40 GMT".parse().unwrap());
        let stripes_clock = Seen::of_answer(&headers, 5_000, Duration::from_millis(300));
        assert_eq!(
            stripes_clock,
            Seen {
                min_ms: 98_700,
                max_ms: 101_000
            }
        );
        headers.insert(DATE, "yesterday".parse().unwrap());
        assert_eq!(Seen::of_answer(&headers, 5_000, Duration::from_millis(300)), own_clock);
    }
}
