//! Numbers by seed: the same seed throws the same numbers.

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};

/// Throws numbers.
pub(super) struct Dice(StdRng);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    /// For one of many things that happen by themselves, such as before the `number`-th request.
    pub(super) fn of(seed: u64, number: u64) -> Self {
        Self::new(seed.wrapping_mul(1_000_003).wrapping_add(number))
    }

    /// One of `0..n`.
    pub(super) fn below(&mut self, n: usize) -> usize {
        self.0.random_range(0..n.max(1))
    }

    /// True `percent` times of a hundred.
    pub(super) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of them.
    pub(super) fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        (!of.is_empty()).then(|| &of[self.below(of.len())])
    }

    pub(super) fn shuffle<T>(&mut self, of: &mut [T]) {
        of.shuffle(&mut self.0);
    }
}
