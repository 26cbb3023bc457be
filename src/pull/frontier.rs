//! The stretches that wait for a fetcher, and how many fetchers have nothing to do.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::span::Span;

/// Hands stretches to fetchers until all is read.
#[derive(Debug)]
pub(super) struct Frontier {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    waiting: VecDeque<Span>,
    at_work: usize,
    idle: usize,
    next_id: u32,
}

impl Frontier {
    pub(super) fn new(spans: impl IntoIterator<Item = Span>) -> Self {
        let waiting: VecDeque<Span> = spans.into_iter().collect();
        let next_id = waiting.iter().map(|span| span.id + 1).max().unwrap_or(0);
        Self {
            state: Mutex::new(State {
                waiting,
                at_work: 0,
                idle: 0,
                next_id,
            }),
            changed: Notify::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next stretch; waits while others may still split theirs. `None` when all is read.
    pub(super) async fn take(&self) -> Option<Span> {
        self.state().idle += 1;
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            {
                let mut state = self.state();
                if let Some(span) = state.waiting.pop_front() {
                    state.at_work += 1;
                    state.idle -= 1;
                    return Some(span);
                }
                if state.at_work == 0 {
                    return None;
                }
            }
            changed.await;
        }
    }

    /// A number for a stretch to be split off, if a fetcher waits that nothing is there for.
    pub(super) fn wants_more(&self) -> Option<u32> {
        let mut state = self.state();
        if state.idle <= state.waiting.len() {
            return None;
        }
        state.next_id += 1;
        Some(state.next_id - 1)
    }

    /// Another stretch to read.
    pub(super) fn push(&self, span: Span) {
        self.state().waiting.push_back(span);
        self.changed.notify_waiters();
    }

    /// A stretch that was taken is read.
    pub(super) fn finish(&self) {
        self.state().at_work -= 1;
        self.changed.notify_waiters();
    }
}
