//! What comes in again and again: recurring revenue as exact fractions, rounded once.

use std::cmp::Ordering;

use crate::map::MapError;
use crate::map::fraction::Fraction;
use crate::map::money::sum;
use crate::stripe::object::Price;

/// Recurring revenue of a contract, minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Revenue {
    /// A month.
    pub(super) mrr: i64,
    /// A year: twelve times the same exact sum, not twelve times the rounded month.
    pub(super) arr: i64,
    /// A year with what is charged once in the term.
    pub(super) acv: i64,
}

/// What `net` minor units of a licensed recurring price come to in a year, exactly; `None` where nothing comes again by itself.
pub(super) fn yearly(net: i64, price: &Price) -> Result<Option<Fraction>, MapError> {
    let times = times_a_year(price)?;
    times.map(|times| Fraction::whole(net).times(times)).transpose()
}

/// How often a year a licensed recurring price is charged, exactly; `None` where that is not known, or nothing comes again by itself.
pub(super) fn times_a_year(price: &Price) -> Result<Option<Fraction>, MapError> {
    let Some(recurring) = price.recurring.as_ref().filter(|_| !price.is_metered()) else {
        return Ok(None);
    };
    let times_a_year = match recurring.interval.as_deref() {
        Some("day") => 365,
        Some("week") => 52,
        Some("month") => 12,
        Some("year") => 1,
        _ => return Ok(None),
    };
    let every = recurring.interval_count.unwrap_or(1);
    if every < 1 {
        return Ok(None);
    }
    Fraction::whole(times_a_year).over(Fraction::whole(every)).map(Some)
}

/// The part of a month, rounded half to even.
pub(super) fn monthly(yearly: Fraction) -> Result<i64, MapError> {
    yearly.over(Fraction::whole(12))?.half_even()
}

/// Seconds of an interval, as many as it has on average.
fn seconds(interval: &str) -> Option<i64> {
    match interval {
        "day" => Some(86_400),
        "week" => Some(604_800),
        "month" => Some(2_629_746),
        "year" => Some(31_556_952),
        _ => None,
    }
}

/// How many of the price's own intervals lie between two Unix seconds: at least one. A line may charge for several at once.
pub(super) fn intervals(price: &Price, from: i64, until: i64) -> i64 {
    let recurring = price.recurring.as_ref();
    let one = recurring.and_then(|recurring| {
        let every = recurring.interval_count.unwrap_or(1).max(1);
        seconds(recurring.interval.as_deref()?)?.checked_mul(every)
    });
    let length = until.saturating_sub(from);
    one.map_or(1, |one| {
        (length.saturating_mul(2).saturating_add(one) / one.saturating_mul(2)).max(1)
    })
}

/// Adds up the years of what comes again, and `once`, what is charged once. Money that goes back for good does not make a
/// contract's revenue negative.
pub(super) fn revenue(yearly: impl IntoIterator<Item = Fraction>, once: i64) -> Result<Revenue, MapError> {
    let mut all = Fraction::ZERO;
    for one in yearly {
        all = all.plus(one)?;
    }
    revenue_of(all.over(Fraction::whole(12))?, once)
}

/// The same of an exact sum a month.
pub(super) fn revenue_of(monthly: Fraction, once: i64) -> Result<Revenue, MapError> {
    let monthly = match monthly.compare(Fraction::ZERO)? {
        Ordering::Less => Fraction::ZERO,
        Ordering::Equal | Ordering::Greater => monthly,
    };
    let arr = monthly.times(Fraction::whole(12))?.half_even()?;
    Ok(Revenue {
        mrr: monthly.half_even()?,
        arr,
        acv: sum([arr, once])?,
    })
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    fn price(interval: &str, count: i64) -> Price {
        let recurring = json!({"interval": interval, "interval_count": count, "usage_type": "licensed"});
        Price::deserialize(json!({"id": "p", "currency": "usd", "recurring": recurring})).unwrap()
    }

    fn of(lines: &[(i64, &str, i64)]) -> (i64, i64) {
        let yearly = lines
            .iter()
            .map(|(net, interval, count)| yearly(*net, &price(interval, *count)).unwrap().unwrap());
        let revenue = revenue(yearly, 7).unwrap();
        assert_eq!(revenue.acv, revenue.arr + 7);
        (revenue.mrr, revenue.arr)
    }

    #[test]
    fn each_interval_has_its_factor() {
        for (net, interval, count, mrr, arr) in [
            (2_000, "month", 1, 2_000, 24_000),
            (2_000, "month", 3, 667, 8_000),
            (2_000, "month", 6, 333, 4_000),
            (100_000, "year", 1, 8_333, 100_000),
            (100_000, "year", 3, 2_778, 33_333),
            (100, "week", 1, 433, 5_200),
            (100, "week", 2, 217, 2_600),
            (100, "day", 1, 3_042, 36_500),
            (100, "day", 30, 101, 1_217),
        ] {
            assert_eq!(
                of(&[(net, interval, count)]),
                (mrr, arr),
                "{net} every {count} {interval}"
            );
        }
    }

    #[test]
    fn the_sum_is_rounded_not_the_parts() {
        // A third of a cent each: three of them are a cent, each alone is none.
        assert_eq!(of(&[(4, "year", 1); 3]), (1, 12));
        assert_eq!(of(&[(4, "year", 1)]), (0, 4));
        // Halves go to the even number.
        assert_eq!([of(&[(6, "year", 1)]).0, of(&[(18, "year", 1)]).0], [0, 2]);
    }

    #[test]
    fn what_goes_back_counts_against_it_but_never_below_nothing() {
        assert_eq!(of(&[(2_000, "month", 1), (-500, "month", 1)]), (1_500, 18_000));
        assert_eq!(of(&[(-500, "month", 1)]), (0, 0));
    }

    #[test]
    fn an_unknown_rhythm_is_no_revenue() {
        for (interval, count) in [("fortnight", 1), ("month", 0), ("month", -1)] {
            assert_eq!(yearly(5, &price(interval, count)).unwrap(), None, "{interval} {count}");
        }
    }

    #[test]
    fn nothing_wraps() {
        let huge = price("day", 1);
        let of = |price: &Price| yearly(i64::MAX, price).unwrap().unwrap();
        assert_eq!(revenue([of(&huge), of(&huge)], 0).unwrap_err().code, "AMOUNT_TOO_LARGE");
        let largest = revenue([of(&price("year", 1))], 0).unwrap();
        assert_eq!((largest.mrr, largest.arr), (768_614_336_404_564_651, i64::MAX));
        assert_eq!(
            revenue([of(&price("year", 1))], 1).unwrap_err().code,
            "AMOUNT_TOO_LARGE"
        );
    }
}
