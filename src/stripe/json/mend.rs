//! Mends JSON whose texts were cut within a character, which leaves half of its escape or of its bytes.

/// The JSON with U+FFFD for each half.
pub(super) fn mended(json: &[u8]) -> String {
    let json = String::from_utf8_lossy(json);
    let mut mended = String::with_capacity(json.len());
    let mut rest = &*json;
    while let Some(at) = rest.find('\\') {
        mended.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = match (unit(rest), rest.get(6..).and_then(unit)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 12,
            (Some(0xD800..=0xDFFF), _) => {
                mended.push_str("\\ufffd");
                rest = &rest[6..];
                continue;
            }
            _ => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
        };
        mended.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    mended + rest
}

/// The UTF-16 unit whose escape `text` begins with.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::super::read;

    #[test]
    fn halves_of_characters_are_replaced_and_nothing_else() {
        for (json, text) in [
            (r#""\ud83d""#, "\u{FFFD}"),
            (r#""a\ud83d b""#, "a\u{FFFD} b"),
            (r#""\ude00\ud83d""#, "\u{FFFD}\u{FFFD}"),
            (r#""\ud83d\ud83d\ude00""#, "\u{FFFD}\u{1F600}"),
            (r#""\uD83D\uDE00\uD83D""#, "\u{1F600}\u{FFFD}"),
            (r#""\\ud83d \ud83d""#, "\\ud83d \u{FFFD}"),
            (r#""\\\ud83d\u0041\n""#, "\\\u{FFFD}A\n"),
            (r#""\ud83dü\u00fc""#, "\u{FFFD}üü"),
        ] {
            assert_eq!(read(json.as_bytes()).unwrap(), text, "{json}");
        }
        assert_eq!(read(b"\"a\xF0\x9F\x98\"").unwrap(), "a\u{FFFD}");
        for torn in [r#""\ud83d"#, r#"{"a": "\u"}"#, r#""\ud8""#, "\"\\", r#""\x""#, ""] {
            assert!(read(torn.as_bytes()).is_err(), "{torn}");
        }
    }
}
