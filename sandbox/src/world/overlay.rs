//! What differs from the generated world since the start, and the events that
//! tell of it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::RangeBounds;
use std::sync::PoisonError;

use serde_json::{Value, json};

use super::event::{Happening, embed};
use super::selection::Place;
use super::{Kind, World, ids};
use crate::webhook::Delivery;

/// All that differs from the generated world.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    pub(crate) objects: HashMap<(Kind, u64), Value>,
    pub(crate) gone: HashSet<(Kind, u64)>,
    pub(crate) poisons: HashMap<(Kind, u64), Value>,
    /// Ids of the merchant's choice.
    pub(crate) own_ids: HashMap<(Kind, String), u64>,
    added: BTreeMap<Kind, BTreeSet<Place>>,
}

impl World {
    /// When an object came to be, created ones included.
    pub(crate) fn created_of(&self, kind: Kind, index: u64) -> i64 {
        if index < self.generated(kind) {
            return self.created(kind, index);
        }
        let places = &self.changes().added;
        let place = places
            .get(&kind)
            .and_then(|all| all.iter().find(|place| place.1 == index));
        place.map_or(0, |place| place.0)
    }

    /// The numbers of the objects created since the start.
    pub(crate) fn added(&self, kind: Kind) -> Vec<u64> {
        self.added_places(kind, ..).into_iter().map(|place| place.1).collect()
    }

    pub(crate) fn added_places(&self, kind: Kind, range: impl RangeBounds<Place>) -> Vec<Place> {
        let changes = self.changes();
        changes
            .added
            .get(&kind)
            .map_or_else(Vec::new, |all| all.range(range).copied().collect())
    }

    pub(crate) fn with_changes<T>(&self, change: impl FnOnce(&mut Changes) -> T) -> T {
        change(&mut self.changes.write().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn next_index(&self, kind: Kind) -> u64 {
        let added = self.changes().added.get(&kind).map_or(0, BTreeSet::len);
        self.generated(kind) + u64::try_from(added).unwrap_or_default()
    }

    pub(crate) fn next_id(&self, kind: Kind) -> String {
        ids::encode(kind.prefix(), self.next_index(kind))
    }

    pub(crate) fn keep(&self, kind: Kind, index: u64, object: Value) {
        self.with_changes(|changes| changes.objects.insert((kind, index), object));
    }

    pub(crate) fn create(&self, kind: Kind, mut object: Value, patch: Value, events: &[&str]) -> String {
        let index = self.next_index(kind);
        let given = json!({"id": self.next_id(kind), "created": self.now(), "livemode": self.livemode()});
        let mut base = given;
        merge(&mut base, object.take());
        merge(&mut base, patch);
        let id = base["id"].as_str().unwrap_or_default().to_owned();
        let created = base["created"].as_i64().unwrap_or_default();
        self.with_changes(|changes| {
            changes.objects.insert((kind, index), base.clone());
            changes.added.entry(kind).or_default().insert((created, index));
            changes.own_ids.insert((kind, id.clone()), index);
        });
        for event in events {
            self.tell(event, base.clone(), None);
        }
        id
    }

    pub(crate) fn amend(&self, kind: Kind, id: &str, patch: Value, events: &[&str]) {
        let Some(index) = self.resolve(kind, id) else {
            return;
        };
        let Some(mut object) = self.current(kind, index) else {
            return;
        };
        let previous = earlier(&object, &patch);
        merge(&mut object, patch);
        if kind == Kind::Product {
            object["updated"] = json!(self.now());
        }
        self.keep(kind, index, object.clone());
        for event in events {
            let previous = event.ends_with(".updated").then(|| previous.clone());
            self.tell(event, object.clone(), previous);
        }
    }

    /// Records an event and hands it to the webhooks.
    pub(crate) fn tell(&self, kind: &str, object: Value, previous: Option<Value>) {
        let index = self.next_index(Kind::Event);
        let created = self.now();
        let event = self.event(
            index,
            created,
            Happening {
                kind,
                object: embed(object),
                previous,
            },
        );
        self.with_changes(|changes| {
            changes.objects.insert((Kind::Event, index), event.clone());
            changes.added.entry(Kind::Event).or_default().insert((created, index));
        });
        let hooks = self.webhooks.lock().unwrap_or_else(PoisonError::into_inner);
        for (url, secret) in hooks.iter() {
            let delivery = Delivery::new(url, secret, created, &event);
            // Nobody delivers once the sandbox has stopped.
            drop(self.deliveries.send(delivery));
        }
    }
}

/// The former values of the fields a patch touches.
fn earlier(object: &Value, patch: &Value) -> Value {
    match (object, patch) {
        (Value::Object(fields), Value::Object(patch)) => patch
            .iter()
            .map(|(name, value)| {
                let former = fields.get(name).unwrap_or(&Value::Null);
                (name.clone(), earlier(former, value))
            })
            .collect(),
        _ => object.clone(),
    }
}

/// Lays a patch over a value: objects are merged, all else is replaced.
pub(crate) fn merge(object: &mut Value, patch: Value) {
    match (object, patch) {
        (Value::Object(fields), Value::Object(patch)) => {
            for (name, value) in patch {
                merge(fields.entry(name).or_insert(Value::Null), value);
            }
        }
        (object, patch) => *object = patch,
    }
}
