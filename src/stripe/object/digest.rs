//! Tells whether two readings show the same state, whatever the order of fields and whatever was left out as null.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// Links with a token in them and delivery times: they differ from one reading to the next without any change.
const PASSING: [&str; 5] = [
    "hosted_invoice_url",
    "invoice_pdf",
    "pdf",
    "receipt_url",
    "webhooks_delivered_at",
];

/// First half of the SHA-256 over a canonical form: keys sorted, null members left out, of nested lists only what they hold.
pub fn canonical_digest(object: &Value) -> [u8; 16] {
    let mut text = Vec::with_capacity(4096);
    write(object, &mut text);
    let digest = Sha256::digest(&text);
    std::array::from_fn(|at| digest[at])
}

fn write(value: &Value, text: &mut Vec<u8>) {
    match value {
        Value::Null => text.push(b'0'),
        Value::Bool(true) => text.push(b't'),
        Value::Bool(false) => text.push(b'f'),
        Value::Number(number) => text.extend_from_slice(number.to_string().as_bytes()),
        Value::String(string) => write_string(string, text),
        Value::Array(items) => {
            text.push(b'[');
            for item in items {
                write(item, text);
                text.push(b',');
            }
            text.push(b']');
        }
        Value::Object(fields) => write_fields(fields, text),
    }
}

/// What a merchant has written counts by whatever name it goes.
fn write_metadata(metadata: &Value, text: &mut Vec<u8>) {
    match metadata {
        Value::Object(fields) => write_each(fields, |_name| true, text),
        other => write(other, text),
    }
}

fn write_fields(fields: &Map<String, Value>, text: &mut Vec<u8>) {
    let is_list = fields.get("object").is_some_and(|object| object == "list");
    let counts = |name: &str| {
        if is_list {
            name == "data"
        } else {
            !PASSING.contains(&name)
        }
    };
    write_each(fields, counts, text);
}

fn write_each(fields: &Map<String, Value>, counts: impl Fn(&str) -> bool, text: &mut Vec<u8>) {
    let mut sorted: Vec<_> = fields
        .iter()
        .filter(|(name, value)| !value.is_null() && counts(name))
        .collect();
    sorted.sort_unstable_by_key(|(name, _)| name.as_str());
    text.push(b'{');
    for (name, value) in sorted {
        write_string(name, text);
        if name == "metadata" {
            write_metadata(value, text);
        } else {
            write(value, text);
        }
        text.push(b',');
    }
    text.push(b'}');
}

/// The length goes first, so that no two different objects can be written alike.
fn write_string(string: &str, text: &mut Vec<u8>) {
    text.extend_from_slice(string.len().to_string().as_bytes());
    text.push(b'"');
    text.extend_from_slice(string.as_bytes());
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sees_through_order_nulls_and_envelopes() {
        let one = json!({"id": "x", "name": null, "n": 1.5, "lines": {"object": "list", "data": [1, null], "has_more": true, "url": "/a"}});
        let same = json!({"lines": {"data": [1, null], "url": "/b", "object": "list"}, "n": 1.5, "id": "x", "hosted_invoice_url": "z"});
        assert_eq!(canonical_digest(&one), canonical_digest(&same));
        for other in [
            json!({"id": "x", "n": 1.5, "lines": {"object": "list", "data": [1]}}),
            json!({"id": "x", "n": 1, "lines": {"object": "list", "data": [1, null]}}),
            json!({"id": "x", "n": 1.5, "lines": {"object": "list", "data": [null, 1]}}),
        ] {
            assert_ne!(canonical_digest(&one), canonical_digest(&other), "{other}");
        }
    }

    #[test]
    fn in_metadata_every_name_counts() {
        for (one, other) in [
            (json!({"pdf": "a"}), json!({"pdf": "b"})),
            (json!({"receipt_url": "a"}), json!({})),
            (
                json!({"object": "list", "data": "x", "n": "1"}),
                json!({"object": "list", "data": "x", "n": "2"}),
            ),
        ] {
            let of = |metadata| canonical_digest(&json!({"id": "x", "metadata": metadata}));
            assert_ne!(of(one.clone()), of(other), "{one}");
        }
        let within = |url| json!({"id": "x", "lines": {"object": "list", "data": [{"metadata": {}, "pdf": url}]}});
        assert_eq!(canonical_digest(&within("a")), canonical_digest(&within("b")));
    }

    #[test]
    fn strings_cannot_run_into_each_other() {
        assert_ne!(
            canonical_digest(&json!({"a": "b\"1c"})),
            canonical_digest(&json!({"a": "b", "1c": ""}))
        );
        assert_ne!(
            canonical_digest(&json!(["a", "b"])),
            canonical_digest(&json!(["a\",1\"b"]))
        );
    }
}
