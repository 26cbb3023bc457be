//! E-mail addresses: the form people give and the form that is looked up.

use crate::error::{Code, Error};

const MAX_CHARS: usize = 254;

/// The form that is unique and looked up.
pub use crate::map::key::email_key as key;

/// The address without spaces around it, if it can be one: something on both sides of one `@`, no spaces or control characters.
pub fn check(email: &str) -> Result<&str, Error> {
    let email = email.trim();
    if email.is_empty() {
        return Err(Error::refused(&["email"], Code::Required, "Give an e-mail address."));
    }
    if email.chars().count() > MAX_CHARS {
        let message = format!("An e-mail address has at most {MAX_CHARS} characters.");
        return Err(Error::refused(&["email"], Code::TooLong, message));
    }
    let plain = !email.chars().any(|c| c.is_whitespace() || c.is_control());
    match email.split_once('@') {
        Some((name, host)) if plain && !name.is_empty() && !host.is_empty() && !host.contains('@') => Ok(email),
        _ => Err(Error::refused(
            &["email"],
            Code::Invalid,
            "This is not an e-mail address.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_spaces_and_composition_do_not_matter_to_the_key() {
        assert_eq!(key(" Ada@Example.COM "), "ada@example.com");
        assert_eq!(key("e\u{301}@x.y"), key("\u{c9}@x.y"));
        assert_ne!(key("ada@example.com"), key("ada@example.org"));
    }

    #[test]
    fn an_address_has_two_sides() {
        for good in ["a@b", " ada@example.com ", "ü@ö.de"] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in ["", " ", "a", "@b", "a@", "a@b@c", "a b@c", "a\u{7}@b"] {
            assert!(check(bad).is_err(), "{bad}");
        }
        assert!(check(&format!("{}@b", "a".repeat(253))).is_err());
    }
}
