//! The forms of names that lists sort by and that search reads: the same on every database.

use unicode_casefold::UnicodeCaseFold;
use unicode_normalization::UnicodeNormalization;

/// The form that lists sort by: compatible characters unified, case folded.
pub fn name_key(name: &str) -> String {
    name.nfkc().case_fold().nfkc().collect()
}

/// The form that search reads: the parts folded like names, a line each, so that no match runs over two of them.
pub fn search_key<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    parts.map(name_key).collect::<Vec<_>>().join("\n")
}

/// The form in which e-mail addresses are compared: composed, without case, without spaces around it.
pub fn email_key(email: &str) -> String {
    email.trim().nfc().case_fold().nfc().collect()
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
        assert_eq!(search_key(["Acme", "A@B.c"].into_iter()), "acme\na@b.c");
    }
}
