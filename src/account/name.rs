//! Names that people give: of themselves, of their tokens.

use crate::error::{Code, Error};

/// Most characters of a name.
pub const MAX_CHARS: usize = 100;

/// The name without spaces around it, one line of plain characters; `missing` is said where there is none.
pub fn check<'a>(name: &'a str, missing: &str) -> Result<&'a str, Error> {
    let name = name.trim();
    let refused = |code, message: &str| Err(Error::refused(&["name"], code, message));
    match name.chars().count() {
        0 => refused(Code::Required, missing),
        _ if name.chars().any(char::is_control) => refused(Code::Invalid, "A name has no control characters."),
        1..=MAX_CHARS => Ok(name),
        _ => refused(Code::TooLong, &format!("A name has at most {MAX_CHARS} characters.")),
    }
}
