//! Kinds of field that Stripe's objects share.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// The longest id that Stripe gives out.
const WORD_LENGTH: usize = 255;

/// Whether `text` can be an object's id, to be stored and asked for: a word, but no `.` or `..`, which a URL would drop.
pub fn is_id(text: &str) -> bool {
    is_word(text) && !matches!(text, "." | "..")
}

/// Whether `text` can be a word of Stripe's, to be stored: 1 to 255 characters, no control character.
pub fn is_word(text: &str) -> bool {
    (1..=WORD_LENGTH).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

/// The id of an expandable field, given as an id or as an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Id(pub String);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IdVisitor)
    }
}

struct IdVisitor;

impl<'de> Visitor<'de> for IdVisitor {
    type Value = Id;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id or an object with an id")
    }

    fn visit_str<E: serde::de::Error>(self, id: &str) -> Result<Id, E> {
        if is_id(id) {
            Ok(Id(id.to_owned()))
        } else {
            Err(E::custom(
                "an id is 1 to 255 characters long, none of them a control character",
            ))
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Id, A::Error> {
        let mut id = None;
        while let Some(name) = fields.next_key::<String>()? {
            if name == "id" {
                id = Some(fields.next_value::<Id>()?);
            } else {
                fields.next_value::<IgnoredAny>()?;
            }
        }
        id.ok_or_else(|| A::Error::missing_field("id"))
    }
}

/// An object's own id.
pub(super) fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Id::deserialize(deserializer).map(|id| id.0)
}

/// An expandable field whose object matters.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Expandable<T> {
    /// Not expanded.
    Id(String),
    /// Expanded.
    Object(T),
}

impl<T> Expandable<T> {
    /// The object, where it is expanded.
    pub fn object(&self) -> Option<&T> {
        match self {
            Self::Id(_) => None,
            Self::Object(object) => Some(object),
        }
    }

    /// The id, expanded or not.
    pub fn id<'a>(&'a self, of: impl Fn(&'a T) -> &'a str) -> &'a str {
        match self {
            Self::Id(id) => id,
            Self::Object(object) => of(object),
        }
    }
}

/// An exact decimal, given as text (`"0.125"`) or as a number.
///
/// A JSON number such as 25.5 is printed back by its shortest text, which is the text that Stripe sent for any number of up to
/// fifteen digits: nothing is lost on the way through a float.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exact(pub Decimal);

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Text {
            Text(String),
            Number(serde_json::Number),
        }
        let text = match Text::deserialize(deserializer)? {
            Text::Text(text) => text,
            Text::Number(number) => number.to_string(),
        };
        let exact = Decimal::from_str_exact(&text).or_else(|_| Decimal::from_scientific(&text));
        exact
            .or_else(|_| Decimal::from_str(&text))
            .map(Exact)
            .map_err(D::Error::custom)
    }
}

/// A list inside an object; absent and null are empty.
pub(super) fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::<Vec<T>>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// The `data` of a nested list. It has to be there: without its parts an object would be worth nothing.
pub(super) fn nested<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    #[derive(Deserialize)]
    struct Nested<T> {
        data: Vec<T>,
    }
    Nested::deserialize(deserializer).map(|nested| nested.data)
}

/// A currency's three letters.
pub(super) fn currency<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let code = String::deserialize(deserializer)?;
    if code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        Ok(code)
    } else {
        Err(D::Error::custom("a currency is three letters"))
    }
}
