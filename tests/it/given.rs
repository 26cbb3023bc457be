//! What flags and variables say: how it is read, and that no message repeats a password.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

use reqwest::Url;

use crate::support::program::{self, Serving};
use crate::support::{TestDatabase, on_postgres};

const SECRET: &str = "Tr0ub4dor";
/// Each flag's variable and a value that it can have.
const VARIABLES: [(&str, &str); 12] = [
    ("TRIBUTARY_LISTEN", "127.0.0.1:0"),
    ("TRIBUTARY_PUBLIC_URL", "https://tributary.example.com"),
    ("TRIBUTARY_TRUSTED_PROXY", "10.0.0.0/8,192.168.0.1/32"),
    ("TRIBUTARY_DATABASE_URL", "sqlite://x.db"),
    ("TRIBUTARY_SECRET_KEY_FILE", "key"),
    ("TRIBUTARY_STRIPE_API_BASE", "http://127.0.0.1:1"),
    ("TRIBUTARY_STRIPE_PROXY", "http://proxy:3128"),
    ("TRIBUTARY_REQUIRE_SECRET_KEY", "1"),
    ("TRIBUTARY_STRIPE_RATE_LIMIT", "5"),
    ("TRIBUTARY_STRIPE_ENDPOINT_RATE_LIMIT", "5"),
    ("TRIBUTARY_LOG", "warn"),
    ("TRIBUTARY_LOG_JSON", "1"),
];

fn with(folder: &Path, args: &[&str], variables: &[(&str, &str)]) -> (Output, String) {
    let output = program::command(folder, args)
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    (output, said)
}

#[test]
fn no_refusal_repeats_an_address() {
    let folder = tempfile::tempdir().unwrap();
    let (plain, broken) = (
        format!("postgres://app:{SECRET}@127.0.0.1:1/db"),
        format!("postgres://app:pa/ss#{SECRET}@127.0.0.1:1/db"),
    );
    let (other, wrong) = (plain.replace("postgres", "mysql"), format!("--database-ur1={plain}"));
    for args in [
        &["migrate", "--database-url", &broken][..],
        &["--database-url", &broken, "migrate"],
        &["migrate", "--database-url", &other],
        &["migrate", "--database-url", &plain],
        &["migrate", &plain],
        &["migrate", &wrong],
        &[&plain],
        &["migrate", "--listen", &plain],
        &["migrate", "--trusted-proxy", &plain],
        &["migrate", "--stripe-rate-limit", &plain],
        &["migrate", "--public-url", &plain],
        &["migrate", "--stripe-api-base", &plain],
        &["migrate", "--stripe-proxy", &plain],
        &["migrate", "--log-json", &plain],
    ] {
        let (output, said) = with(folder.path(), args, &[]);
        assert!(!output.status.success() && !said.is_empty(), "{args:?}");
        assert!(!said.contains(SECRET), "{args:?}: {said}");
    }
    // These two take any text.
    let takes_any = ["TRIBUTARY_SECRET_KEY_FILE", "TRIBUTARY_LOG"];
    for (variable, _) in VARIABLES.iter().filter(|(name, _)| !takes_any.contains(name)) {
        let (output, said) = with(folder.path(), &["migrate"], &[(variable, &broken)]);
        assert!(!output.status.success() && !said.is_empty(), "{variable}");
        assert!(!said.contains(SECRET), "{variable}: {said}");
    }
    assert!(!folder.path().join("data/tributary.db").exists());
}

#[test]
fn a_refused_connection_is_told_at_once_as_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("postgres://app:{SECRET}@127.0.0.1:{port}/db");
    let begun = Instant::now();
    let (output, said) = with(folder.path(), &["serve", "--database-url", &url], &[]);
    assert_eq!(output.status.code(), Some(1));
    let place = format!("cannot open PostgreSQL at 127.0.0.1:{port}: ");
    assert!(
        said.contains(&place) && said.contains("refused") && !said.contains(SECRET),
        "{said}"
    );
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "a pool would have waited for 10 s"
    );
}

#[tokio::test]
async fn postgresql_says_itself_why_it_lets_nobody_in_and_no_log_holds_the_password() {
    if !on_postgres() {
        return;
    }
    let database = TestDatabase::create().await;
    let mut url = Url::parse(database.url()).unwrap();
    url.set_password(Some(SECRET)).unwrap();
    let (output, said) = with(
        database.folder(),
        &["migrate", "--log", "trace", "--database-url", url.as_str()],
        &[],
    );
    assert!(output.status.success() && said.lines().count() > 10, "{said}");
    assert!(!said.contains(SECRET), "{said}");
    url.set_path("nowhere");
    let (_, said) = with(database.folder(), &["migrate", "--database-url", url.as_str()], &[]);
    assert!(
        said.contains("database \"nowhere\" does not exist") && said.lines().count() == 1,
        "{said}"
    );
    assert!(!said.contains(SECRET), "{said}");
}

#[test]
fn a_file_is_called_what_its_address_says_without_the_parameters() {
    let folder = tempfile::tempdir().unwrap();
    let migrate = |url: &str| with(folder.path(), &["migrate", "--database-url", url], &[]);
    let (output, said) = migrate("sqlite://data/x.db?mode=rw");
    assert!(!output.status.success() && said.contains("data/x.db"), "{said}");
    assert!(!folder.path().join("data/x.db").exists(), "it has to be there");
    for url in ["sqlite://data/x.db?mode=rwc", "sqlite:data/x.db?mode=rw"] {
        let (output, said) = migrate(url);
        assert!(output.status.success(), "{url}: {said}");
    }
    assert_eq!(
        fs::read_dir(folder.path().join("data")).unwrap().count(),
        2,
        "the file and the key"
    );
    let (output, said) = migrate("sqlite://data/x.db?cache=shared");
    assert!(
        !output.status.success() && said.contains("--database-url") && said.contains("`cache`"),
        "{said}"
    );
}

#[test]
fn a_file_that_an_earlier_version_called_otherwise_does_not_seem_lost() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for (before, url) in [
        ("x.db?mode=rwc", "sqlite://x.db?mode=rwc"),
        ("a%20b.db", "sqlite://a%20b.db"),
    ] {
        fs::write(at(before), "").unwrap();
        let args = ["migrate", "--database-url", url];
        let (output, said) = with(folder.path(), &args, &[]);
        assert!(
            !output.status.success() && said.contains(before) && said.contains("rename it to "),
            "{said}"
        );
        fs::remove_file(at(before)).unwrap();
        assert!(with(folder.path(), &args, &[]).0.status.success());
    }
    assert!(at("x.db").exists() && at("a b.db").exists());
}

#[test]
fn a_variable_that_is_set_to_nothing_is_not_set() {
    let readme = include_str!("../../README.md");
    assert_eq!(readme.matches("| `TRIBUTARY_").count(), VARIABLES.len());
    let folder = tempfile::tempdir().unwrap();
    for (name, value) in VARIABLES {
        assert!(readme.contains(&format!("| `{name}` |")), "{name}");
        for value in ["", value] {
            let (output, said) = with(folder.path(), &["schema"], &[(name, value)]);
            assert!(output.status.success(), "{name}={value}: {said}");
        }
    }
    let mut serving = Serving::start_with(folder.path(), &[], &VARIABLES.map(|(name, _)| (name, "")));
    serving.address();
    serving.terminate();
    assert!(!serving.all_it_said().contains('{'), "not as JSON");
    assert!(
        folder.path().join("data/tributary.db").exists(),
        "where it is by default"
    );
}

#[test]
fn a_variable_says_yes_or_no_and_the_flag_wins() {
    let folder = tempfile::tempdir().unwrap();
    let is_json = |flags: &[&str], value: &str| {
        let mut serving = Serving::start_with(folder.path(), flags, &[("TRIBUTARY_LOG_JSON", value)]);
        serving.address();
        serving.terminate();
        serving.all_it_said().starts_with('{')
    };
    for (value, is_yes) in [
        ("1", true),
        ("true", true),
        ("YES", true),
        ("on", true),
        ("0", false),
        ("no", false),
    ] {
        assert_eq!(is_json(&[], value), is_yes, "{value}");
    }
    assert!(is_json(&["--log-json"], "0"));
    assert!(!is_json(&["--log-json=no"], "1"));
    for name in ["TRIBUTARY_LOG_JSON", "TRIBUTARY_REQUIRE_SECRET_KEY"] {
        for value in ["true", "false", "True", "yes", "no", "1", "0", "on", "off"] {
            let (output, said) = with(folder.path(), &["schema"], &[(name, value)]);
            assert!(output.status.success(), "{name}={value}: {said}");
        }
        let (output, said) = with(folder.path(), &["schema"], &[(name, "perhaps")]);
        assert!(!output.status.success() && said.contains("--"), "{said}");
    }
}
