//! The commands, as a shell runs them.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

struct Shell(TempDir);

impl Shell {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tributary"));
        let database = format!("sqlite://{}", self.0.path().join("tributary.db").display());
        command
            .args(words)
            .args([
                "--listen",
                "127.0.0.1:0",
                "--database-url",
                &database,
                "--secret-key-file",
            ])
            .arg(self.0.path().join("secret.key"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn run(&self, words: &[&str], stdin: &str) -> Output {
        let mut child = self.command(words).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        // A command that fails early does not read.
        let _closed = input.write_all(stdin.as_bytes());
        drop(input);
        child.wait_with_output().unwrap()
    }

    fn create_user(&self, email: &str, password: &str) -> Output {
        self.run(
            &[
                "user",
                "create",
                "--email",
                email,
                "--role",
                "admin",
                "--password-stdin",
            ],
            password,
        )
    }
}

fn texts(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (
        output.status.code().unwrap(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

#[test]
fn a_script_starts_from_nothing() {
    let shell = Shell::new();
    let (code, stdout, _) = texts(&shell.create_user("a@example.com", "correct horse battery\n"));
    assert_eq!((code, stdout.as_str()), (0, ""));
    let words = [
        "token",
        "create",
        "--user",
        "A@example.com",
        "--scope",
        "read",
        "--name",
        "ci",
        "--expires-in-days",
        "7",
    ];
    let (code, stdout, stderr) = texts(&shell.run(&words, ""));
    assert_eq!(code, 0, "{stderr}");
    let token = stdout.strip_suffix('\n').unwrap();
    assert!(token.starts_with("trib_") && token.len() == 41, "{stdout}");
    assert!(!stderr.contains(token));
}

#[test]
fn a_failure_is_one_line_and_a_code() {
    let shell = Shell::new();
    shell.create_user("a@example.com", "correct horse battery");
    let token = |user: &str, name: &str| {
        shell.run(
            &["token", "create", "--user", user, "--scope", "ADMIN", "--name", name],
            "",
        )
    };
    for (output, said) in [
        (shell.create_user("A@example.com", "correct horse battery"), "already"),
        (shell.create_user("b@example.com", "short"), "at least 12"),
        (shell.create_user("b", "correct horse battery"), "not an e-mail address"),
        (
            shell.run(&["user", "create", "--email", "c@example.com", "--role", "READ"], ""),
            "--password-stdin",
        ),
        (token("nobody@example.com", "x"), "no user nobody@example.com"),
        (token("a@example.com", " "), "what the token is for"),
        (shell.run(&["migrate", "--stripe-rate-limit", "0"], ""), "no bound"),
    ] {
        let (code, stdout, stderr) = texts(&output);
        assert_eq!((code, stdout.as_str(), stderr.lines().count()), (1, "", 1), "{stderr}");
        assert!(stderr.starts_with("tributary: ") && stderr.contains(said), "{stderr}");
    }
    for usage in [
        &["nonsense"][..],
        &["user", "create"],
        &["serve", "--listen", "here"],
        &["user", "create", "--email", "d@e", "--role", "KING"],
    ] {
        assert_eq!(texts(&shell.run(usage, "")).0, 2, "{usage:?}");
    }
}

#[test]
fn the_schema_is_printed_without_a_database() {
    let output = Command::new(env!("CARGO_BIN_EXE_tributary"))
        .arg("schema")
        .output()
        .unwrap();
    let (code, stdout, stderr) = texts(&output);
    assert_eq!((code, stderr.as_str()), (0, ""));
    assert!(
        stdout.contains("\n  viewer: Viewer\n") && stdout.contains("scalar DateTime @specifiedBy("),
        "{stdout}"
    );
}

/// Reads the log up to the line with `word`.
fn read_until(child: &mut Child, word: &str) -> String {
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut log = String::new();
    while !log.contains(word) {
        assert_ne!(stderr.read_line(&mut log).unwrap(), 0, "the log ended: {log}");
    }
    std::thread::spawn(move || stderr.read_to_end(&mut Vec::new()));
    log
}

#[test]
fn a_server_says_how_to_begin_stands_alone_and_stops_cleanly() {
    let shell = Shell::new();
    let mut first = shell.command(&[]).spawn().unwrap();
    let log = read_until(&mut first, "tributary user create");
    assert!(log.contains("/graphql"), "{log}");
    let (code, _, stderr) = texts(&shell.run(&["serve"], ""));
    assert!(
        code == 1 && stderr.contains("in use by another tributary server"),
        "{stderr}"
    );
    let signalled = Command::new("kill")
        .args(["-TERM", &first.id().to_string()])
        .status()
        .unwrap();
    assert!(signalled.success());
    assert!(first.wait().unwrap().success());
}
