//! What the sandbox does wrong when told to.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// One way a request can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 429 that names the endpoint's limiter.
    RateLimited,
    /// 429 with `code: lock_timeout` and no limiter named.
    LockTimeout,
    /// This status with an `api_error`.
    ServerError(u16),
    /// The connection is cut before any answer.
    Reset,
    /// 200 whose JSON breaks off, with a fitting `Content-Length`.
    TruncatedJson,
    /// 200 whose connection is cut in the middle of the body.
    HalfBody,
    /// 200 with a web page in place of JSON.
    Html,
    /// 200 whose body trickles for two seconds.
    SlowBody,
    /// A list without entries that claims to have more.
    EmptyPageWithMore,
}

#[derive(Debug)]
struct Plan {
    left: u32,
    fault: Fault,
    path_prefix: Option<String>,
}

/// What a sandbox does wrong; everything takes effect at once.
#[derive(Debug, Default)]
pub struct Faults {
    plans: Mutex<Vec<Plan>>,
    latency: Mutex<Duration>,
    date_offset: AtomicI64,
    no_date: AtomicBool,
}

impl Faults {
    /// Waits so long before each answer.
    pub fn set_latency(&self, latency: Duration) {
        *self.latency.lock().unwrap_or_else(PoisonError::into_inner) = latency;
    }

    /// Lets the next `n` requests fail, those whose path starts with the prefix
    /// if one is given.
    pub fn fail_next(&self, n: u32, fault: Fault, path_prefix: Option<&str>) {
        let path_prefix = path_prefix.map(str::to_owned);
        self.plans.lock().unwrap_or_else(PoisonError::into_inner).push(Plan {
            left: n,
            fault,
            path_prefix,
        });
    }

    /// Sets the `Date` header off from the world's clock by so many seconds.
    pub fn set_date_offset(&self, seconds: i64) {
        self.date_offset.store(seconds, Ordering::Relaxed);
    }

    /// Leaves the `Date` header out.
    pub fn omit_date(&self, omit: bool) {
        self.no_date.store(omit, Ordering::Relaxed);
    }

    pub(crate) fn latency(&self) -> Duration {
        *self.latency.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time the `Date` header tells, if it is to tell any.
    pub(crate) fn date(&self, now: i64) -> Option<i64> {
        let told = now + self.date_offset.load(Ordering::Relaxed);
        (!self.no_date.load(Ordering::Relaxed)).then_some(told)
    }

    /// The fault due for a request to this path, which is then used up.
    pub(crate) fn take(&self, path: &str) -> Option<Fault> {
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        plans.retain(|plan| plan.left > 0);
        let due = plans.iter_mut().find(|plan| {
            plan.path_prefix
                .as_deref()
                .is_none_or(|prefix| path.starts_with(prefix))
        })?;
        due.left -= 1;
        Some(due.fault)
    }
}
