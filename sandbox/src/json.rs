//! JSON as the sandbox builds it: names and fixed words are borrowed and fields
//! keep their order, which renders many times faster than a map of strings.

use std::borrow::Cow;
use std::ops::{Index, IndexMut};

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Number, Value};

static NULL: Json = Json::Null;

/// A JSON value.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Json {
    #[default]
    Null,
    Bool(bool),
    Int(i64),
    /// A number that is no `i64`.
    Number(Number),
    Text(Cow<'static, str>),
    Array(Vec<Json>),
    Object(Fields),
}

/// The fields of an object, in the order they were added.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Fields(Vec<(Cow<'static, str>, Json)>);

impl Fields {
    pub(crate) fn get(&self, name: &str) -> Option<&Json> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut Json> {
        let found = self.0.iter_mut().find(|(known, _)| known == name);
        found.map(|(_, value)| value)
    }

    /// The value of a field, which is added as null where it is missing.
    pub(crate) fn entry(&mut self, name: Cow<'static, str>) -> &mut Json {
        let place = self.0.iter().position(|(known, _)| *known == name);
        let place = place.unwrap_or_else(|| {
            self.0.push((name, Json::Null));
            self.0.len() - 1
        });
        &mut self.0[place].1
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &(Cow<'static, str>, Json)> {
        self.0.iter()
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut Json> {
        self.0.iter_mut().map(|(_, value)| value)
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| known != name);
    }

    /// Adds another object's fields, none of which may be here yet.
    pub(crate) fn append(&mut self, more: Json) {
        if let Json::Object(more) = more {
            self.0.extend(more.0);
        }
    }
}

impl IntoIterator for Fields {
    type Item = (Cow<'static, str>, Json);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl FromIterator<(Cow<'static, str>, Json)> for Fields {
    fn from_iter<T: IntoIterator<Item = (Cow<'static, str>, Json)>>(fields: T) -> Self {
        Self(fields.into_iter().collect())
    }
}

impl Json {
    pub(crate) fn get(&self, name: &str) -> Option<&Json> {
        self.as_object()?.get(name)
    }

    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut Json> {
        self.as_object_mut()?.get_mut(name)
    }

    /// The value at the end of a path of names.
    pub(crate) fn at(&self, path: &[&str]) -> &Json {
        path.iter().fold(self, |value, name| &value[*name])
    }

    pub(crate) fn as_object(&self) -> Option<&Fields> {
        match self {
            Self::Object(fields) => Some(fields),
            _ => None,
        }
    }

    pub(crate) fn as_object_mut(&mut self) -> Option<&mut Fields> {
        match self {
            Self::Object(fields) => Some(fields),
            _ => None,
        }
    }

    pub(crate) fn as_array_mut(&mut self) -> Option<&mut Vec<Json>> {
        match self {
            Self::Array(entries) => Some(entries),
            _ => None,
        }
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            _ => None,
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        *self == Self::Null
    }

    /// The value, leaving null behind.
    pub(crate) fn take(&mut self) -> Self {
        std::mem::take(self)
    }
}

impl Index<&str> for Json {
    type Output = Json;

    fn index(&self, name: &str) -> &Json {
        self.get(name).unwrap_or(&NULL)
    }
}

impl IndexMut<&'static str> for Json {
    /// The field of that name; what was no object becomes one.
    fn index_mut(&mut self, name: &'static str) -> &mut Json {
        if !matches!(self, Self::Object(_)) {
            *self = Self::Object(Fields::default());
        }
        match self {
            Self::Object(fields) => fields.entry(Cow::Borrowed(name)),
            other => other,
        }
    }
}

impl PartialEq<str> for Json {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == Some(other)
    }
}

impl PartialEq<&str> for Json {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == Some(*other)
    }
}

impl PartialEq<bool> for Json {
    fn eq(&self, other: &bool) -> bool {
        *self == Self::Bool(*other)
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Json {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<i32> for Json {
    fn from(value: i32) -> Self {
        Self::Int(value.into())
    }
}

impl From<&str> for Json {
    fn from(value: &str) -> Self {
        Self::Text(Cow::Owned(value.to_owned()))
    }
}

impl From<&Json> for Json {
    fn from(value: &Json) -> Self {
        value.clone()
    }
}

impl From<String> for Json {
    fn from(value: String) -> Self {
        Self::Text(Cow::Owned(value))
    }
}

impl<T: Into<Json>> From<Option<T>> for Json {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<T: Into<Json>> From<Vec<T>> for Json {
    fn from(entries: Vec<T>) -> Self {
        Self::Array(entries.into_iter().map(Into::into).collect())
    }
}

impl From<f64> for Json {
    fn from(value: f64) -> Self {
        Number::from_f64(value).map_or(Self::Null, Self::Number)
    }
}

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(value),
            Value::Number(number) => number.as_i64().map_or(Self::Number(number), Self::Int),
            Value::String(text) => text.into(),
            Value::Array(entries) => entries.into(),
            Value::Object(fields) => Self::Object(
                fields
                    .into_iter()
                    .map(|(name, value)| (Cow::Owned(name), value.into()))
                    .collect(),
            ),
        }
    }
}

impl From<Json> for Value {
    fn from(json: Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(value),
            Json::Int(value) => value.into(),
            Json::Number(number) => Self::Number(number),
            Json::Text(text) => Self::String(text.into_owned()),
            Json::Array(entries) => entries.into_iter().map(Self::from).collect(),
            Json::Object(fields) => fields
                .into_iter()
                .map(|(name, value)| (name.into_owned(), Self::from(value)))
                .collect(),
        }
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => serializer.serialize_i64(*value),
            Self::Number(number) => number.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Array(entries) => serializer.collect_seq(entries),
            Self::Object(Fields(fields)) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (name, value) in fields {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}

/// A value written out in the code, which is not copied.
pub(crate) trait Literal {
    fn into_json(self) -> Json;
}

impl Literal for &'static str {
    fn into_json(self) -> Json {
        Json::Text(Cow::Borrowed(self))
    }
}

impl Literal for bool {
    fn into_json(self) -> Json {
        Json::Bool(self)
    }
}

impl Literal for i32 {
    fn into_json(self) -> Json {
        Json::Int(self.into())
    }
}

/// JSON written as JSON; a value may be any expression that becomes [`Json`].
macro_rules! json {
    (null) => { $crate::json::Json::Null };
    ({ $($fields:tt)* }) => { $crate::json::json!(@fields [] $($fields)*) };
    ([ $($entry:expr),* $(,)? ]) => {
        $crate::json::Json::Array(vec![$($crate::json::Json::from($entry)),*])
    };
    (@fields [$($done:tt)*]) => {
        $crate::json::Json::Object([$($done)*].into_iter().collect())
    };
    (@fields [$($done:tt)*] $name:literal : null $(, $($rest:tt)*)?) => {
        $crate::json::json!(@fields [$($done)* $crate::json::field($name, $crate::json::Json::Null),] $($($rest)*)?)
    };
    (@fields [$($done:tt)*] $name:literal : { $($inner:tt)* } $(, $($rest:tt)*)?) => {
        $crate::json::json!(@fields
            [$($done)* $crate::json::field($name, $crate::json::json!({ $($inner)* })),] $($($rest)*)?)
    };
    (@fields [$($done:tt)*] $name:literal : [ $($inner:tt)* ] $(, $($rest:tt)*)?) => {
        $crate::json::json!(@fields
            [$($done)* $crate::json::field($name, $crate::json::json!([ $($inner)* ])),] $($($rest)*)?)
    };
    (@fields [$($done:tt)*] $name:literal : $value:literal $(, $($rest:tt)*)?) => {
        $crate::json::json!(@fields
            [$($done)* $crate::json::field($name, $crate::json::Literal::into_json($value)),] $($($rest)*)?)
    };
    (@fields [$($done:tt)*] $name:literal : $value:expr $(, $($rest:tt)*)?) => {
        $crate::json::json!(@fields [$($done)* $crate::json::field($name, $value),] $($($rest)*)?)
    };
    ($value:literal) => { $crate::json::Literal::into_json($value) };
    ($value:expr) => { $crate::json::Json::from($value) };
}
pub(crate) use json;

/// A field under a fixed name.
pub(crate) fn field(name: &'static str, value: impl Into<Json>) -> (Cow<'static, str>, Json) {
    (Cow::Borrowed(name), value.into())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::Json;

    #[test]
    fn json_survives_both_ways() {
        let ours = json!({
            "text": "a", "none": null, "list": [1, 2], "inner": {"yes": true}, "some": Some(3),
        });
        let text = serde_json::to_string(&ours).unwrap();
        let theirs: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(theirs["inner"]["yes"], true);
        assert_eq!(Value::from(ours), theirs);
        let decimal = Json::from(serde_json::json!(25.5));
        assert_eq!(serde_json::to_string(&decimal).unwrap(), "25.5");
    }
}
