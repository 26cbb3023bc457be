//! The world's clock.

use std::sync::atomic::Ordering;
use std::sync::{PoisonError, RwLockReadGuard};
use std::time::{SystemTime, UNIX_EPOCH};

use super::World;

impl World {
    /// The world's time in Unix seconds.
    pub fn now(&self) -> i64 {
        self.fixed_now.unwrap_or_else(system_now) + self.ahead.load(Ordering::Relaxed)
    }

    /// Lets the world's clock run ahead by so many seconds, between two answers and never within one.
    pub fn advance_clock(&self, seconds: i64) {
        let _between_answers = self.steady.write().unwrap_or_else(PoisonError::into_inner);
        self.ahead.fetch_add(seconds, Ordering::Relaxed);
    }

    /// Keeps a clock that is set by hand from being moved: an answer's date is the time of what it shows.
    pub(crate) fn hold_clock(&self) -> RwLockReadGuard<'_, ()> {
        self.steady.read().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) fn system_now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|age| i64::try_from(age.as_secs()).ok())
        .unwrap_or_default()
}
