//! The ledger of a batch: which events have had all their effect, and what came of them.

use std::collections::{BTreeMap, HashMap, HashSet};

use entity::kind::EventOutcome;
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::event::Event;
use super::sort::{Next, Sorted};
use crate::error::Error;
use crate::pull::broken::Broken;
use crate::pull::reading::Reading;
use crate::store::{SourceKey, inbox};

/// Events, the objects that each still waits for, and what came of it so far.
#[derive(Debug)]
pub(super) struct Ledger<'a> {
    events: &'a [Event],
    waits_for: Vec<HashSet<SourceKey>>,
    outcomes: Vec<EventOutcome>,
    told_by: HashMap<SourceKey, Vec<usize>>,
    settled: HashSet<usize>,
    brought_in: HashSet<SourceKey>,
    /// The second of the newest event that tells of each.
    told_at: HashMap<SourceKey, i64>,
}

impl<'a> Ledger<'a> {
    pub(super) fn new(events: &'a [Event], sorted: &Sorted) -> Self {
        let mut ledger = Self {
            events,
            waits_for: vec![HashSet::new(); events.len()],
            outcomes: vec![EventOutcome::Dropped; events.len()],
            told_by: HashMap::new(),
            settled: HashSet::new(),
            brought_in: HashSet::new(),
            told_at: HashMap::new(),
        };
        for (index, outcome) in &sorted.ignored {
            ledger.outcomes[*index] = *outcome;
        }
        for object in &sorted.objects {
            let key = match &object.next {
                Next::Apply(reading) => (reading.kind, reading.stripe_id.clone()),
                Next::Read(key, _) => key.clone(),
                Next::Drop => continue,
            };
            for index in &object.events {
                ledger.waits_for[*index].insert(key.clone());
            }
            ledger.told_at.insert(key.clone(), object.told_at);
            ledger.told_by.insert(key, object.events.iter().copied().collect());
        }
        ledger
    }

    /// Some events are done without anything having been written.
    pub(super) fn has_settled(&self) -> bool {
        self.waits_for.iter().any(HashSet::is_empty)
    }

    /// An event has told of this object's payment.
    pub(super) fn brings_in(&mut self, key: SourceKey) {
        self.brought_in.insert(key);
    }

    /// Lets a reading in that an event has brought, and notes when that told of it.
    pub(super) fn mark(&self, mut reading: Reading) -> Reading {
        let key = (reading.kind, reading.stripe_id.clone());
        reading.brought_in = self.brought_in.contains(&key);
        reading.told_at = self.told_at.get(&key).copied();
        reading
    }

    /// The invoices among `broken` that an event has brought: they belong here when they are read later, too.
    pub(super) fn brought_in_of<'b>(&self, broken: &'b [Broken]) -> Vec<&'b str> {
        let brought_in = broken.iter().filter(|(key, _)| self.brought_in.contains(key));
        brought_in.map(|((_, id), _)| id.as_str()).collect()
    }

    /// These payloads were written.
    pub(super) fn told<'k>(&mut self, keys: impl Iterator<Item = &'k SourceKey>) {
        for key in keys {
            self.done(key, EventOutcome::Applied);
        }
    }

    /// These objects were read, but for those that could not be.
    pub(super) fn read(&mut self, keys: &[SourceKey], broken: &[Broken]) {
        let broken: HashSet<&SourceKey> = broken.iter().map(|(key, _)| key).collect();
        for key in keys {
            let outcome = if broken.contains(key) {
                EventOutcome::Failed
            } else {
                EventOutcome::Fetched
            };
            self.done(key, outcome);
        }
    }

    fn done(&mut self, key: &SourceKey, outcome: EventOutcome) {
        for index in self.told_by.get(key).into_iter().flatten() {
            self.waits_for[*index].remove(key);
            let so_far = &mut self.outcomes[*index];
            if weight(outcome) > weight(*so_far) {
                *so_far = outcome;
            }
        }
    }

    /// Notes in the inbox what came of the events that are done now.
    pub(super) async fn settle(
        &mut self,
        conn: &impl ConnectionTrait,
        integration_id: Uuid,
        now_ms: i64,
    ) -> Result<(), Error> {
        let mut by_outcome: BTreeMap<EventOutcome, Vec<&str>> = BTreeMap::new();
        for (index, waits_for) in self.waits_for.iter().enumerate() {
            if waits_for.is_empty() && self.settled.insert(index) {
                by_outcome
                    .entry(self.outcomes[index])
                    .or_default()
                    .push(&self.events[index].id);
            }
        }
        for (outcome, ids) in by_outcome {
            inbox::settle(conn, integration_id, ids, outcome, now_ms).await?;
        }
        Ok(())
    }
}

/// Of several objects of one event, the one that cost most says what came of it.
fn weight(outcome: EventOutcome) -> u8 {
    match outcome {
        EventOutcome::Failed => 3,
        EventOutcome::Fetched => 2,
        EventOutcome::Applied => 1,
        _ => 0,
    }
}
