//! Stripe's JSON, read as it stands. The library's own reader of values takes an object whose first key is a certain word of its
//! own for something else, and keys of metadata are the merchants' to choose: one customer would keep all others out.

mod mend;

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Reads one value, and nothing after it. A text that was cut within a character has U+FFFD there: one such text is no reason to
/// refuse a whole page.
pub fn read(text: &[u8]) -> Result<Value, serde_json::Error> {
    let plain = serde_json::from_slice::<Plain>(text).or_else(|_| serde_json::from_str(&mend::mended(text)))?;
    Ok(plain.0)
}

/// A value in which every key is just a key.
struct Plain(Value);

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader).map(Plain)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Plain(value)) = entries.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some((name, Plain(value))) = entries.next_entry::<String, Plain>()? {
            fields.insert(name, value);
        }
        Ok(Value::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_what_the_library_reads() {
        for text in [
            "null",
            "true",
            "0",
            "-1",
            "18446744073709551615",
            "-9223372036854775808",
            "25.5",
            "1e2",
            "-0.0",
            r#""text with \"quotes\", \u00fc, \ud83e\uddfe and \u0000""#,
            "[]",
            "{}",
            r#" {"a": [1, {"b": null}], "a": 2, "": "last of two names counts"} "#,
        ] {
            let theirs: Value = serde_json::from_str(text).unwrap();
            assert_eq!(read(text.as_bytes()).unwrap(), theirs, "{text}");
        }
        let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(deep(127).as_bytes()).is_ok());
        let bad = ["", "{", "1 2", "1e999", "{a:1}", "nul", "\u{feff}1", &deep(128)];
        for text in bad {
            assert!(
                serde_json::from_str::<Value>(text).is_err() && read(text.as_bytes()).is_err(),
                "{text}"
            );
        }
    }

    #[test]
    fn a_word_of_the_library_is_a_key_like_others() {
        for word in ["$serde_json::private::RawValue", "$serde_json::private::Number"] {
            for value in ["no JSON", "{\"a\":1}", "1"] {
                let metadata = json!({ "metadata": { word: value } });
                assert_eq!(read(metadata.to_string().as_bytes()).unwrap(), metadata);
            }
        }
    }
}
