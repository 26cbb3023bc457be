//! Exact fractions, for what is divided, multiplied by decimals and rounded once. Nothing wraps: what cannot be held is an error of
//! the record.

use std::cmp::Ordering;

use rust_decimal::Decimal;

use super::MapError;
use super::money::too_large;

/// For what cannot be kept exactly.
const MILLION: i64 = 1_000_000;

/// `top / bottom`, reduced; the bottom is positive.
///
/// No crate: half a dozen lines of arithmetic are needed, all of them checked, and a general rational number would bring more code
/// than it replaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fraction {
    top: i128,
    bottom: i128,
}

impl Fraction {
    /// Nothing.
    pub const ZERO: Self = Self { top: 0, bottom: 1 };

    /// `numerator / denominator`; the denominator is above 0.
    pub fn new(numerator: i64, denominator: i64) -> Result<Self, MapError> {
        Self::whole(numerator).over(Self::whole(denominator))
    }

    /// Numerator and denominator: exact where 64 bits hold both, else the nearest millionth.
    pub fn parts(self) -> Result<(i64, i64), MapError> {
        if let (Ok(top), Ok(bottom)) = (i64::try_from(self.top), i64::try_from(self.bottom)) {
            return Ok((top, bottom));
        }
        Ok((self.times(Self::whole(MILLION))?.half_even()?, MILLION))
    }

    /// All of something.
    pub(super) const ONE: Self = Self { top: 1, bottom: 1 };

    /// A whole number.
    pub fn whole(number: i64) -> Self {
        Self {
            top: i128::from(number),
            bottom: 1,
        }
    }

    /// A decimal, with all its digits.
    pub(super) fn of_decimal(decimal: Decimal) -> Self {
        // 10^28, the largest scale of a decimal, fits.
        Self::reduced(decimal.mantissa(), 10_i128.pow(decimal.scale()))
    }

    fn reduced(top: i128, bottom: i128) -> Self {
        let divisor = greatest_common_divisor(top, bottom);
        Self {
            top: top / divisor,
            bottom: bottom / divisor,
        }
    }

    /// The sum.
    pub fn plus(self, other: Self) -> Result<Self, MapError> {
        let common = greatest_common_divisor(self.bottom, other.bottom);
        let (own, others) = (other.bottom / common, self.bottom / common);
        let top = product(self.top, own)?
            .checked_add(product(other.top, others)?)
            .ok_or_else(too_large)?;
        Ok(Self::reduced(top, product(self.bottom, own)?))
    }

    /// The difference.
    pub(super) fn less(self, other: Self) -> Result<Self, MapError> {
        self.plus(Self {
            top: other.top.checked_neg().ok_or_else(too_large)?,
            ..other
        })
    }

    /// The product.
    pub fn times(self, other: Self) -> Result<Self, MapError> {
        // Reduced crosswise first, so that the products stay as small as they can be.
        let (one, two) = (
            Self::reduced(self.top, other.bottom),
            Self::reduced(other.top, self.bottom),
        );
        Ok(Self {
            top: product(one.top, two.top)?,
            bottom: product(one.bottom, two.bottom)?,
        })
    }

    /// The quotient by a number above zero.
    pub(super) fn over(self, divisor: Self) -> Result<Self, MapError> {
        if divisor.top <= 0 {
            return Err(too_large());
        }
        self.times(Self {
            top: divisor.bottom,
            bottom: divisor.top,
        })
    }

    /// Which of two is larger.
    pub(super) fn compare(self, other: Self) -> Result<Ordering, MapError> {
        Ok(self.less(other)?.top.cmp(&0))
    }

    /// Rounds to a whole number, half away from zero, as Stripe rounds an item.
    pub(super) fn half_up(self) -> Result<i64, MapError> {
        self.round(|_whole| true)
    }

    /// Rounds to a whole number, half to the even one.
    pub fn half_even(self) -> Result<i64, MapError> {
        self.round(|whole| whole % 2 == 1)
    }

    /// `half_goes_up`: what becomes of a half above a whole number, signs aside.
    fn round(self, half_goes_up: impl Fn(u128) -> bool) -> Result<i64, MapError> {
        let (top, bottom) = (self.top.unsigned_abs(), self.bottom.unsigned_abs());
        let (whole, rest) = (top / bottom, top % bottom);
        let goes_up = match rest.cmp(&(bottom - rest)) {
            Ordering::Less => false,
            Ordering::Equal => half_goes_up(whole),
            Ordering::Greater => true,
        };
        let size = i128::try_from(whole + u128::from(goes_up)).map_err(|_range| too_large())?;
        i64::try_from(if self.top < 0 { -size } else { size }).map_err(|_range| too_large())
    }
}

fn product(one: i128, two: i128) -> Result<i128, MapError> {
    one.checked_mul(two).ok_or_else(too_large)
}

/// At least 1, where `two` is not zero.
fn greatest_common_divisor(one: i128, two: i128) -> i128 {
    let (mut one, mut two) = (one.unsigned_abs(), two.unsigned_abs());
    while two != 0 {
        (one, two) = (two, one % two);
    }
    // Only the least number of all has a size that cannot be held; no reducing by it then.
    i128::try_from(one).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fraction(top: i64, bottom: i64) -> Fraction {
        Fraction::whole(top).over(Fraction::whole(bottom)).unwrap()
    }

    #[test]
    fn halves_are_rounded_as_asked() {
        for (top, bottom, up, even) in [
            (5, 2, 3, 2),
            (7, 2, 4, 4),
            (-5, 2, -3, -2),
            (-7, 2, -4, -4),
            (1, 2, 1, 0),
            (-1, 2, -1, 0),
            (1, 3, 0, 0),
            (2, 3, 1, 1),
            (-2, 3, -1, -1),
            (6, 3, 2, 2),
            (0, 7, 0, 0),
        ] {
            let fraction = fraction(top, bottom);
            assert_eq!(
                (fraction.half_up().unwrap(), fraction.half_even().unwrap()),
                (up, even),
                "{top}/{bottom}"
            );
        }
    }

    #[test]
    fn a_twelfth_twelve_times_is_a_whole() {
        let month = fraction(100_000, 12);
        let year = (0..12).try_fold(Fraction::ZERO, |sum, _| sum.plus(month)).unwrap();
        assert_eq!(year, Fraction::whole(100_000));
        assert_eq!(month.times(Fraction::whole(12)).unwrap(), Fraction::whole(100_000));
    }

    #[test]
    fn all_digits_of_a_decimal_count() {
        let unit = Fraction::of_decimal("999999999999.999999999999".parse().unwrap());
        let product = unit.times(Fraction::whole(9_223_372)).unwrap();
        assert_eq!(product.half_up().unwrap(), 9_223_372_000_000_000_000);
        let below_half = Fraction::of_decimal("0.499999999999".parse().unwrap());
        assert_eq!(below_half.half_up().unwrap(), 0);
        let million = below_half.times(Fraction::whole(1_000_001)).unwrap();
        assert_eq!(million.half_up().unwrap(), 500_000);
    }

    #[test]
    fn what_cannot_be_held_is_an_error() {
        let huge = Fraction::whole(i64::MAX);
        let too_large = huge.times(huge).unwrap();
        assert_eq!(too_large.half_up().unwrap_err().code, "AMOUNT_TOO_LARGE");
        assert_eq!(too_large.times(too_large).unwrap_err().code, "AMOUNT_TOO_LARGE");
        assert_eq!(
            Fraction::whole(1).over(Fraction::ZERO).unwrap_err().code,
            "AMOUNT_TOO_LARGE"
        );
        assert_eq!(Fraction::whole(i64::MIN).half_even().unwrap(), i64::MIN);
        let least = Fraction {
            top: i128::MIN,
            bottom: 3,
        };
        assert_eq!(Fraction::ZERO.less(least).unwrap_err().code, "AMOUNT_TOO_LARGE");
    }

    proptest! {
        #[test]
        fn sums_and_products_are_those_of_whole_numbers(a in -1_000_i64..1_000, b in 1_i64..1_000, c in -1_000_i64..1_000, d in 1_i64..1_000) {
            let (one, two) = (fraction(a, b), fraction(c, d));
            prop_assert_eq!(one.plus(two).unwrap(), fraction(a * d + c * b, b * d));
            prop_assert_eq!(one.less(two).unwrap(), fraction(a * d - c * b, b * d));
            prop_assert_eq!(one.times(two).unwrap(), fraction(a * c, b * d));
            prop_assert_eq!(one.compare(two).unwrap(), (a * d).cmp(&(c * b)));
            // Rounded by way of twice the value, which is whole where a half is met.
            let (floor, twice) = (a.div_euclid(b), 2 * a.rem_euclid(b));
            let even = if twice == b { floor + floor.rem_euclid(2) } else { floor + i64::from(twice > b) };
            prop_assert_eq!(one.half_even().unwrap(), even);
        }

        #[test]
        fn nothing_panics(a in any::<i64>(), b in any::<i64>(), c in 1_i64..i64::MAX) {
            let of = |top: i64| Fraction::whole(top).over(Fraction::whole(c)).unwrap();
            if let Ok(sum) = of(a).times(of(b)).and_then(|product| product.plus(of(a))) {
                let _ = (sum.half_up(), sum.half_even());
            }
        }
    }
}
