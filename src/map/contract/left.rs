//! What percentages leave of an amount: exact with all their digits, however many are multiplied, and rounded when it is asked for.

use num_bigint::BigInt;
use rust_decimal::Decimal;

use crate::map::MapError;
use crate::map::money::too_large;

/// A whole amount in minor units, times what each percentage leaves.
///
/// No fraction of fixed size holds two percentages of sixteen digits: their product is a whole number of any size over a power of
/// ten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Left {
    digits: BigInt,
    /// Of the digits so many stand behind the point.
    places: u32,
}

impl Left {
    /// All of an amount.
    pub(super) fn whole(amount: i64) -> Self {
        Self {
            digits: amount.into(),
            places: 0,
        }
    }

    /// Takes a percentage off; one that is less than nothing or more than all counts as that.
    pub(super) fn less_percent(&mut self, percent: Decimal) {
        let percent = percent.clamp(Decimal::ZERO, Decimal::ONE_HUNDRED);
        // 10^30 at most: the largest scale of a decimal is 28.
        let hundred = 100 * 10_i128.pow(percent.scale());
        self.digits *= hundred - percent.mantissa();
        self.places += percent.scale() + 2;
    }

    /// Rounds to a whole number, half away from zero.
    pub(super) fn half_up(&self) -> Result<i64, MapError> {
        let one = BigInt::from(10).pow(self.places);
        let half = if self.digits < BigInt::ZERO { -&one } else { one.clone() };
        // Division goes towards zero.
        let rounded = (&self.digits * 2 + half) / (one * 2);
        i64::try_from(rounded).map_err(|_range| too_large())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::map::fraction::Fraction;

    fn left(whole: i64, percents: &[&str]) -> Left {
        let mut left = Left::whole(whole);
        for percent in percents {
            left.less_percent(percent.parse().unwrap());
        }
        left
    }

    /// Reckoned with whole numbers of any size, elsewhere.
    #[test]
    fn all_digits_of_all_percentages_count() {
        for (whole, percents, expected) in [
            (10_000_000, &["33.33333333333333", "33.33333333333333"][..], 4_444_444),
            (
                10_000_000,
                &["33.33333333333333", "33.33333333333333", "33.33333333333333"],
                2_962_963,
            ),
            (
                999_999_999_999,
                &[
                    "33.33333333333333",
                    "14.285714285714286",
                    "7.6923076923076925",
                    "9.090909090909092",
                ],
                479_520_479_520,
            ),
            (
                9_223_372_036_854_775_807,
                &["0.0000000000000000000000000001"; 20],
                9_223_372_036_854_775_807,
            ),
            (
                999_999_999_999,
                &["12.345678901234567", "98.76543210987654"],
                10_821_521_026,
            ),
            (
                -123_456_789_012,
                &["0.1234567890123456", "0.0000000000000001"],
                -123_304_373_224,
            ),
            (
                1_000_000_000_000,
                &["50.00000000005", "0.0000000000000001"],
                499_999_999_999,
            ),
            (
                200_000_000_000_000_001,
                &["50", "0.0000000000000000000000000001"],
                100_000_000_000_000_000,
            ),
        ] {
            assert_eq!(
                left(whole, percents).half_up().unwrap(),
                expected,
                "{whole} {percents:?}"
            );
        }
    }

    #[test]
    fn halves_go_away_from_zero_and_no_digit_less_does() {
        for (whole, percents, expected) in [
            (1, &["50"][..], 1),
            (-1, &["50"], -1),
            (1, &["50.00000000000000000000000001"], 0),
            (3, &["50", "50"], 1),
            (2, &["50", "50"], 1),
            (0, &["10"], 0),
            (7, &[], 7),
            (7, &["100", "3"], 0),
            (7, &["101"], 0),
            (7, &["-1"], 7),
            (i64::MIN, &[], i64::MIN),
            (i64::MAX, &["0"], i64::MAX),
        ] {
            assert_eq!(
                left(whole, percents).half_up().unwrap(),
                expected,
                "{whole} {percents:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn it_is_what_a_fraction_is_where_that_can_hold_it(whole in any::<i64>(), percents in prop::collection::vec((0_i64..=1_000_000, 4_u32..7), 0..4)) {
            let (mut left, mut fraction) = (Left::whole(whole), Ok(Fraction::whole(whole)));
            for (digits, scale) in percents {
                let percent = Decimal::new(digits, scale);
                left.less_percent(percent);
                let factor = Fraction::of_decimal(Decimal::ONE_HUNDRED - percent).over(Fraction::whole(100)).unwrap();
                fraction = fraction.and_then(|fraction| fraction.times(factor));
            }
            if let Ok(fraction) = fraction {
                prop_assert_eq!(left.half_up().unwrap(), fraction.half_up().unwrap());
            }
        }
    }
}
