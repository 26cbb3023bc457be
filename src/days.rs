//! Which day an instant belongs to: days of UTC, or of a Stripe account's own time zone.

use chrono::{DateTime, Days as Count, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use entity::integration;
use entity::kind::DayZone;

/// Whose days dates are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Days(Tz);

impl Default for Days {
    fn default() -> Self {
        Self(Tz::UTC)
    }
}

impl Days {
    /// Those that the settings of an integration ask for. UTC's where the account's time zone is not known, or not by this name.
    pub fn of(integration: &integration::Model) -> Self {
        let zone = integration
            .timezone
            .as_deref()
            .filter(|_| integration.days == DayZone::Account);
        Self(zone.and_then(|name| name.parse().ok()).unwrap_or(Tz::UTC))
    }

    /// The day of a Unix second; `None` outside of what a date can hold.
    pub fn day(self, second: i64) -> Option<NaiveDate> {
        let instant = DateTime::from_timestamp(second, 0)?;
        Some(instant.with_timezone(&self.0).date_naive())
    }

    /// The first second after `day`. Where the clock is put forward over midnight, the day begins with the hour after.
    pub fn end(self, day: NaiveDate) -> Option<i64> {
        let next = day.checked_add_days(Count::new(1))?;
        let midnight = next.and_time(NaiveTime::MIN);
        let mut hours = (0..=3).map(|hour| midnight + chrono::Duration::hours(hour));
        let first = hours.find_map(|at| self.0.from_local_datetime(&at).earliest());
        Some(first.map_or_else(|| Utc.from_utc_datetime(&midnight).timestamp(), |at| at.timestamp()))
    }

    /// The name of the time zone.
    pub fn name(self) -> &'static str {
        self.0.name()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(name: &str) -> Days {
        Days(name.parse().unwrap())
    }

    fn second(text: &str) -> i64 {
        DateTime::parse_from_rfc3339(text).unwrap().timestamp()
    }

    #[test]
    fn a_day_is_that_of_its_zone_and_ends_where_the_next_begins() {
        for (zone, instant, day) in [
            ("UTC", "2026-12-01T00:00:00Z", "2026-12-01"),
            ("America/Los_Angeles", "2026-12-01T07:59:59Z", "2026-11-30"),
            ("America/Los_Angeles", "2026-12-01T08:00:00Z", "2026-12-01"),
            ("Asia/Tokyo", "2026-11-30T15:00:00Z", "2026-12-01"),
            // Their midnight does not exist on this day: it begins at one o'clock.
            ("America/Sao_Paulo", "2018-11-04T03:00:00Z", "2018-11-04"),
        ] {
            let (days, day) = (days(zone), day.parse::<NaiveDate>().unwrap());
            assert_eq!(days.day(second(instant)), Some(day), "{zone} {instant}");
            let end = days.end(day).unwrap();
            assert_eq!(days.day(end - 1), Some(day), "{zone} {day}");
            assert_eq!(days.day(end), day.succ_opt(), "{zone} {day}");
            let begins = days.end(day.pred_opt().unwrap()).unwrap();
            assert_eq!(days.day(begins), Some(day), "{zone} {day}");
        }
    }

    #[test]
    fn a_day_may_have_twenty_three_hours_and_one_twenty_five() {
        let days = days("Europe/Berlin");
        let hours = |day: &str| {
            let day: NaiveDate = day.parse().unwrap();
            (days.end(day).unwrap() - days.end(day.pred_opt().unwrap()).unwrap()) / 3600
        };
        assert_eq!(
            [hours("2026-03-29"), hours("2026-10-25"), hours("2026-06-01")],
            [23, 25, 24]
        );
    }
}
