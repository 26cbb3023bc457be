//! The document as text: its bytes, tokens and brackets are counted before the parser recurses into it.

use async_graphql::ServerError;

use super::{Limits, too_much};

/// Refuses a text that is too long, has too many tokens, or nests too deep.
pub(super) fn check(text: &str, limits: &Limits) -> Result<(), ServerError> {
    if text.len() > limits.document_bytes {
        let message = format!("A document has at most {} bytes.", limits.document_bytes);
        return Err(too_much(message, None));
    }
    let (mut rest, mut tokens, mut nesting) = (text.as_bytes(), 0_usize, 0_usize);
    while let Some(&first) = rest.first() {
        let length = token_length(first, rest);
        match first {
            b'{' | b'[' | b'(' => nesting += 1,
            b'}' | b']' | b')' => nesting = nesting.saturating_sub(1),
            _ => {}
        }
        tokens += usize::from(!is_ignored(first));
        if tokens > limits.tokens {
            return Err(too_much(
                format!("A document has at most {} tokens.", limits.tokens),
                None,
            ));
        }
        if nesting > limits.nesting {
            let message = format!("Brackets nest at most {} deep.", limits.nesting);
            return Err(too_much(message, None));
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    Ok(())
}

/// White space, commas, comments and the byte order mark mean nothing.
fn is_ignored(first: u8) -> bool {
    matches!(first, b' ' | b'\t' | b'\r' | b'\n' | b',' | b'#' | 0xEF | 0xBB | 0xBF)
}

fn token_length(first: u8, rest: &[u8]) -> usize {
    let while_true = |is_part: fn(u8) -> bool| rest.iter().take_while(|&&byte| is_part(byte)).count();
    match first {
        b'#' => while_true(|byte| !matches!(byte, b'\n' | b'\r')),
        b'"' if rest.starts_with(b"\"\"\"") => block_string_length(rest),
        b'"' => string_length(rest),
        b'.' if rest.starts_with(b"...") => 3,
        b'-' | b'0'..=b'9' | b'_' | b'A'..=b'Z' | b'a'..=b'z' => {
            while_true(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'+')).max(1)
        }
        _ => 1,
    }
}

fn string_length(rest: &[u8]) -> usize {
    let mut at = 1;
    while let Some(&byte) = rest.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            // The string is not closed; what follows is read as the parser would, from the next line on.
            b'\n' | b'\r' => return at,
            _ => at += 1,
        }
    }
    rest.len()
}

fn block_string_length(rest: &[u8]) -> usize {
    let mut at = 3;
    while at < rest.len() {
        if rest[at..].starts_with(b"\\\"\"\"") {
            at += 4;
        } else if rest[at..].starts_with(b"\"\"\"") {
            return at + 3;
        } else {
            at += 1;
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::super::LIMITS;
    use super::*;

    fn passes(text: &str) -> bool {
        check(text, &LIMITS).is_ok()
    }

    #[test]
    fn bytes_at_the_limit_and_one_more() {
        assert!(passes(&" ".repeat(LIMITS.document_bytes)));
        assert!(!passes(&" ".repeat(LIMITS.document_bytes + 1)));
    }

    #[test]
    fn tokens_at_the_limit_and_one_more() {
        let document = |names: usize| format!("{{ {} }}", "a ".repeat(names));
        assert!(passes(&document(LIMITS.tokens - 2)));
        assert!(!passes(&document(LIMITS.tokens - 1)));
        assert!(!passes(&"...".repeat(LIMITS.tokens + 1)));
    }

    #[test]
    fn strings_and_comments_are_one_token_or_none() {
        let many = "a ".repeat(LIMITS.tokens);
        assert!(passes(&format!("{{ a(b: \"{many}\\\" {many}\") }}")));
        assert!(passes(&format!("{{ a(b: \"\"\"{many} \\\"\"\" \" {many}\"\"\") }}")));
        assert!(passes(&format!("# {many}\n{{ a }}")));
        assert!(!passes(&format!("{{ a(b: \"\") {many} }}")));
        assert!(!passes(&format!("# comment\n{many}{many}")));
    }

    #[test]
    fn brackets_at_the_limit_and_one_more() {
        for bracket in ["{", "[", "("] {
            assert!(passes(&bracket.repeat(LIMITS.nesting)));
            assert!(!passes(&bracket.repeat(LIMITS.nesting + 1)));
        }
        assert!(passes(&"{}".repeat(LIMITS.nesting * 2)));
    }
}
