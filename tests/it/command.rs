//! The program as a person or a script starts it.

use std::process::Output;

use reqwest::StatusCode;
use serde_json::json;

use crate::support::program::{self, Serving};
use crate::support::{Client, TestDatabase};

const PASSWORD: &str = "a-long-enough-passphrase\n";
const TOKEN_CREATE: [&str; 8] = [
    "token",
    "create",
    "--user",
    "ada@example.com",
    "--scope",
    "read",
    "--name",
    "a script",
];

#[tokio::test]
async fn flags_stand_before_or_after_the_subcommand() {
    let database = TestDatabase::create().await;
    create_admin(&database);
    let flag = ["--database-url", database.url()];
    for args in [[&flag[..], &TOKEN_CREATE].concat(), [&TOKEN_CREATE, &flag[..]].concat()] {
        let output = run(&database, &args);
        assert_ended_well(&output);
        assert!(text(&output.stdout).starts_with("trib_"), "{args:?}");
    }
}

#[tokio::test]
async fn a_variable_stands_for_a_flag_and_the_flag_wins() {
    let (database, other) = (TestDatabase::create().await, TestDatabase::create().await);
    create_admin(&database);
    let by_variable = |args: &[&str]| {
        program::command(database.folder(), args)
            .env("TRIBUTARY_DATABASE_URL", database.url())
            .output()
            .unwrap()
    };
    assert_ended_well(&by_variable(&TOKEN_CREATE));
    let by_flag = by_variable(&[&TOKEN_CREATE, &["--database-url", other.url()][..]].concat());
    assert!(!by_flag.status.success(), "the other database knows nobody");
}

#[tokio::test]
async fn token_create_prints_the_token_and_nothing_else() {
    let database = TestDatabase::create().await;
    create_admin(&database);
    let token = create_token(&database);
    assert!(
        token.starts_with("trib_") && token.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'),
        "{token:?}"
    );

    let mut serving = Serving::start(database.folder(), &["--database-url", database.url()]);
    let client = Client::new(&serving.address());
    let who = "{ viewer { scope user { email } } }";
    assert_eq!(client.graphql(who, json!({})).await, json!({ "viewer": null }));
    assert_eq!(
        client.with_token(&token).graphql(who, json!({})).await,
        json!({ "viewer": { "scope": "READ", "user": { "email": "ada@example.com" } } }),
    );
}

#[tokio::test]
async fn a_failure_is_one_line_and_a_code() {
    let database = TestDatabase::create().await;
    create_admin(&database);
    let create = |email: &str, role: &str, password: &str| {
        let args = ["user", "create", "--email", email, "--role", role, "--password-stdin"];
        program::run(database.folder(), &on(&database, &args), password)
    };
    let token = |user: &str, name: &str| {
        let args = ["token", "create", "--user", user, "--scope", "read", "--name", name];
        run(&database, &on(&database, &args))
    };
    for (output, said) in [
        (create("Ada@example.com", "read", PASSWORD), "already"),
        (create("b@example.com", "read", "short\n"), "at least 12"),
        (create("b@example.com", "read", "\n"), "password"),
        (create("b@example.com", "read", ""), "password"),
        (create("b", "read", PASSWORD), "not an e-mail address"),
        (token("nobody@example.com", "x"), "no user nobody@example.com"),
        (token("ada@example.com", " "), "what the token is for"),
        (run(&database, &["migrate", "--stripe-rate-limit", "0"]), "no bound"),
    ] {
        let said_to_people = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said_to_people}");
        assert_eq!(
            (text(&output.stdout).as_str(), said_to_people.lines().count()),
            ("", 1),
            "{said_to_people}"
        );
        assert!(
            said_to_people.starts_with("tributary: ") && said_to_people.contains(said),
            "{said_to_people}"
        );
    }
    assert_eq!(
        create("b@example.com", "king", PASSWORD).status.code(),
        Some(2),
        "no such role"
    );
}

#[test]
fn the_schema_is_printed_without_a_database() {
    let folder = tempfile::tempdir().unwrap();
    let output = program::run(folder.path(), &["schema"], "");
    assert_ended_well(&output);
    assert_eq!(text(&output.stderr), "");
    assert!(
        text(&output.stdout).contains("\n  viewer: Viewer\n"),
        "{}",
        text(&output.stdout)
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was made");
}

#[tokio::test]
async fn an_unusable_flag_is_named() {
    let database = TestDatabase::create().await;
    for (flag, value) in [
        ("--stripe-api-base", "http://example.com"),
        ("--public-url", "ftp://example.com"),
        ("--database-url", "mysql://localhost/x"),
        ("--listen", "nowhere"),
        ("--no-such-flag", "1"),
    ] {
        let output = run(&database, &["serve", flag, value]);
        assert!(!output.status.success(), "{flag}");
        assert!(text(&output.stderr).contains(flag), "{flag}: {}", text(&output.stderr));
    }
}

#[test]
fn the_readme_lists_every_flag() {
    let folder = tempfile::tempdir().unwrap();
    let help = text(&program::run(folder.path(), &["--help"], "").stdout);
    let flags = help.lines().filter_map(|line| line.trim_start().strip_prefix("--"));
    let names: Vec<&str> = flags.filter_map(|flag| flag.split([' ', '[']).next()).collect();
    assert!(names.contains(&"database-url"), "{help}");
    let readme = include_str!("../../README.md");
    for name in names {
        let variable = name.to_uppercase().replace('-', "_");
        let row = format!("| `--{name}` | `TRIBUTARY_{variable}` |");
        assert!(readme.contains(&row), "{row}");
    }
}

#[tokio::test]
async fn the_first_serve_says_how_to_create_a_user() {
    let database = TestDatabase::create().await;
    let args = ["--database-url", database.url()];
    let mut first = Serving::start(database.folder(), &args);
    first.wait_for("tributary user create");
    first.terminate();

    create_admin(&database);
    let mut second = Serving::start(database.folder(), &args);
    second.address();
    second.terminate();
    assert!(!second.all_it_said().contains("tributary user create"));
}

#[tokio::test]
async fn a_file_is_served_by_one_process_only() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = Serving::start(folder.path(), &[]);
    let client = Client::new(&first.address());

    let mut second = Serving::start(folder.path(), &[]);
    assert!(!second.wait().success());
    let said = second.all_it_said();
    assert!(said.contains("in use"), "{said}");
    assert_eq!(client.get("/healthz").await.status, StatusCode::OK, "the first goes on");

    first.terminate();
    Serving::start(folder.path(), &[]).address();
}

#[tokio::test]
async fn the_file_is_free_at_once_after_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = Serving::start(folder.path(), &[]);
    first.address();
    drop(first);
    Serving::start(folder.path(), &[]).address();
}

#[tokio::test]
async fn it_says_that_it_is_well_and_stops_when_asked() {
    let database = TestDatabase::create().await;
    let mut serving = Serving::start(database.folder(), &["--database-url", database.url()]);
    let client = Client::new(&serving.address());
    for path in ["/healthz", "/readyz"] {
        assert_eq!(client.get(path).await.status, StatusCode::OK, "{path}");
    }
    assert_eq!(client.get("/nowhere").await.status, StatusCode::NOT_FOUND);
    assert_eq!(serving.terminate().code(), Some(0));
}

fn run(database: &TestDatabase, args: &[&str]) -> Output {
    program::run(database.folder(), args, PASSWORD)
}

fn on<'a>(database: &'a TestDatabase, args: &[&'a str]) -> Vec<&'a str> {
    [args, &["--database-url", database.url()]].concat()
}

fn admin_args(database: &TestDatabase) -> [&str; 9] {
    [
        "user",
        "create",
        "--email",
        "ada@example.com",
        "--role",
        "admin",
        "--password-stdin",
        "--database-url",
        database.url(),
    ]
}

fn create_admin(database: &TestDatabase) {
    assert_ended_well(&run(database, &admin_args(database)));
}

fn create_token(database: &TestDatabase) -> String {
    let output = run(
        database,
        &[&TOKEN_CREATE, &["--database-url", database.url()][..]].concat(),
    );
    assert_ended_well(&output);
    let line = text(&output.stdout);
    let token = line.strip_suffix('\n').unwrap();
    assert!(!text(&output.stderr).contains(token), "a log may be read by others");
    token.to_owned()
}

fn assert_ended_well(output: &Output) {
    assert!(output.status.success(), "{}", text(&output.stderr));
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}
