//! Events: those of the last thirty days of the generated history, and one or
//! more for every later change.

use super::recent::{Recent, What};
use super::{Kind, World};
use crate::json::{Json, json};

/// What happened, as an event tells it.
pub(crate) struct Happening<'a> {
    pub(crate) kind: &'a str,
    pub(crate) object: Json,
    pub(crate) previous: Option<Json>,
}

impl World {
    /// What a generated event tells of.
    pub(crate) fn happened(&self, index: u64) -> Recent {
        let place = usize::try_from(index).unwrap_or(usize::MAX);
        let recent = self.recent.get(place).copied();
        recent.unwrap_or((self.anchor, What::CustomerCreated, 0))
    }

    /// A generated event.
    pub(crate) fn recent_event(&self, index: u64) -> Json {
        let (created, what, number) = self.happened(index);
        let happening = Happening {
            kind: what.event_type(),
            object: embed(self.as_it_was(what, u64::from(number))),
            previous: None,
        };
        self.event(index, created, happening)
    }

    /// The events of the changes since the start, oldest first, without the
    /// first `known`: for a test that delivers them itself.
    pub fn events_after(&self, known: usize) -> Vec<serde_json::Value> {
        let mut indexes = self.added(Kind::Event);
        indexes.sort_unstable();
        let events = indexes.into_iter().skip(known);
        events
            .filter_map(|index| self.current(Kind::Event, index))
            .map(serde_json::Value::from)
            .collect()
    }

    /// An event with its object as it then was.
    pub(crate) fn event(&self, index: u64, created: i64, happening: Happening<'_>) -> Json {
        let (version, object) = self.in_told_version(happening.object);
        let mut data = json!({ "object": object });
        if let Some(previous) = happening.previous {
            data["previous_attributes"] = previous;
        }
        json!({
            "id": Self::id(Kind::Event, index),
            "object": "event",
            "api_version": version,
            "created": created,
            "data": data,
            "livemode": self.livemode,
            "pending_webhooks": 0,
            "request": {"id": null, "idempotency_key": null},
            "type": happening.kind,
        })
    }
}

/// How many entries an embedded list shows.
pub(crate) const EMBEDDED: usize = 10;
/// Fields that are served only when they are asked for.
pub(crate) const ON_DEMAND: [&str; 3] = ["tiers", "currency_options", "applies_to"];

/// The object without what Stripe leaves out unless asked: long lists are cut
/// to their first ten entries, tiers and the like are dropped.
pub(crate) fn embed(mut object: Json) -> Json {
    trim(&mut object);
    object
}

fn trim(object: &mut Json) {
    let Some(fields) = object.as_object_mut() else {
        return;
    };
    for name in ON_DEMAND {
        fields.remove(name);
    }
    for name in ["lines", "items"] {
        let Some(list) = fields.get_mut(name) else {
            continue;
        };
        let Some(entries) = list.get_mut("data").and_then(Json::as_array_mut) else {
            continue;
        };
        let cut = entries.len() > EMBEDDED;
        entries.truncate(EMBEDDED);
        for price in entries.iter_mut().filter_map(|entry| entry.get_mut("price")) {
            trim(price);
        }
        if cut {
            list["has_more"] = json!(true);
        }
    }
}
