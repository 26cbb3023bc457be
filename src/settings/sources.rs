//! What a mapping can read: the fields seen in Stripe's objects that are here, with how often they are filled and what is in them.

use std::collections::BTreeMap;

use entity::kind::{FieldType, SyncObject};
use serde_json::Value;
use uuid::Uuid;

use super::mapping::kind_of;
use crate::app::App;
use crate::error::{Code, Error};
use crate::map::source::{Offer, offers};
use crate::store::{self, source};

/// Objects that are looked at.
const LOOKED_AT: u64 = 500;
/// Values shown of a field.
const SAMPLES: usize = 3;
/// Characters shown of a value.
const SHOWN: usize = 100;

/// Something that a mapping can read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingSource {
    /// The expression that reads it.
    pub path: String,
    /// What it gives, as far as can be seen.
    pub field_type: FieldType,
    /// Of a hundred objects looked at, in how many it is filled.
    pub filled_percent: i32,
    /// Some different values.
    pub samples: Vec<String>,
}

/// What the mapping of `object` can read, by path.
pub async fn mapping_sources(app: &App, integration_id: Uuid, object: SyncObject) -> Result<Vec<MappingSource>, Error> {
    let db = app.db.read();
    store::integration::find(db, integration_id)
        .await?
        .ok_or_else(Error::no_such_integration)?;
    let Some(kind) = kind_of(object) else {
        let message = "The mapping of contracts is fixed.";
        return Err(Error::refused(&["object"], Code::MappingFixed, message));
    };
    let objects = source::sample(db, integration_id, kind, LOOKED_AT).await?;
    let mut seen: BTreeMap<String, Seen> = BTreeMap::new();
    for (_, object) in &objects {
        for offer in offers(object) {
            seen.entry(offer.path.clone()).or_default().take(offer);
        }
    }
    // What is null here and an object there, an address say, is read by its parts.
    let plain = seen.into_iter().filter(|(_, seen)| seen.filled > 0 || !seen.is_nested);
    let sources = plain.map(|(path, seen)| seen.tell(path, objects.len()));
    Ok(sources.collect())
}

/// What was seen of one field.
#[derive(Debug, Default)]
struct Seen {
    filled: usize,
    is_nested: bool,
    field_type: Option<FieldType>,
    samples: Vec<String>,
}

impl Seen {
    fn take(&mut self, offer: Offer) {
        self.is_nested |= offer.is_nested;
        let Some(value) = offer.value else { return };
        self.filled += 1;
        let field_type = offer.field_type.unwrap_or_else(|| type_of(&value));
        self.field_type = Some(match self.field_type {
            None => field_type,
            Some(known) => common(known, field_type),
        });
        let shown: String = text(&value).chars().take(SHOWN).collect();
        if self.samples.len() < SAMPLES && !self.samples.contains(&shown) {
            self.samples.push(shown);
        }
    }

    fn tell(self, path: String, of: usize) -> MappingSource {
        let percent = self.filled * 100 / of.max(1);
        MappingSource {
            path,
            field_type: self.field_type.unwrap_or(FieldType::Text),
            // Filled in one of a thousand is not never.
            filled_percent: i32::try_from(percent.max(usize::from(self.filled > 0))).unwrap_or(100),
            samples: self.samples,
        }
    }
}

fn type_of(value: &Value) -> FieldType {
    match value {
        Value::Bool(_) => FieldType::Boolean,
        Value::Number(number) if number.is_i64() => FieldType::Integer,
        Value::Number(_) => FieldType::Decimal,
        Value::String(text) if text.starts_with("https://") || text.starts_with("http://") => FieldType::Link,
        Value::String(text) if is_day(text) => FieldType::Date,
        _ => FieldType::Text,
    }
}

fn is_day(text: &str) -> bool {
    text.len() == 10 && chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()
}

/// A type that both fit.
fn common(one: FieldType, other: FieldType) -> FieldType {
    match (one, other) {
        (one, other) if one == other => one,
        (FieldType::Integer | FieldType::Decimal, FieldType::Integer | FieldType::Decimal) => FieldType::Decimal,
        _ => FieldType::Text,
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
