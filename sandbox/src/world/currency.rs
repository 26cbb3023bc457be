//! The currencies of the generated world and the smallest amount each can bear
//! in Stripe's minor units.

use super::random::pick;

/// A currency the world sells in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Currency {
    Usd,
    Eur,
    Gbp,
    Jpy,
    Kwd,
    Isk,
}

impl Currency {
    pub(crate) const ALL: [Self; 6] = [Self::Usd, Self::Eur, Self::Gbp, Self::Jpy, Self::Kwd, Self::Isk];

    /// The currency with this place in [`Currency::ALL`], wrapping around.
    pub(crate) fn nth(number: u64) -> Self {
        *pick(&Self::ALL, number)
    }

    /// The place in [`Currency::ALL`].
    pub(crate) fn place(self) -> u64 {
        match self {
            Self::Usd => 0,
            Self::Eur => 1,
            Self::Gbp => 2,
            Self::Jpy => 3,
            Self::Kwd => 4,
            Self::Isk => 5,
        }
    }

    /// The code as Stripe writes it.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Usd => "usd",
            Self::Eur => "eur",
            Self::Gbp => "gbp",
            Self::Jpy => "jpy",
            Self::Kwd => "kwd",
            Self::Isk => "isk",
        }
    }

    /// What every amount is a multiple of: Stripe wants a zero as the last
    /// digit in Kuwait and two zeros in Iceland.
    pub(crate) fn step(self) -> i64 {
        match self {
            Self::Usd | Self::Eur | Self::Gbp | Self::Jpy => 1,
            Self::Kwd => 10,
            Self::Isk => 100,
        }
    }
}
