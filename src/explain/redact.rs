//! Leaves secrets out of JSON that is shown.

use serde_json::Value;

/// With these a payment can be finished by whoever holds them.
const SECRETS: [&str; 2] = ["client_secret", "confirmation_secret"];
const REDACTED: &str = "[redacted]";

/// The same JSON with a word in place of each secret.
pub(super) fn redacted(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.into_iter().map(|(name, value)| {
                let is_secret = SECRETS.contains(&name.as_str()) && !value.is_null();
                let value = if is_secret { REDACTED.into() } else { redacted(value) };
                (name, value)
            });
            Value::Object(members.collect())
        }
        Value::Array(items) => items.into_iter().map(redacted).collect(),
        plain => plain,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_left_out_wherever_they_are() {
        let object = json!({
            "id": "in_1", "client_secret": null,
            "payments": [{ "payment": { "client_secret": "pi_1_secret_2", "amount": 7 } }],
            "confirmation_secret": { "client_secret": "x", "type": "payment_intent" },
        });
        let expected = json!({
            "id": "in_1", "client_secret": null,
            "payments": [{ "payment": { "client_secret": "[redacted]", "amount": 7 } }],
            "confirmation_secret": "[redacted]",
        });
        assert_eq!(redacted(object), expected);
    }
}
