//! Keyset paging, written once: rows in the order of a sort key and, where that ties, of the id.
//!
//! A cursor holds where it stands and a fingerprint of the list, its order and its filter. All of it is checked when it comes back:
//! a cursor of another list, order or filter is refused.

use chrono::{Datelike, NaiveDate};
use sea_orm::sea_query::{Expr, ExprTrait, Order, SimpleExpr};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, QueryOrder, QuerySelect, Select, Value};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::error::{Code, Error};

/// Rows of a page when nobody says how many.
pub const DEFAULT_ROWS: u32 = 25;
/// Rows of a page at most.
pub const MOST_ROWS: u32 = 100;
/// No honest cursor is longer.
const CURSOR_LENGTH: usize = 16 << 10;

/// What a caller asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct PageArgs {
    /// The first so many rows.
    pub first: Option<i32>,
    /// After this cursor.
    pub after: Option<String>,
    /// The last so many rows.
    pub last: Option<i32>,
    /// Before this cursor.
    pub before: Option<String>,
}

/// Which list, in which order, through which filter.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Listing {
    /// Small first.
    pub ascending: bool,
    sorted_by: Sorted,
    fingerprint: String,
}

/// What kind of value a list is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sorted {
    /// By text.
    Text,
    /// By a number or an instant.
    Number,
    /// By a day.
    Day,
}

impl Listing {
    /// `list` names it, `order` the field that it is sorted by; `filter` is anything whose Debug text tells filters apart.
    pub fn new(list: &str, order: &str, sorted_by: Sorted, ascending: bool, filter: &impl std::fmt::Debug) -> Self {
        let digest = Sha256::digest(format!("{list} {order} {ascending} {filter:?}"));
        Self {
            ascending,
            sorted_by,
            fingerprint: hex::encode(&digest[..8]),
        }
    }
}

/// Where a row stands in its list.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    /// What the list is sorted by.
    pub key: Key,
    /// The row.
    pub id: Uuid,
}

/// A value that lists are sorted by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Key {
    /// Compared byte by byte.
    Text(String),
    /// A number or an instant.
    Number(i64),
    /// A day.
    Day(NaiveDate),
}

impl From<Key> for Value {
    fn from(key: Key) -> Self {
        match key {
            Key::Text(text) => text.into(),
            Key::Number(number) => number.into(),
            Key::Day(day) => day.into(),
        }
    }
}

/// A page to be read: checked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Window {
    listing: Listing,
    rows: u32,
    backward: bool,
    from: Option<Place>,
    has_cursor: bool,
}

/// A page that was read.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// In the list's order.
    pub rows: Vec<T>,
    /// There are rows behind.
    pub has_next: bool,
    /// There are rows before.
    pub has_previous: bool,
}

impl<T> Page<T> {
    /// The same page of something else.
    pub fn map<U>(self, each: impl FnMut(T) -> U) -> Page<U> {
        Page {
            rows: self.rows.into_iter().map(each).collect(),
            has_next: self.has_next,
            has_previous: self.has_previous,
        }
    }
}

impl PageArgs {
    /// Checks what was asked for, before anything is read.
    pub fn check(&self, listing: Listing) -> Result<Window, Error> {
        if self.first.is_some() && self.last.is_some() {
            return Err(Error::refused(
                &["last"],
                Code::Invalid,
                "Give first or last, not both.",
            ));
        }
        let backward = self.last.is_some() || (self.before.is_some() && self.first.is_none());
        let (count, cursor, other, name) = if backward {
            (self.last, &self.before, &self.after, "last")
        } else {
            (self.first, &self.after, &self.before, "first")
        };
        if other.is_some() {
            return Err(Error::refused(
                &[name],
                Code::Invalid,
                "Give first with after, or last with before.",
            ));
        }
        let rows = match count {
            None => DEFAULT_ROWS,
            Some(count) => u32::try_from(count)
                .ok()
                .filter(|count| (1..=MOST_ROWS).contains(count))
                .ok_or_else(|| {
                    Error::refused(
                        &[name],
                        Code::OutOfRange,
                        format!("{name} is between 1 and {MOST_ROWS}."),
                    )
                })?,
        };
        let from = cursor
            .as_deref()
            .map(|text| read_cursor(text, &listing, if backward { "before" } else { "after" }))
            .transpose()?;
        Ok(Window {
            listing,
            rows,
            backward,
            has_cursor: from.is_some(),
            from,
        })
    }
}

fn read_cursor(text: &str, listing: &Listing, argument: &str) -> Result<Place, Error> {
    let refuse = || {
        let message = "This cursor is not one of this list, order and filter.";
        Error::refused(&[argument], Code::Invalid, message)
    };
    if text.len() > CURSOR_LENGTH {
        return Err(refuse());
    }
    let bytes = hex::decode(text).map_err(|_digits| refuse())?;
    let (fingerprint, place): (String, Place) = serde_json::from_slice(&bytes).map_err(|_shape| refuse())?;
    if fingerprint == listing.fingerprint && place.key.fits(listing.sorted_by) {
        Ok(place)
    } else {
        Err(refuse())
    }
}

impl Key {
    /// Whether a list that is sorted so can hold it. No database of ours holds a NUL or a year of five digits.
    fn fits(&self, sorted_by: Sorted) -> bool {
        match (self, sorted_by) {
            (Self::Text(text), Sorted::Text) => !text.contains('\0'),
            (Self::Number(_), Sorted::Number) => true,
            (Self::Day(day), Sorted::Day) => (0..=9999).contains(&day.year()),
            _ => false,
        }
    }
}

impl Window {
    /// Whether `other` reads the same rows of its own list.
    pub fn reads_like(&self, other: &Self) -> bool {
        let reading = |window: &Self| {
            (
                window.listing.ascending,
                window.rows,
                window.backward,
                window.from.clone(),
            )
        };
        reading(self) == reading(other)
    }

    /// The cursor of a row.
    pub fn cursor(&self, place: &Place) -> String {
        let text = serde_json::to_string(&(&self.listing.fingerprint, place)).unwrap_or_default();
        hex::encode(text)
    }

    /// Rows to ask for: one more than wanted tells whether there are more.
    pub fn limit(&self) -> u64 {
        u64::from(self.rows) + 1
    }

    /// The direction of the reading, which a page from the end turns round.
    pub fn direction(&self) -> Order {
        if self.listing.ascending == self.backward {
            Order::Desc
        } else {
            Order::Asc
        }
    }

    /// The condition that a row stands behind the cursor, in the direction of the reading. The bound on the key alone says nothing
    /// new; it is what lets SQLite seek in an index over an expression.
    pub fn behind(&self, key: &SimpleExpr, id: &SimpleExpr) -> Option<SimpleExpr> {
        let place = self.from.clone()?;
        let row = Expr::tuple([key.clone(), id.clone()]);
        let cursor = Expr::tuple([Expr::value(place.key.clone()), Expr::value(place.id)]);
        let key = key.clone();
        Some(if self.direction() == Order::Asc {
            key.gte(place.key).and(row.gt(cursor))
        } else {
            key.lte(place.key).and(row.lt(cursor))
        })
    }

    /// Makes a page of rows that were read in the direction of the reading.
    pub fn page<T>(&self, mut rows: Vec<T>) -> Page<T> {
        let wanted = usize::try_from(self.rows).unwrap_or(usize::MAX);
        let more = rows.len() > wanted;
        rows.truncate(wanted);
        if self.backward {
            rows.reverse();
            return Page {
                rows,
                has_next: self.has_cursor,
                has_previous: more,
            };
        }
        Page {
            rows,
            has_next: more,
            has_previous: self.has_cursor,
        }
    }

    /// Reads a page of `rows`, sorted by `key`.
    pub async fn read<E>(
        &self,
        conn: &impl ConnectionTrait,
        rows: Select<E>,
        key: SimpleExpr,
        id: SimpleExpr,
    ) -> Result<Page<E::Model>, DbErr>
    where
        E: EntityTrait,
        E::Model: Send + Sync,
    {
        Ok(self.page(self.cut(rows, key, id).all(conn).await?))
    }

    /// Cuts what a page is made of out of `rows`, sorted by `key`.
    pub fn cut<E: EntityTrait>(&self, rows: Select<E>, key: SimpleExpr, id: SimpleExpr) -> Select<E> {
        use sea_orm::QueryFilter;
        let behind = self.behind(&key, &id);
        let rows = rows
            .order_by(key, self.direction())
            .order_by(id, self.direction())
            .limit(self.limit());
        match behind {
            Some(behind) => rows.filter(behind),
            None => rows,
        }
    }
}

/// Escapes `%`, `_` and `\`, so that a search finds them as they are; for `LIKE … ESCAPE '\'`.
pub fn literal_pattern(needle: &str) -> String {
    let mut pattern = String::with_capacity(needle.len() + 2);
    pattern.push('%');
    for c in needle.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests;
