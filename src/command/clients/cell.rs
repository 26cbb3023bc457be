//! Cells that no spreadsheet runs. What begins like a formula gets an apostrophe in front, which is taken off again when it is read.

use std::borrow::Cow;

/// What a spreadsheet may take for the beginning of a formula: tabs and line breaks because it may skip them, wide forms where people
/// write wide.
const BEGINNINGS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
const APOSTROPHE: char = '\'';

/// The cell that shows `text`.
pub(super) fn guarded(text: &str) -> Cow<'_, str> {
    if begins_like_formula(text) && !is_number(text) {
        format!("{APOSTROPHE}{text}").into()
    } else {
        text.into()
    }
}

/// The text that a cell shows. What others than we have written is as it is, but for an apostrophe of this kind.
pub(super) fn shown(cell: &str) -> &str {
    match cell.strip_prefix(APOSTROPHE) {
        Some(text) if begins_like_formula(text) => text,
        _ => cell,
    }
}

/// Spaces in front may be skipped, too. Apostrophes in front count with it, so that none of them is taken for ours.
fn begins_like_formula(text: &str) -> bool {
    text.trim_start_matches([' ', APOSTROPHE]).starts_with(BEGINNINGS)
}

/// A negative amount is none of those that could run anything.
fn is_number(text: &str) -> bool {
    let Some(digits) = text.strip_prefix('-') else {
        return false;
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    are_digits(whole) && are_digits(part)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_could_run_is_guarded_and_numbers_stay_numbers() {
        for (text, cell) in [
            ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
            ("+1 234", "'+1 234"),
            ("-2+3", "'-2+3"),
            ("--1", "'--1"),
            ("-", "'-"),
            ("-1.", "'-1."),
            ("-1e5", "'-1e5"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "'\r=1"),
            ("\n=1", "'\n=1"),
            ("＝1", "'＝1"),
            ("＋1", "'＋1"),
            ("－1", "'－1"),
            ("＠SUM(A1)", "'＠SUM(A1)"),
            ("'=1", "''=1"),
            ("''-1", "'''-1"),
            (" =1", "' =1"),
            ("-19.90", "-19.90"),
            ("-5", "-5"),
            ("19.90", "19.90"),
            ("'n Sync", "'n Sync"),
            ("a=b", "a=b"),
            ("", ""),
        ] {
            assert_eq!(guarded(text), cell, "{text:?}");
            assert_eq!(shown(cell), text, "{cell:?}");
        }
        assert_eq!(shown("'-19.90"), "-19.90", "as others guard numbers");
        assert_eq!(shown("=1"), "=1", "as others do not guard");
    }

    proptest! {
        #[test]
        fn every_text_comes_back(text in "(?s)['=+@＝＋－＠\t\r\n 0-9.-]{0,4}.{0,6}") {
            let cell = guarded(&text).into_owned();
            prop_assert_eq!(shown(&cell), &text);
            let runs = cell.trim_start_matches(' ').starts_with(BEGINNINGS) && !is_number(&cell);
            prop_assert!(!runs, "{:?}", cell);
        }
    }
}
