//! Stripe keys: told apart by their prefix before anything is sent.

use secrecy::{ExposeSecret, SecretString};

/// A secret or restricted key of the right form. Debug shows no more than [`Key::display`].
#[derive(Clone)]
pub struct Key {
    secret: SecretString,
    livemode: bool,
    prefix: &'static str,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.display())
    }
}

/// Why a text is not a key that can be used here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Nothing was given.
    #[error(
        "Give a Stripe secret key. It begins with sk_live_ or sk_test_; Stripe shows it under Developers, API keys."
    )]
    Blank,
    /// Pasted with something around it.
    #[error(
        "The key holds a space, a line break or another character that no Stripe key has. Copy it again, without anything around it."
    )]
    ForeignCharacter,
    /// The prefix is right, the rest is not.
    #[error(
        "The key is cut off or too long: after its prefix a Stripe key has 16 to 240 letters, digits and underscores."
    )]
    Length,
    /// No prefix that we know.
    #[error("This is not a Stripe secret key. It would begin with sk_live_, sk_test_, rk_live_ or rk_test_.")]
    UnknownPrefix,
    /// `pk_`
    #[error(
        "This is a publishable key (pk_). It cannot read anything. Use the secret key that stands below it in Stripe's dashboard (sk_)."
    )]
    Publishable,
    /// `whsec_`
    #[error("This is a webhook signing secret (whsec_), not an API key. Use the secret key (sk_).")]
    WebhookSecret,
    /// `ek_`
    #[error("This is an ephemeral key for mobile apps (ek_). Use the secret key (sk_).")]
    Ephemeral,
    /// `sk_org`
    #[error(
        "This is an organization key (sk_org). Use a secret key of the one account to be connected (sk_live_ or sk_test_)."
    )]
    Organization,
    /// `rk_` where the server takes secret keys only.
    #[error(
        "This server takes secret keys only (sk_), no restricted ones (rk_): it was started with --require-secret-key."
    )]
    RestrictedRefused,
}

/// Prefix, live mode, restricted. FACTS of Stripe: `rkcs_test_` are keys of claimable sandboxes.
const PREFIXES: [(&str, bool, bool); 5] = [
    ("sk_live_", true, false),
    ("sk_test_", false, false),
    ("rk_live_", true, true),
    ("rk_test_", false, true),
    ("rkcs_test_", false, true),
];

/// Characters of a key after its prefix.
const SHORTEST: usize = 16;
const LONGEST: usize = 240;

const OTHERS: [(&str, KeyError); 4] = [
    ("pk_", KeyError::Publishable),
    ("whsec_", KeyError::WebhookSecret),
    ("ek_", KeyError::Ephemeral),
    ("sk_org", KeyError::Organization),
];

impl Key {
    /// Reads a key as a person pasted it. Nothing is trimmed: what is stored is what was given.
    pub fn parse(text: &str, require_secret_key: bool) -> Result<Self, KeyError> {
        if text.trim().is_empty() {
            return Err(KeyError::Blank);
        }
        if let Some((_, error)) = OTHERS.iter().find(|(prefix, _)| text.trim_start().starts_with(prefix)) {
            return Err(*error);
        }
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Err(KeyError::ForeignCharacter);
        }
        let (prefix, livemode, restricted) = PREFIXES
            .into_iter()
            .find(|(prefix, ..)| text.starts_with(prefix))
            .ok_or(KeyError::UnknownPrefix)?;
        if !(SHORTEST..=LONGEST).contains(&(text.len() - prefix.len())) {
            return Err(KeyError::Length);
        }
        if restricted && require_secret_key {
            return Err(KeyError::RestrictedRefused);
        }
        Ok(Self {
            secret: text.to_owned().into(),
            livemode,
            prefix,
        })
    }

    /// Live or test data.
    pub fn livemode(&self) -> bool {
        self.livemode
    }

    /// For people: the prefix and the last four characters.
    pub fn display(&self) -> String {
        let text = self.secret.expose_secret();
        format!("{}…{}", self.prefix, &text[text.len() - 4..])
    }

    /// For the vault and the Authorization header, nothing else.
    pub fn secret(&self) -> &SecretString {
        &self.secret
    }
}

/// A key, or a signing secret of webhooks, stands in `text` as a word, whole or nearly so.
pub fn holds_secret(text: &str) -> bool {
    const OTHERS: [&str; 4] = ["whsec_", "sk_org_", "ek_live_", "ek_test_"];
    let prefixes = || PREFIXES.iter().map(|(prefix, ..)| *prefix).chain(OTHERS);
    let rest_of = |word: &str| prefixes().find_map(|prefix| word.strip_prefix(prefix).map(str::len));
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .any(|word| rest_of(word).is_some_and(|length| length >= SHORTEST))
}

/// `text` with everything that looks like a Stripe key or secret made unreadable. Stripe's error texts echo keys.
pub fn mask_keys(text: &str) -> String {
    const SECRET_PREFIXES: [&str; 6] = ["sk_", "rk_", "rkcs_", "pk_", "ek_", "whsec_"];
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '*';
    let mut masked = String::with_capacity(text.len());
    for word in text.split_inclusive(|c: char| !is_part(c)) {
        let body = word.trim_end_matches(|c: char| !is_part(c));
        match SECRET_PREFIXES.iter().find(|prefix| body.starts_with(*prefix)) {
            Some(prefix) => masked.extend([*prefix, "…", &word[body.len()..]]),
            None => masked.push_str(word),
        }
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(prefix: &str, length: usize) -> String {
        format!("{prefix}{}", "a1_B".repeat(60).chars().take(length).collect::<String>())
    }

    #[test]
    fn takes_secret_and_restricted_keys() {
        for (prefix, live) in [
            ("sk_live_", true),
            ("sk_test_", false),
            ("rk_live_", true),
            ("rk_test_", false),
            ("rkcs_test_", false),
        ] {
            for length in [16, 240] {
                assert_eq!(Key::parse(&key(prefix, length), false).unwrap().livemode(), live);
            }
            for length in [0, 15] {
                assert_eq!(Key::parse(&key(prefix, length), false).unwrap_err(), KeyError::Length);
            }
        }
        let long = format!("sk_live_{}", "a".repeat(241));
        assert_eq!(Key::parse(&long, false).unwrap_err(), KeyError::Length);
        assert_eq!(
            Key::parse(&key("rk_live_", 20), true).unwrap_err(),
            KeyError::RestrictedRefused
        );
        assert!(Key::parse(&key("sk_live_", 20), true).is_ok());
    }

    #[test]
    fn names_what_is_wrong() {
        let good = key("sk_test_", 24);
        for (text, error) in [
            (String::new(), KeyError::Blank),
            (" \t\r\n".into(), KeyError::Blank),
            (key("pk_live_", 24), KeyError::Publishable),
            (key("pk_test_", 24), KeyError::Publishable),
            (key("whsec_", 24), KeyError::WebhookSecret),
            (key("ek_live_", 24), KeyError::Ephemeral),
            (key("sk_org_live_", 24), KeyError::Organization),
            (format!(" {good}"), KeyError::ForeignCharacter),
            (format!("{good} "), KeyError::ForeignCharacter),
            (format!("{good}\r\nX-Evil: 1"), KeyError::ForeignCharacter),
            (good.replace('a', "а"), KeyError::ForeignCharacter),
            ("hello".into(), KeyError::UnknownPrefix),
            ("x".repeat(10_240), KeyError::UnknownPrefix),
            ("SK_LIVE_aaaaaaaaaaaaaaaaaaaa".into(), KeyError::UnknownPrefix),
        ] {
            assert_eq!(Key::parse(&text, false).unwrap_err(), error, "{text:?}");
        }
    }

    #[test]
    fn is_found_within_a_text() {
        for (text, held) in [
            (key("sk_live_", 16), true),
            (key("rk_test_", 99), true),
            (key("rkcs_test_", 16), true),
            (key("sk_org_live_", 16), true),
            (key("whsec_", 16), true),
            (format!("Authorization: Bearer {}.", key("sk_test_", 24)), true),
            (key("sk_live_", 15), false),
            (key("pk_live_", 24), false),
            (key("risk_test_", 24), false),
            ("sk_live_...".into(), false),
        ] {
            assert_eq!(holds_secret(&text), held, "{text}");
        }
    }

    #[test]
    fn is_never_shown() {
        let key = Key::parse("sk_test_abcdefghijklmnopWXYZ", false).unwrap();
        assert_eq!(format!("{key:?}"), "sk_test_…WXYZ");
        assert_eq!(
            mask_keys("Invalid API Key provided: sk_live_***1234, (rk_test_abc)."),
            "Invalid API Key provided: sk_…, (rk_…)."
        );
    }
}
