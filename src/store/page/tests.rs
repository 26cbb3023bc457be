//! Pages: counts, cursors, patterns.

use super::*;

fn listing(list: &str) -> Listing {
    Listing::new(list, "NAME", Sorted::Text, true, &"filter")
}

fn code(args: &PageArgs) -> Option<Code> {
    match args.check(listing("clients")) {
        Err(Error::Refused(problems)) => problems.first().map(|problem| problem.code),
        Ok(_) | Err(_) => None,
    }
}

#[test]
fn counts_have_bounds() {
    for (first, last, expected) in [
        (None, None, None),
        (Some(1), None, None),
        (Some(100), None, None),
        (None, Some(100), None),
        (Some(101), None, Some(Code::OutOfRange)),
        (Some(0), None, Some(Code::OutOfRange)),
        (Some(-1), None, Some(Code::OutOfRange)),
        (None, Some(i32::MAX), Some(Code::OutOfRange)),
        (None, Some(i32::MIN), Some(Code::OutOfRange)),
        (Some(1), Some(1), Some(Code::Invalid)),
    ] {
        assert_eq!(
            code(&PageArgs {
                first,
                last,
                ..PageArgs::default()
            }),
            expected,
            "{first:?} {last:?}"
        );
    }
}

#[test]
fn a_cursor_comes_back_only_to_its_own_list() {
    let window = PageArgs::default().check(listing("clients")).unwrap();
    let place = Place {
        key: Key::Text("ä\"".into()),
        id: Uuid::nil(),
    };
    let cursor = window.cursor(&place);
    assert_eq!(read_cursor(&cursor, &listing("clients"), "after").unwrap(), place);
    assert!(read_cursor(&cursor, &listing("products"), "after").is_err());
    assert!(
        read_cursor(
            &cursor,
            &Listing::new("clients", "NAME", Sorted::Text, false, &"filter"),
            "after"
        )
        .is_err()
    );
    assert!(
        read_cursor(
            &cursor,
            &Listing::new("clients", "NAME", Sorted::Text, true, &"other"),
            "after"
        )
        .is_err()
    );
    for junk in ["", "zz", "00", &cursor[2..], &"a".repeat(1 << 20), "\0", "🦀"] {
        let after = Some(junk.to_owned());
        assert_eq!(
            code(&PageArgs {
                after,
                ..PageArgs::default()
            }),
            Some(Code::Invalid),
            "{}",
            junk.len()
        );
    }
}

#[test]
fn patterns_are_literal() {
    assert_eq!(literal_pattern(r"50%_\"), r"%50\%\_\\%");
}
