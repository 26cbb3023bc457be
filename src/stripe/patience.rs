//! How patiently Stripe is asked: how long one request may take, and how often and how far apart it is repeated.

use std::time::Duration;

/// How patiently Stripe is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Until a connection stands.
    pub connect: Duration,
    /// Until an answer is here, its last byte included.
    pub answer: Duration,
    /// Before the first repetition; twice as long before each one after it, with jitter.
    pub first_rest: Duration,
    /// Before any repetition, at most.
    pub longest_rest: Duration,
    /// How often a request is repeated.
    pub repetitions: usize,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            answer: Duration::from_mins(1),
            first_rest: Duration::from_millis(250),
            longest_rest: Duration::from_secs(20),
            repetitions: 7,
        }
    }
}

impl Patience {
    /// For somebody who waits: gives up after a second try.
    #[must_use]
    pub(super) fn hasty(self) -> Self {
        Self { repetitions: 1, ..self }
    }
}
