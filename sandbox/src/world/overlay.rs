//! What differs from the generated world since the start, and the events that
//! tell of it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::RangeBounds;
use std::sync::PoisonError;

use serde_json::Value;

use super::event::{Happening, embed};
use super::selection::Place;
use super::{Kind, World};
use crate::json::{Fields, Json, json};
use crate::webhook::Delivery;

/// All that differs from the generated world.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    pub(crate) objects: HashMap<(Kind, u64), Json>,
    pub(crate) gone: HashSet<(Kind, u64)>,
    pub(crate) poisons: HashMap<(Kind, u64), Json>,
    /// Ids of the merchant's choice.
    pub(crate) own_ids: HashMap<(Kind, String), u64>,
    /// Discounts given or changed since the start, ended ones included.
    pub(crate) discounts: HashMap<String, Json>,
    added: BTreeMap<Kind, BTreeSet<Place>>,
    /// Numbers given out to new objects, which may not be in place yet.
    reserved: BTreeMap<Kind, u64>,
}

impl World {
    /// When an object came to be, created ones included.
    pub(crate) fn created_of(&self, kind: Kind, index: u64) -> i64 {
        if index < self.generated(kind) {
            return self.created(kind, index);
        }
        let object = self.changes().objects.get(&(kind, index)).cloned();
        object.and_then(|object| object["created"].as_i64()).unwrap_or_default()
    }

    /// The numbers of the objects created since the start.
    pub(crate) fn added(&self, kind: Kind) -> Vec<u64> {
        let places = self.added_places(kind, ..);
        places.into_iter().map(|place| place.1).collect()
    }

    pub(crate) fn added_places(&self, kind: Kind, range: impl RangeBounds<Place>) -> Vec<Place> {
        let changes = self.changes();
        let places = changes.added.get(&kind);
        places.map_or_else(Vec::new, |all| all.range(range).copied().collect())
    }

    pub(crate) fn with_changes<T>(&self, change: impl FnOnce(&mut Changes) -> T) -> T {
        change(&mut self.changes.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// A number for a new object, which nobody else gets.
    pub(crate) fn reserve(&self, kind: Kind) -> u64 {
        let first = self.generated(kind);
        self.with_changes(|changes| {
            let reserved = changes.reserved.entry(kind).or_default();
            *reserved += 1;
            first + *reserved - 1
        })
    }

    /// Puts a new object with its patch in place and tells of it; gives its id.
    pub(crate) fn create(&self, kind: Kind, index: u64, object: Json, patch: Value, events: &[&str]) -> String {
        let mut base = json!({
            "id": Self::encoded(kind, index), "created": self.now(), "livemode": self.livemode(),
        });
        merge(&mut base, object);
        merge(&mut base, patch.into());
        let id = base["id"].as_str().unwrap_or_default().to_owned();
        let created = base["created"].as_i64().unwrap_or_default();
        self.with_changes(|changes| changes.put(kind, created, index, base.clone()));
        for event in events {
            self.tell(event, base.clone(), None);
        }
        id
    }

    /// Lays a patch over an object and tells of it; false when there is none.
    pub(crate) fn amend(&self, kind: Kind, id: &str, patch: Json, events: &[&str]) -> bool {
        let Some((previous, object)) = self.patch(kind, id, patch) else {
            return false;
        };
        for event in events {
            let previous = event.ends_with(".updated").then(|| previous.clone());
            self.tell(event, object.clone(), previous);
        }
        true
    }

    /// The former values of what the patch touches, and the object after it.
    fn patch(&self, kind: Kind, id: &str, patch: Json) -> Option<(Json, Json)> {
        let index = self.resolve(kind, id)?;
        let now = self.now();
        // Generated before the lock is taken, which is not to be taken twice.
        let generated = self.generate(kind, index, super::Extent::Whole);
        self.with_changes(|changes| {
            if changes.gone.contains(&(kind, index)) {
                return None;
            }
            let mut object = changes.objects.get(&(kind, index)).cloned().or(generated)?;
            let previous = earlier(&object, &patch);
            merge(&mut object, patch);
            if kind == Kind::Product {
                object["updated"] = json!(now);
            }
            changes.objects.insert((kind, index), object.clone());
            Some((previous, object))
        })
    }

    /// Records an event and hands it to the webhooks.
    pub(crate) fn tell(&self, kind: &str, object: Json, previous: Option<Json>) {
        let (index, created) = (self.reserve(Kind::Event), self.now());
        let hooks = self.webhooks.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let happening = Happening {
            kind,
            object: embed(object),
            previous,
        };
        let mut event = self.event(index, created, happening);
        event["pending_webhooks"] = json!(i64::try_from(hooks.len()).unwrap_or_default());
        self.with_changes(|changes| changes.put(Kind::Event, created, index, event.clone()));
        for (url, secret) in hooks {
            let delivery = Delivery::new(&url, &secret, created, &event);
            self.undelivered.send_modify(|count| *count += 1);
            if self.deliveries.send(delivery).is_err() {
                // Nobody delivers once the sandbox has stopped.
                self.undelivered.send_modify(|count| *count -= 1);
            }
        }
    }
}

impl Changes {
    fn put(&mut self, kind: Kind, created: i64, index: u64, object: Json) {
        let id = object["id"].as_str().unwrap_or_default().to_owned();
        self.own_ids.insert((kind, id), index);
        self.objects.insert((kind, index), object);
        self.added.entry(kind).or_default().insert((created, index));
    }
}

/// The former values of the fields a patch touches.
fn earlier(object: &Json, patch: &Json) -> Json {
    let (Json::Object(fields), Json::Object(patch)) = (object, patch) else {
        return object.clone();
    };
    let former = patch.iter().map(|(name, value)| {
        let former = fields.get(name).unwrap_or(&Json::Null);
        (name.clone(), earlier(former, value))
    });
    Json::Object(former.collect::<Fields>())
}

/// Lays a patch over a value: objects are merged, all else is replaced.
pub(crate) fn merge(object: &mut Json, patch: Json) {
    match (object, patch) {
        (Json::Object(fields), Json::Object(patch)) => {
            for (name, value) in patch {
                merge(fields.entry(Cow::clone(&name)), value);
            }
        }
        (object, patch) => *object = patch,
    }
}
