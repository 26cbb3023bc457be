//! Reads the bodies of answers, never more of them than an honest answer has, and mends what no reader of JSON would take.

use reqwest::Response;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde_json::Value;

use super::attempt::Attempt;

/// A page of 100 invoices with ten lines each is about 3 MB; nothing honest comes near this.
const ANSWER_LIMIT: usize = 64 << 20;
/// Stripe says what is wrong in a few hundred bytes.
const REFUSAL_LIMIT: usize = 64 << 10;
const JSON: &[u8] = b"application/json";

/// The JSON of an answer.
pub(super) async fn read_json(response: Response) -> Result<Value, Attempt> {
    if !is_json(response.headers()) {
        return Err(Attempt::odd("the answer is not JSON"));
    }
    let bytes = read(response, ANSWER_LIMIT).await?;
    parse(&bytes).map_err(|_syntax| Attempt::odd("the answer is not whole JSON"))
}

/// Reads JSON. A text that was cut within a character, which leaves half of its escape or of its bytes, has U+FFFD there: one such
/// text is no reason to refuse a whole page.
fn parse(bytes: &[u8]) -> serde_json::Result<Value> {
    serde_json::from_slice(bytes).or_else(|_| serde_json::from_str(&mend(&String::from_utf8_lossy(bytes))))
}

/// The text with `\ufffd` for each escape of half a character.
fn mend(json: &str) -> String {
    let mut mended = String::with_capacity(json.len());
    let mut rest = json;
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

/// Unless something says that it is not: a page of somebody between may begin like JSON, too.
fn is_json(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_none_or(|kind| {
        let kind = kind.as_bytes();
        kind.get(..JSON.len())
            .is_some_and(|kind| kind.eq_ignore_ascii_case(JSON))
    })
}

/// What is said of a request that was refused; nothing where it does not arrive.
pub(super) async fn read_refusal(response: Response) -> Vec<u8> {
    read(response, REFUSAL_LIMIT).await.unwrap_or_default()
}

async fn read(mut response: Response, limit: usize) -> Result<Vec<u8>, Attempt> {
    let announced = usize::try_from(response.content_length().unwrap_or(0)).unwrap_or(0);
    let mut bytes = Vec::with_capacity(announced.min(limit));
    while let Some(chunk) = response.chunk().await.map_err(|error| Attempt::broken(&error))? {
        if bytes.len() + chunk.len() > limit {
            return Err(Attempt::odd("the answer does not end"));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(parse(json.as_bytes()).unwrap(), text, "{json}");
        }
        assert_eq!(parse(b"\"a\xF0\x9F\x98\"").unwrap(), "a\u{FFFD}");
        for torn in [r#""\ud83d"#, r#"{"a": "\u"}"#, r#""\ud8""#, "\"\\", r#""\x""#, ""] {
            assert!(parse(torn.as_bytes()).is_err(), "{torn}");
        }
    }
}
