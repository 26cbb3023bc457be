//! Passwords: what is accepted, and whether one is right.

use std::sync::LazyLock;

use super::hashing;
use crate::error::{Code, Error};

/// Fewest characters of a new password.
pub const MIN_CHARS: usize = 12;
/// Most characters of a password; a longer one is refused before it is hashed.
pub const MAX_CHARS: usize = 256;

/// Fewer different characters than this make a password easy to guess, however long it is.
const MIN_DIFFERENT: usize = 5;

/// What guessers try first, and this product's own words. A password made of one of them, repeated or with digits and signs
/// around it, is refused.
const COMMON: [&str; 36] = [
    "abcdefghijkl",
    "abcdefghijklmnopqrstuvwxyz",
    "access",
    "admin",
    "administrator",
    "asdfghjkl",
    "baseball",
    "batman",
    "changeme",
    "charlie",
    "computer",
    "donald",
    "dragon",
    "football",
    "freedom",
    "iloveyou",
    "letmein",
    "login",
    "master",
    "michael",
    "monkey",
    "passphrase",
    "password",
    "princess",
    "qazwsxedc",
    "qwerty",
    "qwertyuiop",
    "secret",
    "shadow",
    "starwars",
    "stripe",
    "sunshine",
    "superman",
    "tributary",
    "trustno",
    "welcome",
];

/// Checked in place of the hash of a user who does not exist, so that both take the same time.
static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| hashing::hash("nobody has this password").ok());

/// Checks a new password; `path` is where it stands in the input.
pub fn check_new(password: &str, path: &[&str]) -> Result<(), Error> {
    let chars = password.chars().count();
    if chars < MIN_CHARS {
        let message = format!("A password has at least {MIN_CHARS} characters.");
        return Err(Error::refused(path, Code::TooShort, message));
    }
    if chars > MAX_CHARS {
        let message = format!("A password has at most {MAX_CHARS} characters.");
        return Err(Error::refused(path, Code::TooLong, message));
    }
    if is_weak(password) {
        let message = "This password is among the first that are tried; choose another.";
        return Err(Error::refused(path, Code::WeakPassword, message));
    }
    Ok(())
}

fn is_weak(password: &str) -> bool {
    let lower = password.to_lowercase();
    let mut different: Vec<char> = lower.chars().collect();
    different.sort_unstable();
    different.dedup();
    let letters: String = lower.chars().filter(|c| c.is_alphabetic()).collect();
    different.len() < MIN_DIFFERENT || is_sequence(&lower) || COMMON.iter().any(|word| is_repeated(&letters, word))
}

/// `1234567890123`, `abcdefghijklm`: each character follows the one before it.
fn is_sequence(text: &str) -> bool {
    let follows =
        |(a, b): (char, char)| u32::from(b) == u32::from(a) + 1 || (a, b) == ('9', '0') || (a, b) == ('0', '1');
    text.chars().zip(text.chars().skip(1)).all(follows)
}

fn is_repeated(letters: &str, word: &str) -> bool {
    !letters.is_empty() && letters.len().is_multiple_of(word.len()) && letters.replace(word, "").is_empty()
}

/// The Argon2id hash of `password` in PHC form, with a salt of its own.
pub async fn hash(password: &str) -> Result<String, Error> {
    let password = password.to_owned();
    hashing::on_a_thread(move || hashing::hash(&password)).await?
}

/// Whether `password` is the one that `hash` was made of; without a hash it takes as long and says no.
pub async fn verify(password: &str, hash: Option<&str>) -> Result<bool, Error> {
    if password.chars().count() > MAX_CHARS {
        return Ok(false);
    }
    let (password, hash) = (password.to_owned(), hash.map(str::to_owned));
    hashing::on_a_thread(move || {
        // Made by the first call whoever it is for, so that this call does not tell either.
        let nobody = NOBODY.as_deref();
        let matches = hash
            .as_deref()
            .or(nobody)
            .is_some_and(|hash| hashing::matches(&password, hash));
        hash.is_some() && matches
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(password: &str) -> Option<Code> {
        match check_new(password, &["password"]) {
            Err(Error::Refused(problems)) => Some(problems[0].code),
            _ => None,
        }
    }

    #[test]
    fn length_is_counted_in_characters() {
        assert_eq!(code("abcdefghijä"), Some(Code::TooShort));
        assert_eq!(code("horse-staple"), None);
        assert_eq!(code(&"horse-staple🔑".repeat(19)), None);
        assert_eq!(code(&"horse-staple🔑".repeat(20)), Some(Code::TooLong));
    }

    #[test]
    fn what_is_tried_first_is_refused() {
        for weak in [
            "Password1234!",
            "passwordpassword",
            "123456789012",
            "aaaaaaaaaaaaaa",
            "abababababab",
            "Tributary2026",
            "--Administrator--",
            "abcdefghijklmn",
            "qwertyuiop12",
        ] {
            assert_eq!(code(weak), Some(Code::WeakPassword), "{weak}");
        }
        for fair in ["correct horse battery", "tributary of the Main", "x7#kPq!2mZv9"] {
            assert_eq!(code(fair), None, "{fair}");
        }
    }

    #[tokio::test]
    async fn only_the_same_bytes_match() {
        let hash = hash("pa\u{df}word with é").await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify("pa\u{df}word with é", Some(&hash)).await.unwrap());
        assert!(!verify("pa\u{df}word with e\u{301}", Some(&hash)).await.unwrap());
        assert!(!verify("nobody has this password", None).await.unwrap());
        assert!(!verify(&"x".repeat(MAX_CHARS + 1), Some(&hash)).await.unwrap());
    }
}
