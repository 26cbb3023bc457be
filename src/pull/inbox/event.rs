//! An event as it waits in the inbox.

use entity::stripe_event;
use serde_json::Value;

use crate::error::Error;
use crate::store::source;

/// An event of the inbox.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) id: String,
    /// Without the `v1.` that thin events have in front.
    pub(super) name: String,
    /// Unix seconds.
    pub(super) created: i64,
    pub(super) livemode: Option<bool>,
    pub(super) account: Option<String>,
    pub(super) content: Content,
}

/// What an event carries.
#[derive(Debug)]
pub(super) enum Content {
    /// The object as it was, in the shape of a version of the API.
    Snapshot { object: Value, version: Option<String> },
    /// Only which object it was.
    Thin {
        /// `customer`, `invoice`, ...
        object_type: String,
        object_id: String,
    },
}

impl Event {
    /// Reads a row of the inbox.
    pub(super) fn read(row: stripe_event::Model) -> Result<Self, Error> {
        let body = row.body.as_deref().map(source::unpack).transpose()?.unwrap_or_default();
        let name = row.event_type.strip_prefix("v1.").unwrap_or(&row.event_type);
        Ok(Self {
            id: row.event_id,
            name: name.to_owned(),
            created: row.created,
            livemode: body["livemode"].as_bool(),
            account: account(&body),
            content: content(body),
        })
    }

    /// The object that it carries, if it does.
    pub(super) fn snapshot(&self) -> Option<&Value> {
        match &self.content {
            Content::Snapshot { object, .. } => Some(object),
            Content::Thin { .. } => None,
        }
    }

    pub(super) fn version(&self) -> Option<&str> {
        match &self.content {
            Content::Snapshot { version, .. } => version.as_deref(),
            Content::Thin { .. } => None,
        }
    }
}

/// Thin events call it their context.
fn account(body: &Value) -> Option<String> {
    let named = body["account"].as_str().or(body["context"].as_str());
    named.map(str::to_owned)
}

fn content(mut body: Value) -> Content {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    if body["object"] == "v2.core.event" {
        let related = &body["related_object"];
        return Content::Thin {
            object_type: text(&related["type"]),
            object_id: text(&related["id"]),
        };
    }
    let object = body.get_mut("data").and_then(|data| data.get_mut("object"));
    let object = object.map(Value::take).unwrap_or_default();
    Content::Snapshot {
        version: body["api_version"].as_str().map(str::to_owned),
        object,
    }
}
