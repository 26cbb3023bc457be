//! Keys: who may ask, and for what.

use std::sync::{Mutex, PoisonError};

use super::error::Refusal;
use crate::options::Options;

/// The keys a sandbox knows.
#[derive(Debug)]
pub(crate) struct Keys {
    secret: String,
    restricted: Mutex<Vec<(String, Vec<String>)>>,
    expired: Mutex<Vec<String>>,
    account: String,
}

impl Keys {
    pub(crate) fn new(options: &Options, account: String) -> Self {
        let mode = if options.livemode { "live" } else { "test" };
        Self {
            secret: format!("sk_{mode}_Sandbox{:024X}", u128::from(options.seed) + 0x5A_0000),
            restricted: Mutex::new(options.restricted_keys.clone()),
            expired: Mutex::new(options.expired_keys.clone()),
            account,
        }
    }

    /// The key is no longer good.
    pub(crate) fn expire(&self, key: &str) {
        let mut expired = self.expired.lock().unwrap_or_else(PoisonError::into_inner);
        expired.push(key.to_owned());
    }

    /// A restricted key has these rights from now on.
    pub(crate) fn restrict(&self, key: &str, rights: Vec<String>) {
        let mut restricted = self.restricted.lock().unwrap_or_else(PoisonError::into_inner);
        restricted.retain(|(known, _)| known != key);
        restricted.push((key.to_owned(), rights));
    }

    /// The key is or was good here.
    pub(crate) fn knows(&self, key: &str) -> bool {
        let restricted = self.restricted.lock().unwrap_or_else(PoisonError::into_inner);
        key == self.secret || restricted.iter().any(|(known, _)| known == key)
    }

    pub(crate) fn secret(&self) -> &str {
        &self.secret
    }

    /// Lets a request through if its key holds the right.
    pub(crate) fn admit(&self, authorization: Option<&str>, right: Right) -> Result<(), Refusal> {
        let key = self.identify(authorization)?;
        if self.may(&key, right.name) || self.may(&key, &right.name.replace("_read", "_write")) {
            return Ok(());
        }
        Err(Refusal::forbidden(
            &mask(&key),
            &self.account,
            right.resource,
            right.name,
        ))
    }

    /// The key of a request, if it is one of ours.
    pub(crate) fn identify(&self, authorization: Option<&str>) -> Result<String, Refusal> {
        let key = authorization.and_then(key_of).ok_or_else(|| {
            Refusal::unauthorized(
                "You did not provide an API key. You need to provide your API key in the \
                 Authorization header, using Bearer auth.",
            )
        })?;
        let expired = self.expired.lock().unwrap_or_else(PoisonError::into_inner);
        if expired.contains(&key) {
            return Err(Refusal::expired(&mask(&key)));
        }
        let restricted = self.restricted.lock().unwrap_or_else(PoisonError::into_inner);
        if key != self.secret && !restricted.iter().any(|(known, _)| *known == key) {
            let message = format!("Invalid API Key provided: {}", mask(&key));
            return Err(Refusal::unauthorized(&message));
        }
        Ok(key)
    }

    fn may(&self, key: &str, right: &str) -> bool {
        let restricted = self.restricted.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rights = restricted
            .iter()
            .filter(|(known, _)| known == key)
            .flat_map(|(_, rights)| rights);
        key == self.secret || rights.any(|held| held.trim_start_matches("rak_") == right)
    }
}

/// What a key needs to read a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Right {
    /// What the Dashboard calls the resource.
    pub(crate) resource: &'static str,
    /// Such as `customer_read`; a `_write` of the same name implies it.
    pub(crate) name: &'static str,
}

/// The key of a request as a log may show it.
pub(crate) fn masked(authorization: Option<&str>) -> Option<String> {
    authorization.and_then(key_of).map(|key| mask(&key))
}

/// The key in a Bearer or Basic header.
pub(crate) fn key_of(authorization: &str) -> Option<String> {
    let (scheme, rest) = authorization.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.trim().to_owned()).filter(|key| !key.is_empty());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = decode_base64(rest.trim())?;
    let user = decoded.split(':').next().unwrap_or_default();
    (!user.is_empty()).then(|| user.to_owned())
}

fn decode_base64(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let (mut held, mut bits) = (0u32, 0);
    for letter in text.bytes().filter(|letter| *letter != b'=') {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        held = (held << 6) | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((held >> bits) & 0xFF).ok()?);
        }
    }
    String::from_utf8(bytes).ok()
}

/// The key with everything between prefix and last four letters starred.
fn mask(key: &str) -> String {
    let letters = key.chars().count();
    let prefix = key.match_indices('_').nth(1).map_or(0, |(place, _)| place + 1);
    key.chars()
        .enumerate()
        .map(|(place, letter)| {
            if place < prefix || place + 4 >= letters {
                letter
            } else {
                '*'
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{key_of, mask};

    #[test]
    fn both_schemes_carry_a_key() {
        assert_eq!(key_of("Bearer sk_test_1").as_deref(), Some("sk_test_1"));
        assert_eq!(key_of("Basic c2tfdGVzdF8xOg==").as_deref(), Some("sk_test_1"));
        assert_eq!(key_of("Digest x"), None);
    }

    #[test]
    fn a_masked_key_shows_prefix_and_end() {
        assert_eq!(mask("sk_test_abcdef1234"), "sk_test_******1234");
    }
}
