//! The forms of names that lists sort by and that search reads: the same on every database.

use unicode_casefold::UnicodeCaseFold;
use unicode_normalization::UnicodeNormalization;

/// Where longer names begin alike, their order is no matter; PostgreSQL sorts by keys of some 2,700 bytes at most.
const KEY_LETTERS: usize = 255;

/// Bytes of what clients are found by. PostgreSQL takes keys of some 2,700 bytes.
pub(super) const KEY_LIMIT: usize = 1_000;

/// A key that can be looked up. What is too long for one, as folding may make it, finds nothing.
pub(super) fn findable(key: String) -> Option<String> {
    (1..=KEY_LIMIT).contains(&key.len()).then_some(key)
}

/// The form that lists sort by: compatible characters unified, case folded, the beginning of it.
pub fn name_key(name: &str) -> String {
    // Most text is ASCII alone, and folded at a tenth of the cost.
    if name.is_ascii() {
        return name.chars().take(KEY_LETTERS).collect::<String>().to_ascii_lowercase();
    }
    folded(name).take(KEY_LETTERS).collect()
}

fn folded(text: &str) -> impl Iterator<Item = char> {
    text.nfkc().case_fold().nfkc()
}

/// The form that search reads: the parts folded like names, a line each, so that no match runs over two of them.
pub fn search_key<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    parts
        .map(|part| {
            if part.is_ascii() {
                part.to_ascii_lowercase()
            } else {
                folded(part).collect()
            }
        })
        .collect::<Vec<_>>()
        .join("\n")
}

/// The form in which e-mail addresses are compared: composed, without case, without spaces around it.
pub fn email_key(email: &str) -> String {
    let email = email.trim();
    if email.is_ascii() {
        return email.to_ascii_lowercase();
    }
    email.nfc().case_fold().nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_alike_sort_together() {
        for (one, other) in [
            ("STRASSE", "straße"),
            ("ﬁne", "FINE"),
            ("Ａｃｍｅ", "acme"),
            ("e\u{301}", "é"),
            ("ΑΣ", "ας"),
        ] {
            assert_eq!(name_key(one), name_key(other), "{one} {other}");
        }
        assert_ne!(name_key("a"), name_key("b"));
        let ascii: String = ('\0'..='\x7f').collect();
        assert_eq!(name_key(&ascii), folded(&ascii).collect::<String>());
        assert_eq!(search_key([&*ascii].into_iter()), folded(&ascii).collect::<String>());
        assert_eq!(email_key(&ascii), ascii.nfc().case_fold().nfc().collect::<String>());
        assert_eq!(name_key(&"\u{10FFFD}".repeat(9_000)).len(), 4 * KEY_LETTERS);
        assert_eq!(search_key([&*"x".repeat(9_000)].into_iter()).len(), 9_000);
        assert_eq!(search_key(["Acme", "A@B.c"].into_iter()), "acme\na@b.c");
    }
}
