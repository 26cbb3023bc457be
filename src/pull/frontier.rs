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

    /// The next stretch, which is being read until the turn is dropped; waits while others may still split theirs. `None` when all
    /// is read.
    pub(super) async fn take(&self) -> Option<(Span, Turn<'_>)> {
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
                    return Some((span, Turn(self)));
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
}

/// A stretch is being read.
#[derive(Debug)]
pub(super) struct Turn<'a>(&'a Frontier);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.state().at_work -= 1;
        self.0.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn nobody_waits_for_a_reader_that_has_broken_down() {
        let frontier = Arc::new(Frontier::new([Span::new(0, 0, 0, 2000)]));
        let own = Arc::clone(&frontier);
        let broken = tokio::spawn(async move {
            let _taken = own.take().await;
            panic!("on purpose");
        });
        assert!(broken.await.is_err());
        assert!(frontier.take().await.is_none());
    }
}
