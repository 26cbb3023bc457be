//! Money as Stripe counts it: integers in a minor unit whose size Stripe's own table gives, not ISO 4217.

use rust_decimal::Decimal;

use super::MapError;

/// Source: Stripe's currencies page, "zero-decimal". UGX stands there, too, but is to be sent as two-decimal.
const ZERO_DECIMAL: [&str; 15] = [
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF",
];

/// Source: Stripe's currencies page, "three-decimal".
const THREE_DECIMAL: [&str; 5] = ["BHD", "JOD", "KWD", "OMR", "TND"];

/// How many digits the minor unit is below one. The case of `currency` does not matter.
pub fn exponent(currency: &str) -> u32 {
    let is = |code: &&str| code.eq_ignore_ascii_case(currency);
    if ZERO_DECIMAL.iter().any(is) {
        0
    } else if THREE_DECIMAL.iter().any(is) {
        3
    } else {
        2
    }
}

/// `minor` as a decimal with the currency's own number of digits, e.g. `-0.05`.
pub fn decimal_text(minor: i64, currency: &str) -> String {
    Decimal::from_i128_with_scale(i128::from(minor), exponent(currency)).to_string()
}

/// Adds up, or fails where the sum leaves what we can hold. Never wraps.
pub(super) fn sum(amounts: impl IntoIterator<Item = i64>) -> Result<i64, MapError> {
    let total: i128 = amounts.into_iter().map(i128::from).sum();
    i64::try_from(total).map_err(|_range| too_large())
}

/// What is left of `from` when all of `amounts` are taken off, or fails like [`sum`].
pub(super) fn less(from: i64, amounts: impl IntoIterator<Item = i64>) -> Result<i64, MapError> {
    let taken: i128 = amounts.into_iter().map(i128::from).sum();
    i64::try_from(i128::from(from) - taken).map_err(|_range| too_large())
}

pub(super) fn too_large() -> MapError {
    MapError {
        code: "AMOUNT_TOO_LARGE",
        message: "An amount is larger than can be held exactly.".to_owned(),
        hint: Some("Stripe's amounts have twelve digits at most; look at the object in Stripe's dashboard.".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_are_stripes_not_isos() {
        for code in ZERO_DECIMAL {
            assert_eq!((exponent(code), exponent(&code.to_lowercase())), (0, 0), "{code}");
        }
        for code in THREE_DECIMAL {
            assert_eq!((exponent(code), exponent(&code.to_lowercase())), (3, 3), "{code}");
        }
        for code in ["USD", "EUR", "GBP", "ISK", "UGX", "HUF", "TWD", "usd", "XYZ", ""] {
            assert_eq!(exponent(code), 2, "{code}");
        }
    }

    #[test]
    fn decimals_have_the_currencys_digits() {
        for (minor, currency, text) in [
            (1990, "USD", "19.90"),
            (-5, "eur", "-0.05"),
            (0, "USD", "0.00"),
            (1234, "JPY", "1234"),
            (-1234, "KRW", "-1234"),
            (12_340, "KWD", "12.340"),
            (100, "ISK", "1.00"),
            (100, "UGX", "1.00"),
            (i64::MAX, "USD", "92233720368547758.07"),
            (i64::MIN, "KWD", "-9223372036854775.808"),
        ] {
            assert_eq!(decimal_text(minor, currency), text);
        }
    }

    #[test]
    fn sums_never_wrap() {
        assert_eq!(sum([i64::MAX, 1, -1]).unwrap(), i64::MAX);
        assert_eq!(sum([i64::MAX, 1]).unwrap_err().code, "AMOUNT_TOO_LARGE");
        assert_eq!(less(i64::MIN, [-1, 1]).unwrap(), i64::MIN);
        assert_eq!(less(-1, [i64::MAX, 0]).unwrap(), i64::MIN);
        assert_eq!(
            less(0, [i64::MIN, i64::MIN, i64::MAX]).unwrap_err().code,
            "AMOUNT_TOO_LARGE"
        );
    }
}
