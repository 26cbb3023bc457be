//! What was asked of the sandbox: the last requests, and how many there were.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

const LOGGED_REQUESTS: usize = 100_000;

/// One request as the sandbox answered it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Such as `GET`.
    pub method: String,
    /// Path and query as they came.
    pub path_and_query: String,
    /// The status answered; 0 when the connection was cut instead.
    pub status: u16,
    /// The key as messages show it, with stars in its middle.
    pub key: Option<String>,
    /// When it came.
    pub received_at: Instant,
}

/// The last requests and how many there were.
#[derive(Debug, Default)]
pub(crate) struct Log {
    last: Mutex<VecDeque<Request>>,
    all: AtomicU64,
    not_reads: AtomicU64,
}

impl Log {
    pub(crate) fn record(&self, request: Request) {
        self.all.fetch_add(1, Ordering::Relaxed);
        if request.method != "GET" {
            self.not_reads.fetch_add(1, Ordering::Relaxed);
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.len() == LOGGED_REQUESTS {
            last.pop_front();
        }
        last.push_back(request);
    }

    pub(crate) fn last(&self) -> Vec<Request> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.iter().cloned().collect()
    }

    pub(crate) fn count(&self) -> u64 {
        self.all.load(Ordering::Relaxed)
    }

    pub(crate) fn not_reads(&self) -> u64 {
        self.not_reads.load(Ordering::Relaxed)
    }

    pub(crate) fn clear(&self) {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.all.store(0, Ordering::Relaxed);
        self.not_reads.store(0, Ordering::Relaxed);
    }
}
