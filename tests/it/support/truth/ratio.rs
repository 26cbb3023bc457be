//! Exact ratios, so that the tests' own sums owe nothing to the product's.

use std::ops::{Add, Div, Mul, Sub};

use serde_json::Value;

/// Above over below; below is above zero.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ratio(i128, i128);

impl Ratio {
    pub(crate) fn of(number: i64) -> Self {
        Self(number.into(), 1)
    }

    /// A JSON number or text, by its digits.
    pub(crate) fn read(value: &Value) -> Option<Self> {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
        let digits: i128 = format!("{whole}{part}").parse().ok()?;
        let places = u32::try_from(part.len()).ok()?;
        Some(Self(digits, 10_i128.pow(places)).reduced())
    }

    fn reduced(self) -> Self {
        let (mut one, mut two) = (self.0.abs(), self.1);
        while two != 0 {
            (one, two) = (two, one % two);
        }
        if one == 0 {
            self
        } else {
            Self(self.0 / one, self.1 / one)
        }
    }

    /// Whether it is above zero.
    pub(crate) fn is_positive(self) -> bool {
        self.0 > 0
    }

    pub(super) fn is_zero(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn smaller(self, other: Self) -> Self {
        if (self - other).is_positive() { other } else { self }
    }

    /// Half away from zero.
    pub(crate) fn half_up(self) -> i64 {
        let size = (2 * self.0.abs() + self.1) / (2 * self.1);
        i64::try_from(size * self.0.signum()).unwrap()
    }

    /// Half to the even one.
    pub(crate) fn half_even(self) -> i64 {
        let (below, rest) = (self.0.div_euclid(self.1), 2 * self.0.rem_euclid(self.1));
        let up = rest > self.1 || (rest == self.1 && below % 2 != 0);
        i64::try_from(below + i128::from(up)).unwrap()
    }
}

impl Add for Ratio {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 * other.1 + other.0 * self.1, self.1 * other.1).reduced()
    }
}

impl Sub for Ratio {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + Self(-other.0, other.1)
    }
}

impl Mul for Ratio {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        Self(self.0 * other.0, self.1 * other.1).reduced()
    }
}

impl Div for Ratio {
    type Output = Self;

    fn div(self, other: Self) -> Self {
        assert!(other.is_positive());
        self * Self(other.1, other.0)
    }
}
