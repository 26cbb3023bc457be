//! One object as it was read, made ready for [`super::apply`] outside of any transaction.

use entity::kind::{RecordState, StripeKind};
use entity::source_object;
use serde_json::Value;

use super::rules::Rules;
use crate::store::{SourceKey, source};
use crate::stripe::Seen;
use crate::stripe::object::{canonical_digest, is_id, named_by};
use crate::stripe::terms::Terms;

/// How a reading came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Out of a page of a list.
    Listed,
    /// Read by its id, when this was stored, or nothing: while that is so, what was read is later, whatever the bounds say.
    Alone(Option<Seen>),
    /// Told by an event.
    Told,
}

/// One object as it was read.
#[derive(Debug)]
pub struct Reading {
    /// What it is.
    pub kind: StripeKind,
    /// Stripe's id.
    pub stripe_id: String,
    /// Its JSON with its nested lists whole; `None` when Stripe has deleted it.
    pub value: Option<Value>,
    /// When Stripe held this state.
    pub seen: Seen,
    /// How it came to be known.
    pub origin: Origin,
    /// The second of the event that it was read for.
    pub told_at: Option<i64>,
    /// An event has told of its payment: it belongs here whatever the window says.
    pub brought_in: bool,
    /// What discounts of it take off that no coupon tells any more.
    pub terms: Terms,
    /// Stripe has no such object, and may never have had it.
    pub is_missing: bool,
    /// Of the canonical JSON.
    pub digest: [u8; 16],
    /// The objects it names.
    pub names: Vec<SourceKey>,
    packed: Vec<u8>,
}

impl Reading {
    /// An object with all that is to it.
    pub fn whole(kind: StripeKind, stripe_id: String, value: Value, seen: Seen, origin: Origin) -> Self {
        let (digest, names, packed) = (canonical_digest(&value), named_by(kind, &value), source::pack(&value));
        Self {
            kind,
            stripe_id,
            value: Some(value),
            seen,
            origin,
            told_at: None,
            brought_in: false,
            terms: Terms::new(),
            is_missing: false,
            digest,
            names,
            packed,
        }
    }

    /// An object that Stripe has deleted.
    pub fn gone(kind: StripeKind, stripe_id: String, seen: Seen, origin: Origin) -> Self {
        let packed = source::pack(&Value::Object(serde_json::Map::new()));
        Self {
            kind,
            stripe_id,
            value: None,
            seen,
            origin,
            told_at: None,
            brought_in: false,
            terms: Terms::new(),
            is_missing: false,
            digest: [0; 16],
            names: Vec::new(),
            packed,
        }
    }

    /// An object that Stripe does not have. What is known of it here was deleted there.
    pub fn missing(kind: StripeKind, stripe_id: String, seen: Seen, origin: Origin) -> Self {
        Self {
            is_missing: true,
            ..Self::gone(kind, stripe_id, seen, origin)
        }
    }

    /// The same, seen at another time.
    pub(super) fn at(self, seen: Seen) -> Self {
        Self { seen, ..self }
    }

    /// The row that keeps it.
    pub(super) fn into_row(self, rules: &Rules, state: RecordState, reason: Option<String>) -> source_object::Model {
        source_object::Model {
            integration_id: rules.integration_id,
            kind: self.kind,
            body: self.packed,
            digest: self.digest.to_vec(),
            seen_min: self.seen.min_ms,
            seen_max: self.seen.max_ms,
            deleted: self.value.is_none(),
            state,
            reason,
            map_stamp: rules.stamp(self.kind),
            recurring_of: self
                .value
                .as_ref()
                .filter(|_| self.kind == StripeKind::Price)
                .and_then(recurring_of),
            stripe_id: self.stripe_id,
        }
    }
}

/// The product of an active recurring price.
fn recurring_of(price: &Value) -> Option<String> {
    if price["active"] != true || !price["recurring"].is_object() {
        return None;
    }
    let product = &price["product"];
    let id = product.as_str().or_else(|| product["id"].as_str());
    id.filter(|id| is_id(id)).map(str::to_owned)
}
