//! How far the reading of lists has got; saved with the rows that it speaks of.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::span::Span;
use crate::store::SourceKey;

/// How far the reading of lists has got.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Checkpoint {
    /// Objects created from this second on are left to the events, Unix seconds of Stripe's clock.
    pub(super) t0: i64,
    /// Phases that are done.
    pub(super) phases_done: usize,
    /// The stretches of the present phase that are still to be read; `None` before it begins.
    pub(super) spans: Option<BTreeMap<u32, Span>>,
    /// Seconds of all stretches of the present phase.
    seconds: i64,
    /// Objects to be read by their ids, because their page could not be placed in time.
    pub(super) alone: Vec<SourceKey>,
}

impl Checkpoint {
    /// Before anything was read.
    pub(super) fn new(t0: i64) -> Self {
        Self { t0, ..Self::default() }
    }

    /// Begins a phase, unless it has begun.
    pub(super) fn begin_phase(&mut self, spans: impl FnOnce() -> Vec<Span>) {
        if self.spans.is_none() {
            let spans = spans();
            self.seconds = spans.iter().map(Span::seconds_left).sum();
            self.spans = Some(spans.into_iter().map(|span| (span.id, span)).collect());
        }
    }

    /// Ends a phase.
    pub(super) fn end_phase(&mut self) {
        self.phases_done += 1;
        self.spans = None;
    }

    /// The stretches that are still to be read.
    pub(super) fn list_spans(&self) -> Vec<Span> {
        self.spans.iter().flatten().map(|(_, span)| span.clone()).collect()
    }

    /// A page of a stretch is read: what is left of it takes its place.
    pub(super) fn move_on(&mut self, span_id: u32, rest: Option<Span>, split_off: Option<Span>) {
        let spans = self.spans.get_or_insert_default();
        spans.remove(&span_id);
        spans.extend(rest.into_iter().chain(split_off).map(|span| (span.id, span)));
    }

    /// Gives a list up.
    pub(super) fn drop_list(&mut self, list: usize) {
        self.spans.get_or_insert_default().retain(|_, span| span.list != list);
    }

    /// Thousandths of the time span that are read.
    pub(super) fn done_permille(&self) -> u32 {
        let left: i64 = self.spans.iter().flatten().map(|(_, span)| span.seconds_left()).sum();
        let done = (self.seconds - left).max(0).saturating_mul(1000) / self.seconds.max(1);
        u32::try_from(done.min(1000)).unwrap_or(1000)
    }
}
