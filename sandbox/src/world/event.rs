//! Events: `invoice.paid` for the payments of the last thirty days, and one or
//! more for every later change.

use serde_json::{Value, json};

use super::{API_VERSION, Kind, World};

/// What happened, as an event tells it.
pub(crate) struct Happening<'a> {
    pub(crate) kind: &'a str,
    pub(crate) object: Value,
    pub(crate) previous: Option<Value>,
}

impl World {
    /// The number of the invoice whose payment a generated event tells of.
    pub(crate) fn paid_invoice(&self, index: u64) -> u64 {
        usize::try_from(index)
            .ok()
            .and_then(|place| self.payments.get(place))
            .map_or(0, |payment| payment.1)
    }

    pub(crate) fn paid_event(&self, index: u64) -> Value {
        let happening = Happening {
            kind: "invoice.paid",
            object: embed(self.invoice(self.paid_invoice(index))),
            previous: None,
        };
        self.event(index, self.created(Kind::Event, index), happening)
    }

    /// An event with its object as it then was.
    pub(crate) fn event(&self, index: u64, created: i64, happening: Happening<'_>) -> Value {
        let mut data = json!({ "object": happening.object });
        if let Some(previous) = happening.previous {
            data["previous_attributes"] = previous;
        }
        json!({
            "id": Self::id(Kind::Event, index),
            "object": "event",
            "api_version": API_VERSION,
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
const EXPANDED_ONLY: [&str; 3] = ["tiers", "currency_options", "applies_to"];

/// The object without what Stripe leaves out unless asked: long lists are cut
/// to their first ten entries, tiers and the like are dropped.
pub(crate) fn embed(mut object: Value) -> Value {
    trim(&mut object);
    object
}

fn trim(object: &mut Value) {
    let Some(fields) = object.as_object_mut() else {
        return;
    };
    for name in EXPANDED_ONLY {
        fields.remove(name);
    }
    for name in ["lines", "items"] {
        let Some(list) = fields.get_mut(name) else {
            continue;
        };
        let Some(entries) = list.get_mut("data").and_then(Value::as_array_mut) else {
            continue;
        };
        let more = entries.len() > EMBEDDED;
        entries.truncate(EMBEDDED);
        for entry in entries {
            if let Some(price) = entry.get_mut("price") {
                trim(price);
            }
        }
        list["has_more"] = json!(more);
    }
}
