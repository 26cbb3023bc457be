//! How events are told: some appear in the list only after a while, and an old account's are in the shapes of an old version.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use super::random::below;
use super::{API_VERSION, Kind, World};
use crate::json::{Json, json};

/// A version before the one in which invoices and items lost and gained fields.
const OLD_API_VERSION: &str = "2024-06-20";
/// What objects had in no older version.
const YOUNG_FIELDS: [&str; 4] = ["parent", "pricing", "current_period_start", "current_period_end"];

/// How events are told.
#[derive(Debug, Default)]
pub(crate) struct Telling {
    longest_delay_seconds: AtomicI64,
    is_old: AtomicBool,
}

impl World {
    /// From now on an event of a later change is listed up to so many seconds after it happened, each after a time of its own:
    /// Stripe's list is eventually consistent. Webhooks do not wait for it.
    pub fn list_events_late(&self, seconds: i64) {
        self.telling.longest_delay_seconds.store(seconds, Ordering::Relaxed);
    }

    /// From now on events carry the version and the shapes of an account that was opened long ago.
    pub fn tell_in_old_version(&self) {
        self.telling.is_old.store(true, Ordering::Relaxed);
    }

    /// Whether the list shows this event already.
    pub(crate) fn has_reached_the_list(&self, index: u64) -> bool {
        let longest = self.telling.longest_delay_seconds.load(Ordering::Relaxed);
        if longest == 0 || index < self.generated(Kind::Event) {
            return true;
        }
        let delay = below(self.mix(61, index), u64::try_from(longest).unwrap_or_default() + 1);
        self.created_of(Kind::Event, index) + delay <= self.now()
    }

    /// The version of an event that is told now, and the object in that version's shape.
    pub(crate) fn in_told_version(&self, mut object: Json) -> (&'static str, Json) {
        if !self.telling.is_old.load(Ordering::Relaxed) {
            return (API_VERSION, object);
        }
        age(&mut object);
        (OLD_API_VERSION, object)
    }
}

fn age(object: &mut Json) {
    if let Some(fields) = object.as_object_mut() {
        for name in YOUNG_FIELDS {
            fields.remove(name);
        }
        for name in ["lines", "items"] {
            let entries = fields.get_mut(name).and_then(|list| list.get_mut("data"));
            if let Some(entries) = entries.and_then(Json::as_array_mut) {
                entries.iter_mut().for_each(age);
            }
        }
        if let Some(name) = fields.get_mut("name") {
            *name = json!("in an old shape");
        }
    }
}
