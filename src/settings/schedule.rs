//! When to reconcile: a cron expression of five fields, UTC, or not at all.

use chrono::{DateTime, TimeDelta, Utc};
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

use crate::error::{Code, Problem};

/// The word for no schedule.
pub const OFF: &str = "off";
const LONGEST: usize = 100;
const FIELDS: usize = 5;
const LEAST_MINUTES: i64 = 60;
/// Where two occurrences are less than an hour apart, two of any three in a row are.
const OCCURRENCES: usize = 3;

/// When to reconcile.
#[derive(Debug, Clone)]
pub enum Schedule {
    /// Only when somebody asks.
    Off,
    /// At these times.
    At(Box<Cron>),
}

impl Schedule {
    /// Reads `text`; the problem says what is wrong with it. `now` is where its occurrences are counted from.
    pub fn parse(text: &str, now: DateTime<Utc>) -> Result<Self, Problem> {
        if text.trim().eq_ignore_ascii_case(OFF) {
            return Ok(Self::Off);
        }
        let cron = read(text).ok_or_else(|| {
            let message = "Give a cron expression of five fields (minute, hour, day of month, month, day of week) in UTC, e.g. \
                           \"0 3 * * *\", or \"off\".";
            problem(Code::Invalid, message.to_owned())
        })?;
        let times: Vec<DateTime<Utc>> = cron.iter_after(now).take(OCCURRENCES).collect();
        if times.is_empty() {
            return Err(problem(Code::Invalid, "No day fits this schedule.".to_owned()));
        }
        let least = TimeDelta::minutes(LEAST_MINUTES);
        if times.windows(2).any(|pair| pair[1] - pair[0] < least) {
            let message = format!("Reconciles have to be at least {LEAST_MINUTES} minutes apart.");
            return Err(problem(Code::OutOfRange, message));
        }
        Ok(Self::At(Box::new(cron)))
    }

    /// The first time after `now_ms`, Unix milliseconds both.
    pub fn next_after(&self, now_ms: i64) -> Option<i64> {
        let Self::At(cron) = self else { return None };
        // croner carries parts of a second over to what it finds.
        let now = DateTime::from_timestamp(now_ms.div_euclid(1000), 0)?;
        let next = cron.find_next_occurrence(&now, false).ok()?;
        Some(next.timestamp_millis())
    }

    /// How it is stored.
    pub fn text(&self) -> String {
        match self {
            Self::Off => OFF.to_owned(),
            Self::At(cron) => cron.as_str().to_owned(),
        }
    }
}

fn read(text: &str) -> Option<Cron> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    if fields.len() != FIELDS || text.len() > LONGEST {
        return None;
    }
    let parser = CronParser::builder()
        .seconds(Seconds::Disallowed)
        .year(Year::Disallowed)
        .build();
    parser.parse(&fields.join(" ")).ok()
}

fn problem(code: Code, message: String) -> Problem {
    Problem::new(&["reconcileSchedule"], code, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_435_200, 0).unwrap()
    }

    fn code(text: &str) -> Option<Code> {
        Schedule::parse(text, noon()).err().map(|problem| problem.code)
    }

    #[test]
    fn times_are_at_least_an_hour_apart() {
        for slow in [
            "0 3 * * *",
            "59 * * * *",
            "30 0,12 * * 1-5",
            "0 0 29 2 *",
            " 5   4 * *  sun ",
            "off",
            "OFF",
            "0 12 L * *",
        ] {
            assert_eq!(code(slow), None, "{slow}");
        }
        for fast in [
            "* * * * *",
            "*/30 * * * *",
            "0,59 3 * * *",
            "0,1 * 29 2 *",
            "0-1 11 * * *",
        ] {
            assert_eq!(code(fast), Some(Code::OutOfRange), "{fast}");
        }
    }

    #[test]
    fn junk_is_refused() {
        let long = format!("0 {} * * *", vec!["3"; 100].join(","));
        for junk in [
            "",
            " ",
            "daily",
            "@daily",
            "0 3 * *",
            "0 0 3 * * *",
            "60 3 * * *",
            "0 24 * * *",
            "0 0 30 2 *",
            "-1 3 * * *",
            "0 3 * * ä",
            "0 3 \0 * *",
            "1/0 3 * * *",
            &long,
        ] {
            assert_eq!(code(junk), Some(Code::Invalid), "{junk}");
        }
    }

    #[test]
    fn the_next_time_is_after_now() {
        let at = |text: &str, now: &str| {
            let now = DateTime::parse_from_rfc3339(now).unwrap();
            let next = Schedule::parse(text, noon())
                .unwrap()
                .next_after(now.timestamp_millis())?;
            Some(DateTime::from_timestamp_millis(next).unwrap().to_rfc3339())
        };
        let next = Some("2026-11-24T03:00:00+00:00".to_owned());
        assert_eq!(at("0 3 * * *", "2026-11-23T03:00:00Z"), next);
        assert_eq!(at("0 3 * * *", "2026-11-24T02:59:59.999Z"), next);
        assert_eq!(at("off", "2026-11-24T02:59:59Z"), None);
        // Nights in which clocks elsewhere are set back and on.
        for (now, next) in [
            ("2026-10-24T03:00:00Z", "2026-10-25T03:00:00+00:00"),
            ("2026-10-25T03:00:00Z", "2026-10-26T03:00:00+00:00"),
            ("2027-03-27T03:00:00Z", "2027-03-28T03:00:00+00:00"),
            ("2027-03-28T03:00:00Z", "2027-03-29T03:00:00+00:00"),
        ] {
            assert_eq!(at("0 3 * * *", now), Some(next.to_owned()));
        }
    }

    #[test]
    fn it_is_stored_as_it_can_be_read_again() {
        let text = Schedule::parse(" 5   4 * *  sun ", noon()).unwrap().text();
        assert_eq!(Schedule::parse(&text, noon()).unwrap().text(), text);
        assert_eq!(Schedule::parse("Off", noon()).unwrap().text(), "off");
    }
}
