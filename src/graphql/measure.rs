//! How large an answer gets, counted value by value while it is built. It is given up as soon as it is larger than an answer may be.

use std::pin::Pin;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use async_graphql::extensions::ResolveInfo;
use async_graphql::parser::types::{ExecutableDocument, Selection};
use async_graphql::{Name, Response, ServerError, ServerResult, Value};
use tokio::sync::Notify;

use super::guard;

/// A value is held with its name and its place among others, of which there are more than are used.
const ENTRY: usize = 136;
/// The places of an object are found by a table of their own.
const TABLE: usize = 64;
/// An error is held with its path, its code and its place.
const ERROR: usize = 1024;

/// Bytes of an answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Size {
    /// As JSON.
    pub(crate) text: usize,
    /// In memory, until it is JSON.
    pub(crate) held: usize,
}

impl Size {
    fn and(self, other: Self) -> Self {
        Self {
            text: self.text + other.text,
            held: self.held + other.held,
        }
    }

    fn text(text: usize) -> Self {
        Self {
            text,
            ..Self::default()
        }
    }

    fn held(held: usize) -> Self {
        Self {
            held,
            ..Self::default()
        }
    }
}

/// The size of one answer.
#[derive(Debug)]
pub(super) struct Measure {
    most: Size,
    text: AtomicUsize,
    held: AtomicUsize,
    full: Notify,
    /// What the document calls `__typename`: these values the executor makes by itself.
    typenames: OnceLock<Vec<Name>>,
}

/// A field, or an item of a list, whose value is counted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Bytes of the name; an item has none.
    name: usize,
    is_item: bool,
    /// Nothing is selected of it: what it gives is a value as a whole.
    is_leaf: bool,
}

impl From<&ResolveInfo<'_>> for Place {
    fn from(info: &ResolveInfo<'_>) -> Self {
        let is_item = info.parent_type.starts_with('[');
        Self {
            name: if is_item {
                0
            } else {
                info.alias.unwrap_or(info.name).len()
            },
            is_item,
            is_leaf: info.field.selection_set.node.items.is_empty(),
        }
    }
}

impl Measure {
    pub(super) fn new(most: Size) -> Self {
        Self {
            most,
            text: AtomicUsize::new(0),
            held: AtomicUsize::new(0),
            full: Notify::new(),
            typenames: OnceLock::new(),
        }
    }

    /// Notes what the executor will fill in by itself.
    pub(super) fn look_at(&self, document: &ExecutableDocument) {
        let names = guard::selections(document)
            .into_iter()
            .filter_map(|selection| match selection {
                Selection::Field(field) if field.node.name.node == "__typename" => {
                    Some(field.node.response_key().node.clone())
                }
                _ => None,
            });
        let mut names: Vec<Name> = names.collect();
        names.sort_unstable();
        names.dedup();
        // A request has one document.
        let _same = self.typenames.set(names);
    }

    /// Begins anew: each event of a subscription is an answer.
    pub(super) fn begin(&self) {
        self.text.store(0, Ordering::Relaxed);
        self.held.store(0, Ordering::Relaxed);
    }

    /// Builds the answer, or what is told in place of one that is too large; `None`: it is too large.
    pub(super) async fn bound(&self, building: impl Future<Output = Response>) -> Option<Response> {
        tokio::select! {
            biased;
            response = building => Some(response),
            () = self.full.notified() => None,
        }
    }

    /// Goes on building what is at `place`, and counts it once it is built. Where that is too much it is never ready: the answer is
    /// given up.
    pub(super) fn poll(
        &self,
        place: Place,
        building: Pin<&mut impl Future<Output = ServerResult<Option<Value>>>>,
        context: &mut Context<'_>,
    ) -> Poll<ServerResult<Option<Value>>> {
        if self.is_full() {
            return Poll::Pending;
        }
        let built = building.poll(context);
        if let Poll::Ready(built) = &built {
            self.add(place, built);
            if self.is_full() {
                self.full.notify_one();
                return Poll::Pending;
            }
        }
        built
    }

    fn is_full(&self) -> bool {
        self.text.load(Ordering::Relaxed) > self.most.text || self.held.load(Ordering::Relaxed) > self.most.held
    }

    /// One task builds an answer, so nobody else adds at the same time.
    fn add(&self, place: Place, built: &ServerResult<Option<Value>>) {
        let size = match built {
            Ok(value) => self.size(place, value.as_ref().unwrap_or(&Value::Null)),
            Err(error) => Size::held(ERROR + error.message.len()),
        };
        for (sum, more) in [(&self.text, size.text), (&self.held, size.held)] {
            sum.store(sum.load(Ordering::Relaxed).saturating_add(more), Ordering::Relaxed);
        }
    }

    fn size(&self, place: Place, value: &Value) -> Size {
        let name = Size::text(if place.is_item { 1 } else { place.name + 4 });
        match value {
            // The list around it counts as a whole.
            _ if place.is_leaf && place.is_item => Size::default(),
            value if place.is_leaf => name.and(size(value)),
            Value::Object(fields) => {
                let of_executor = self.typenames.get().into_iter().flatten();
                let sizes = of_executor.filter_map(|name| match fields.get(name) {
                    Some(value @ Value::String(_)) => Some(Size::text(name.len() + 4).and(size(value))),
                    _ => None,
                });
                sizes.fold(name.and(braces(value)), Size::and)
            }
            // What is in it was counted before.
            value => name.and(braces(value)),
        }
    }
}

/// The size of a value as a whole.
fn size(value: &Value) -> Size {
    let inner = match value {
        Value::List(items) => items
            .iter()
            .map(|item| Size::text(1).and(size(item)))
            .fold(Size::default(), Size::and),
        Value::Object(fields) => {
            let field = |(name, value): (&Name, &Value)| Size::text(name.len() + 4).and(size(value));
            fields.iter().map(field).fold(Size::default(), Size::and)
        }
        _ => Size::default(),
    };
    inner.and(braces(value))
}

/// The size of a value without what is in it.
fn braces(value: &Value) -> Size {
    match value {
        Value::List(_) => Size { text: 2, held: ENTRY },
        Value::Object(_) => Size {
            text: 2,
            held: ENTRY + TABLE,
        },
        Value::String(text) => Size {
            text: 2 + escaped(text),
            held: ENTRY + text.len(),
        },
        plain => Size {
            text: text_size(plain),
            held: ENTRY,
        },
    }
}

/// Bytes of a plain value as JSON, texts apart.
fn text_size(value: &Value) -> usize {
    match value {
        Value::Enum(name) => 2 + name.len(),
        Value::Binary(bytes) => 4 * bytes.len(),
        Value::Null | Value::Boolean(true) => 4,
        Value::Boolean(false) => 5,
        Value::Number(number) => number.as_i64().map_or(24, digits),
        // It is told as a whole.
        Value::String(_) | Value::List(_) | Value::Object(_) => 0,
    }
}

fn digits(number: i64) -> usize {
    let digits = number.unsigned_abs().checked_ilog10().map_or(1, |log| log + 1);
    usize::try_from(digits).unwrap_or(20) + usize::from(number < 0)
}

/// Bytes of a text as JSON, its quotes apart.
fn escaped(text: &str) -> usize {
    let is_special = |byte: &&u8| **byte < 0x20 || matches!(byte, b'"' | b'\\');
    if text.as_bytes().iter().filter(is_special).count() == 0 {
        return text.len();
    }
    let size = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0C => 2,
        0..0x20 => 6,
        _ => 1,
    };
    text.bytes().map(size).sum()
}

/// What is told in place of an answer that is too large.
pub(crate) fn too_large() -> ServerError {
    let message = "The answer is too large; ask for fewer records at a time.";
    guard::refuse("LIMIT_EXCEEDED", message, None)
}

#[cfg(test)]
mod tests;
