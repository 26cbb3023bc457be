//! Chance that is a pure function of seed, purpose and index, so that nothing
//! generated has to be remembered.

/// A well mixed number for one purpose and index (splitmix64's finalizer).
pub(crate) fn mix(seed: u64, purpose: u64, index: u64) -> u64 {
    let mut z = seed
        .wrapping_mul(0xD6E8_FEB8_6659_FD93)
        .wrapping_add(purpose.wrapping_mul(0xA076_1D64_78BD_642F))
        .wrapping_add(index.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The entry a number falls on; the slice must not be empty.
pub(crate) fn pick<T>(entries: &[T], number: u64) -> &T {
    let length = u64::try_from(entries.len()).unwrap_or(1);
    &entries[usize::try_from(number % length).unwrap_or_default()]
}

/// A number in `0..bound` as a signed amount; a bound of zero gives zero.
pub(crate) fn below(number: u64, bound: u64) -> i64 {
    signed(number % bound.max(1))
}

/// An index or count as a signed number.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A well mixed number for callers that have a seed of their own.
pub(crate) fn chance(seed: u64, index: u64) -> u64 {
    mix(seed, 0, index)
}
