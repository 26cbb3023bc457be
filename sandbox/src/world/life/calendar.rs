//! Months and years of the calendar: a period that begins on the 31st ends on the last day of a shorter month.

use chrono::{DateTime, Months};

use super::super::DAY;

/// How often something is billed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interval {
    Weeks(i64),
    Months(i64),
    Years(i64),
}

impl Interval {
    /// Stripe's word for the interval, and how many of it.
    pub(super) fn recurring(self) -> (&'static str, i64) {
        match self {
            Self::Weeks(count) => ("week", count),
            Self::Months(count) => ("month", count),
            Self::Years(count) => ("year", count),
        }
    }

    /// The second so many intervals after `anchor`.
    pub(super) fn after(self, anchor: i64, number: i64) -> i64 {
        match self {
            Self::Weeks(count) => anchor + 7 * DAY * count * number,
            Self::Months(count) => plus_months(anchor, count * number),
            Self::Years(count) => plus_months(anchor, 12 * count * number),
        }
    }
}

fn plus_months(second: i64, months: i64) -> i64 {
    let months = Months::new(u32::try_from(months).unwrap_or_default());
    let later = DateTime::from_timestamp(second, 0).and_then(|at| at.checked_add_months(months));
    later.map_or(second, |at| at.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_day_of_a_month_stays_the_last() {
        let second = |text: &str| DateTime::parse_from_rfc3339(text).unwrap().timestamp();
        let january = second("2027-01-31T08:00:05Z");
        let after = |number| Interval::Months(1).after(january, number);
        assert_eq!(
            [1, 2, 3].map(after),
            ["2027-02-28T08:00:05Z", "2027-03-31T08:00:05Z", "2027-04-30T08:00:05Z"].map(second)
        );
        assert_eq!(Interval::Years(1).after(january, 1), second("2028-01-31T08:00:05Z"));
    }
}
