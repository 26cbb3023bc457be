//! What percentages leave of an amount: exact with all their digits, however many are multiplied, and rounded when it is asked for.

use rust_decimal::Decimal;

use crate::map::MapError;
use crate::map::money::too_large;

/// Digits are counted by the nine.
const BASE: u64 = 1_000_000_000;

/// A whole amount in minor units, times what each percentage leaves.
///
/// No fraction of fixed size holds two percentages of sixteen digits. Their product is a whole number over a power of ten: only its
/// digits are needed, and rounding reads one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Left {
    whole: i64,
    /// Numbers over a power of ten, by its exponent; from nothing to one.
    factors: Vec<(u128, usize)>,
}

impl Left {
    /// All of an amount.
    pub(super) fn whole(amount: i64) -> Self {
        Self {
            whole: amount,
            factors: Vec::new(),
        }
    }

    /// Takes a percentage off; one that is less than nothing or more than all counts as that.
    pub(super) fn less_percent(&mut self, percent: Decimal) -> Result<(), MapError> {
        let percent = percent.clamp(Decimal::ZERO, Decimal::ONE_HUNDRED);
        // 10^30 at most: the largest scale of a decimal is 28.
        let hundred = 100 * 10_u128.pow(percent.scale());
        let rest = hundred - percent.mantissa().unsigned_abs();
        let places = usize::try_from(percent.scale() + 2).map_err(|_range| too_large())?;
        self.factors.push((rest, places));
        Ok(())
    }

    /// Rounds to a whole number, half away from zero.
    pub(super) fn half_up(&self) -> Result<i64, MapError> {
        let mut product = nines(self.whole.unsigned_abs().into())?;
        for (factor, _) in &self.factors {
            product = times(&product, &nines(*factor)?);
        }
        let places = self.factors.iter().map(|(_, places)| places).sum::<usize>();
        let digits: Vec<String> = product.iter().rev().map(|nine| format!("{nine:09}")).collect();
        let digits = format!("{:0>width$}", digits.concat(), width = places + 1);
        let (whole, rest) = digits.split_at(digits.len() - places);
        let whole: i128 = whole.parse().map_err(|_range| too_large())?;
        let size = whole + i128::from(rest.as_bytes().first().is_some_and(|digit| *digit >= b'5'));
        i64::try_from(if self.whole < 0 { -size } else { size }).map_err(|_range| too_large())
    }
}

/// The digits of a number by the nine, the last ones first.
fn nines(mut number: u128) -> Result<Vec<u64>, MapError> {
    let mut nines = Vec::new();
    while number > 0 {
        nines.push(u64::try_from(number % u128::from(BASE)).map_err(|_range| too_large())?);
        number /= u128::from(BASE);
    }
    Ok(nines)
}

/// The product, as on paper.
fn times(one: &[u64], two: &[u64]) -> Vec<u64> {
    let mut product = vec![0; one.len() + two.len()];
    for (place, digit) in one.iter().enumerate() {
        let mut carried = 0;
        for (cell, other) in product.iter_mut().skip(place).zip(two.iter().chain([&0])) {
            // Below BASE^2, which 64 bits hold.
            let sum = *cell + digit * other + carried;
            *cell = sum % BASE;
            carried = sum / BASE;
        }
    }
    product
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::map::fraction::Fraction;

    fn left(whole: i64, percents: &[&str]) -> Left {
        let mut left = Left::whole(whole);
        for percent in percents {
            left.less_percent(percent.parse().unwrap()).unwrap();
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
                left.less_percent(percent).unwrap();
                let factor = Fraction::of_decimal(Decimal::ONE_HUNDRED - percent).over(Fraction::whole(100)).unwrap();
                fraction = fraction.and_then(|fraction| fraction.times(factor));
            }
            if let Ok(fraction) = fraction {
                prop_assert_eq!(left.half_up().unwrap(), fraction.half_up().unwrap());
            }
        }
    }
}
