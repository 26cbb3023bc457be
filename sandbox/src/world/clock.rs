//! The world's clock.

use std::sync::atomic::Ordering;
use std::time::{SystemTime, UNIX_EPOCH};

use super::World;

impl World {
    /// The world's time in Unix seconds.
    pub fn now(&self) -> i64 {
        self.fixed_now.unwrap_or_else(system_now) + self.ahead.load(Ordering::Relaxed)
    }

    /// Lets the world's clock run ahead by so many seconds.
    pub fn advance_clock(&self, seconds: i64) {
        self.ahead.fetch_add(seconds, Ordering::Relaxed);
    }

    /// Sets the world's clock to a time in Unix seconds, from where it runs on.
    pub fn set_clock(&self, now: i64) {
        let base = self.fixed_now.unwrap_or_else(system_now);
        self.ahead.store(now - base, Ordering::Relaxed);
    }
}

pub(crate) fn system_now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|age| i64::try_from(age.as_secs()).ok())
        .unwrap_or_default()
}
