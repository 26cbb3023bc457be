//! Addresses that can be read, and what is said of others.

use super::*;

fn file(text: &str) -> NamedFile {
    match Address::parse(text).unwrap().0 {
        Place::Sqlite(file) => file,
        Place::Postgres(_) => panic!("{text} is a file's"),
    }
}

fn refused(text: &str) -> String {
    Address::parse(text).unwrap_err()
}

#[test]
fn an_address_of_a_file_may_say_how_it_is_opened() {
    for (text, path, is_made) in [
        ("sqlite://data/x.db", "data/x.db", true),
        ("sqlite:data/x.db", "data/x.db", true),
        ("sqlite:///var/x.db", "/var/x.db", true),
        ("sqlite://x.db?mode=rwc", "x.db", true),
        ("sqlite:x.db?mode=rw", "x.db", false),
        ("sqlite://x.db?", "x.db", true),
        ("sqlite://a%3Fb%20c%25.db?mode=rwc", "a?b c%.db", true),
        ("sqlite://100%/x#1.db", "100%/x#1.db", true),
    ] {
        let read = file(text);
        assert_eq!((read.path, read.is_made), (PathBuf::from(path), is_made), "{text}");
    }
    assert_eq!(file("sqlite://x.db?mode=rwc").before, Some("x.db?mode=rwc".into()));
    assert_eq!(file("sqlite://100%/x.db").before, None);
}

#[test]
fn parameters_that_mean_nothing_are_refused_by_name() {
    for (text, said) in [
        ("sqlite://x.db?cache=shared", "`cache`"),
        ("sqlite://x.db?mode=rwc&Mode=rw", "`Mode`"),
        ("sqlite://x.db?mode=ro", "`mode`"),
        ("sqlite://x.db?mode=memory", "`mode`"),
        ("sqlite://x.db?mode", "`mode`"),
        ("sqlite://x.db??mode=rwc", "one of its parameters"),
        ("postgres://h/db?sslmod=require", "`sslmod`"),
        ("postgres://h/db?connect_timeout=5&sslmode=require", "`connect_timeout`"),
        ("postgres://h/db?sslmode=perhaps", "`sslmode`"),
        ("postgres://h/db?port=many", "`port`"),
        ("postgres://h/db?hostaddr=nowhere", "`hostaddr`"),
    ] {
        let reason = refused(text);
        assert!(reason.contains(said) && !reason.contains("perhaps"), "{text}: {reason}");
    }
    for good in [
        "postgres://h/db?sslmode=require&application_name=tributary",
        "postgresql://app:pw@h:6432/db?options[search_path]=here",
        "postgres://postgres@%2Ftmp%2Fsockets/postgres",
        "postgres:///db?host=/var/run/postgresql&user=a%40b",
        "postgres://app:p@ss@h/db",
        "postgres://app@[::1]/db",
        "postgres://",
    ] {
        assert!(Address::parse(good).is_ok(), "{good}");
    }
}

/// Whatever sign of a password nobody has escaped, the reason repeats none of its letters.
#[test]
fn what_cannot_be_read_is_not_repeated() {
    for password in [
        "sec/ret#wo",
        "sec#retwo",
        "sec?retwo",
        "sec?retwo=1&x=2",
        "sec/retwo",
        "5/sec/retwo",
        "5?secretwo",
        "5#secretwo",
        "5?sslmode=secretwo",
        "5?secretwo=1",
        "sec@5/retwo",
        "sec[ret]wo/",
        "%ffsecretwo",
        "sec\\retwo/",
    ] {
        for scheme in ["postgres", "postgresql", "postgre", "mysql", "sqlserver"] {
            let text = format!("{scheme}://app:{password}@h/db");
            let reason = refused(&text);
            let repeats = ["sec", "ret", "wo=", "app", "@h"]
                .iter()
                .any(|part| reason.contains(part));
            assert!(!repeats, "{text}: {reason}");
        }
    }
    for text in [
        "",
        "sqlite",
        "sqlite://",
        "sqlite:?mode=rwc",
        "data/x.db",
        "SQLITE://x.db",
        "postgres",
        "file:x.db",
    ] {
        assert!(Address::parse(text).is_err(), "{text}");
    }
}

#[test]
fn what_is_shown_of_an_address_has_neither_user_nor_password() {
    for (text, expected) in [
        (
            "postgres://app:secret@db.example.com:6432/t",
            "Address(PostgreSQL at db.example.com:6432)",
        ),
        (
            "postgres://app:secret@%2Frun/t?port=1",
            "Address(PostgreSQL at /run/.s.PGSQL.1)",
        ),
        ("sqlite://data/x.db", "Address(SQLite data/x.db)"),
    ] {
        assert_eq!(format!("{:?}", Address::parse(text).unwrap()), expected);
    }
}
