//! Files of every kind, in one piece and byte by byte.

use super::*;

/// Gives one byte a time.
struct Slow<'a>(&'a [u8]);

impl Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let some = buffer.len().min(1);
        self.0.read(&mut buffer[..some])
    }
}

type Records = Vec<(u64, Vec<String>)>;

fn read(file: impl Read, delimiter: u8) -> Result<Records, String> {
    let whole = || {
        let mut sheet = Sheet::open(file, delimiter)?;
        let mut records = Vec::new();
        while let Some((line, record)) = sheet.next()? {
            let cells = record.iter().map(|cell| String::from_utf8_lossy(cell).into_owned());
            records.push((line, cells.collect()));
        }
        anyhow::Ok(records)
    };
    whole().map_err(|error| format!("{error:#}"))
}

fn records(file: &str) -> Result<Records, String> {
    let at_once = read(file.as_bytes(), b',');
    assert_eq!(read(Slow(file.as_bytes()), b','), at_once, "{file:?}");
    at_once
}

fn expected(records: &[(u64, &[&str])]) -> Records {
    let own = |(line, cells): &(u64, &[&str])| (*line, cells.iter().map(|cell| (*cell).to_owned()).collect());
    records.iter().map(own).collect()
}

#[test]
fn lines_are_counted_as_an_editor_counts_them() {
    for (file, lines) in [
        ("", &[][..]),
        ("\n\r\n\r", &[]),
        ("a", &[(1, &["a"][..])]),
        ("a\n", &[(1, &["a"])]),
        ("a\nb\n", &[(1, &["a"]), (2, &["b"])]),
        ("a\r\nb\r\n", &[(1, &["a"]), (2, &["b"])]),
        ("a\rb\rc", &[(1, &["a"]), (2, &["b"]), (3, &["c"])]),
        ("a\n\nb\r\n\r\n\rc", &[(1, &["a"]), (3, &["b"]), (6, &["c"])]),
        ("\r\n\na\n,\n , \nb", &[(3, &["a"]), (6, &["b"])]),
        ("\"a\n1\r\n2\r3\",b\nc", &[(1, &["a\n1\r\n2\r3", "b"]), (5, &["c"])]),
        ("\"a\r\"\r\nb", &[(1, &["a\r"]), (3, &["b"])]),
        ("\"a\"\"\",\"\",b\"c\nd", &[(1, &["a\"", "", "b\"c"]), (2, &["d"])]),
        (".\n.\n", &[(1, &["."]), (2, &["."])]),
        ("\u{feff}\"a\"\nb", &[(1, &["a"]), (2, &["b"])]),
        ("é,\u{1f600}\nb,,", &[(1, &["é", "\u{1f600}"]), (2, &["b", "", ""])]),
    ] {
        assert_eq!(records(file), Ok(expected(lines)), "{file:?}");
    }
}

#[test]
fn an_open_quotation_mark_is_told_with_its_line() {
    let said = "line 3: a quotation mark is opened, and not closed until the end of the file";
    for file in [
        "a\nb\n\"c",
        "a\nb\n\"c\nd\n",
        "a\nb\nc,\"\n",
        "a\r\nb\r\n\"c\"\"",
        "a\nb\n\"",
    ] {
        assert_eq!(records(file), Err(said.to_owned()), "{file:?}");
    }
    for closed in ["\"a\"", "\"a\"\n", "\"\"", "\"a\"\"\"", "a\""] {
        assert!(records(closed).is_ok(), "{closed:?}");
    }
}

#[test]
fn a_record_without_an_end_is_not_read_into_memory() {
    let many = format!("a\n\"{}", "x\n".repeat(20 << 20));
    let error = read(many.as_bytes(), b',').unwrap_err();
    assert!(
        error.contains("from line 2 on") && error.contains("more than 16 MiB"),
        "{error}"
    );
    let long = "x".repeat(15 << 20);
    let records = read(format!("{long}\n{long}\nb").as_bytes(), b',').unwrap();
    assert_eq!(records.last(), Some(&(3, vec!["b".to_owned()])));
}

#[test]
fn utf_16_is_told_from_utf_8() {
    let wide = |mark: [u8; 2]| [&mark[..], b"a\0,\0b\0"].concat();
    for mark in [[0xFF, 0xFE], [0xFE, 0xFF]] {
        let error = read(&*wide(mark), b',').unwrap_err();
        assert!(error.contains("UTF-16") && error.contains("UTF-8"), "{error}");
    }
}

#[test]
fn other_delimiters_part_cells() {
    assert_eq!(read(&b"a;b,c\n"[..], b';'), Ok(expected(&[(1, &["a", "b,c"])])));
    assert_eq!(read(&b"a\tb;c\n"[..], b'\t'), Ok(expected(&[(1, &["a", "b;c"])])));
}
