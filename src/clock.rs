//! The only place that asks what time it is. Tests hold a clock that they move themselves.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};

/// Tells the time.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that stands still until it is moved, Unix milliseconds.
    Fixed(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `at_ms`, Unix milliseconds. Clones share it.
    pub fn fixed(at_ms: i64) -> Self {
        Self::Fixed(Arc::new(AtomicI64::new(at_ms)))
    }

    /// Unix milliseconds.
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn now_ms(&self) -> i64 {
        match self {
            Self::System => Utc::now().timestamp_millis(),
            Self::Fixed(at_ms) => at_ms.load(Ordering::SeqCst),
        }
    }

    /// The instant, UTC.
    pub fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.now_ms()).unwrap_or_default()
    }

    /// Moves a fixed clock on; the machine's clock cannot be moved and stays.
    pub fn advance(&self, by: Duration) {
        if let Self::Fixed(at_ms) = self {
            at_ms.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
        }
    }
}
