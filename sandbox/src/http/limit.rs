//! Limits on requests per second, overall and per route.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::error::Refusal;
use crate::options::RateLimits;

const WINDOW: Duration = Duration::from_secs(1);

#[derive(Debug)]
struct Window {
    since: Instant,
    global: u32,
    by_route: HashMap<&'static str, u32>,
}

/// Counts requests in windows of a second.
#[derive(Debug)]
pub(crate) struct Limiter {
    limits: Option<RateLimits>,
    window: Mutex<Window>,
}

impl Limiter {
    pub(crate) fn new(limits: Option<RateLimits>) -> Self {
        let window = Window {
            since: Instant::now(),
            global: 0,
            by_route: HashMap::new(),
        };
        Self {
            limits,
            window: Mutex::new(window),
        }
    }

    /// Counts a request, or refuses it when its second is full.
    pub(crate) fn admit(&self, route: &'static str) -> Result<(), Refusal> {
        let Some(limits) = self.limits else {
            return Ok(());
        };
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        if window.since.elapsed() >= WINDOW {
            *window = Window {
                since: Instant::now(),
                global: 0,
                by_route: HashMap::new(),
            };
        }
        if window.global >= limits.global_per_second {
            return Err(Refusal::rate_limited("global-rate"));
        }
        let count = window.by_route.entry(route).or_default();
        if *count >= limits.endpoint_per_second {
            return Err(Refusal::rate_limited("endpoint-rate"));
        }
        *count += 1;
        window.global += 1;
        Ok(())
    }
}
