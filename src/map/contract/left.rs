//! What discounts leave of an amount: in whole minor units, as an invoice has them, until a fixed amount is taken off a whole year.

use num_bigint::BigInt;
use rust_decimal::Decimal;

use crate::map::MapError;
use crate::map::fraction::Fraction;
use crate::map::money::too_large;

/// What is left of an amount in one period, minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Left(Fraction);

impl Left {
    /// All of an amount.
    pub(super) fn whole(amount: i64) -> Self {
        Self(Fraction::whole(amount))
    }

    /// What is left, exactly.
    pub(super) fn exact(self) -> Fraction {
        self.0
    }

    /// What is left, half away from zero.
    pub(super) fn half_up(self) -> Result<i64, MapError> {
        self.0.half_up()
    }

    /// Takes a percentage off; one that is less than nothing or more than all counts as that. Stripe rounds after each percentage.
    pub(super) fn less_percent(&mut self, percent: Decimal) -> Result<(), MapError> {
        let percent = percent.clamp(Decimal::ZERO, Decimal::ONE_HUNDRED);
        let whole = self.0.half_up()?;
        self.0 = if self.0 == Fraction::whole(whole) {
            Fraction::whole(rest_of(whole, percent)?)
        } else {
            // A part of a year's discount is on no invoice that Stripe could round.
            let rest = Fraction::of_decimal(Decimal::ONE_HUNDRED - percent);
            self.0.times(rest.over(Fraction::whole(100))?)?
        };
        Ok(())
    }

    /// Takes a share of what is left off, from 0 to 1.
    pub(super) fn less_share(&mut self, share: Fraction) -> Result<(), MapError> {
        self.0 = self.0.less(self.0.times(share)?)?;
        Ok(())
    }
}

/// What a percentage leaves, half away from zero. No fraction of fixed size holds a large amount times a percentage of 28 digits.
fn rest_of(amount: i64, percent: Decimal) -> Result<i64, MapError> {
    // 10^30 at most: the largest scale of a decimal is 28.
    let hundred = 100 * 10_i128.pow(percent.scale());
    let digits = BigInt::from(amount) * (hundred - percent.mantissa());
    let one = BigInt::from(hundred);
    let half = if digits < BigInt::ZERO { -&one } else { one.clone() };
    // Division goes towards zero.
    let rounded = (digits * 2 + half) / (one * 2);
    i64::try_from(rounded).map_err(|_range| too_large())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn left(whole: i64, percents: &[&str]) -> i64 {
        let mut left = Left::whole(whole);
        for percent in percents {
            left.less_percent(percent.parse().unwrap()).unwrap();
        }
        left.half_up().unwrap()
    }

    /// Reckoned with whole numbers of any size, elsewhere.
    #[test]
    fn all_digits_of_a_percentage_count() {
        for (whole, percents, expected) in [
            (10_000_000, &["33.33333333333333"][..], 6_666_667),
            (i64::MAX, &["0.0000000000000000000000000001"], i64::MAX),
            (200_000_000_000_000_001, &["50"], 100_000_000_000_000_001),
            (1, &["50"], 1),
            (-1, &["50"], -1),
            (1, &["50.00000000000000000000000001"], 0),
            (0, &["10"], 0),
            (7, &[], 7),
            (7, &["100", "3"], 0),
            (7, &["101"], 0),
            (7, &["-1"], 7),
            (i64::MIN, &[], i64::MIN),
            (i64::MAX, &["0"], i64::MAX),
        ] {
            assert_eq!(left(whole, percents), expected, "{whole} {percents:?}");
        }
    }

    #[test]
    fn each_percentage_is_rounded_by_itself() {
        // 9.99 less a tenth is 8.99, and a tenth less than that 8.09; both at once would be 8.0919.
        assert_eq!(left(999, &["10", "10"]), 809);
        // 5 less half is 2.5, so 3, and 3 less half is 1.5, so 2: at once it would be 1.25.
        assert_eq!(left(5, &["50", "50"]), 2);
        assert_eq!(left(10_000_000, &["33.33333333333333", "33.33333333333333"]), 4_444_445);
    }

    #[test]
    fn a_share_of_a_year_is_exact_and_stays_so() {
        let third = Fraction::whole(1).over(Fraction::whole(3)).unwrap();
        let mut left = Left::whole(1_000);
        left.less_share(third).unwrap();
        assert_eq!(left.exact(), Fraction::whole(2_000).over(Fraction::whole(3)).unwrap());
        left.less_percent(Decimal::TEN).unwrap();
        assert_eq!(left.exact(), Fraction::whole(600));
    }

    proptest! {
        #[test]
        fn it_is_what_a_fraction_is_where_that_can_hold_it(whole in -1_000_000_000_i64..1_000_000_000, digits in 0_i64..=1_000_000, scale in 4_u32..7) {
            let percent = Decimal::new(digits, scale);
            let factor = Fraction::of_decimal(Decimal::ONE_HUNDRED - percent).over(Fraction::whole(100)).unwrap();
            let mut left = Left::whole(whole);
            left.less_percent(percent).unwrap();
            prop_assert_eq!(left.half_up().unwrap(), Fraction::whole(whole).times(factor).unwrap().half_up().unwrap());
        }
    }
}
