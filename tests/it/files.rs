//! The files that the program makes and finds: one server on each database, and nobody reads them but their owner.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use reqwest::StatusCode;
use tempfile::TempDir;

use crate::support::Client;
use crate::support::program::{self, Serving};

const PASSWORD: &str = "a-long-enough-passphrase\n";

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// A folder in which `data/x.db` has been made; the key file is elsewhere, as nothing is said of it here.
fn with_database() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    migrate(folder.path(), "sqlite://data/x.db");
    folder
}

fn migrate(folder: &Path, url: &str) {
    let made = program::run(folder, &["migrate", "--database-url", url], "");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

/// What a server says that does not start.
fn refused(folder: &Path, url: &str) -> String {
    let mut serving = Serving::start(folder, &["--database-url", url]);
    assert_eq!(serving.wait().code(), Some(1), "{url}");
    serving.all_it_said()
}

#[tokio::test]
async fn a_file_is_served_once_whichever_way_leads_to_it() {
    let folder = with_database();
    let at = |path: &str| folder.path().join(path);
    symlink(at("data/x.db"), at("link.db")).unwrap();
    symlink("link.db", at("chained.sqlite")).unwrap();
    symlink("data", at("folder")).unwrap();
    let absolute = format!("sqlite://{}", at("data/x.db").display());
    let ways = [
        "sqlite://data/x.db",
        "sqlite:data/x.db",
        "sqlite://link.db",
        "sqlite://chained.sqlite",
        "sqlite://folder/x.db",
        "sqlite://data/../data/./x.db",
        &absolute,
    ];
    for first in ["sqlite://data/x.db", "sqlite://chained.sqlite"] {
        let mut serving = Serving::start(folder.path(), &["--database-url", first]);
        let client = Client::new(&serving.address());
        for way in ways {
            let said = refused(folder.path(), way);
            assert!(said.contains("in use"), "{first}, {way}: {said}");
        }
        assert_eq!(client.get("/healthz").await.status, StatusCode::OK, "the first goes on");
        serving.kill();
        // What a crash leaves behind holds nobody up.
        Serving::start(folder.path(), &["--database-url", "sqlite://folder/x.db"]).address();
    }
}

#[test]
fn a_link_to_a_file_that_is_still_to_be_made_leads_there_too() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("data")).unwrap();
    symlink("data/x.db", folder.path().join("link.db")).unwrap();
    let mut serving = Serving::start(folder.path(), &["--database-url", "sqlite://link.db"]);
    serving.address();
    assert!(refused(folder.path(), "sqlite://data/x.db").contains("in use"));
    serving.kill();
    let mut serving = Serving::start(folder.path(), &["--database-url", "sqlite://data/x.db"]);
    serving.address();
    assert!(refused(folder.path(), "sqlite://link.db").contains("in use"));
}

#[test]
fn files_beside_each_other_are_served_each_by_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let urls = ["sqlite://data/x.db", "sqlite://data/x.sqlite", "sqlite://data/x"];
    let mut serving = urls.map(|url| Serving::start(folder.path(), &["--database-url", url]));
    for one in &mut serving {
        one.address();
    }
    for url in urls {
        assert!(refused(folder.path(), url).contains("in use"), "{url}");
    }
}

#[test]
fn a_file_with_two_names_is_nobodys() {
    let folder = with_database();
    let (name, other) = (folder.path().join("data/x.db"), folder.path().join("other.db"));
    let mut serving = Serving::start(folder.path(), &["--database-url", "sqlite://data/x.db"]);
    serving.address();
    fs::hard_link(&name, &other).unwrap();
    let said = refused(folder.path(), "sqlite://other.db");
    assert!(
        said.contains("2 names") && said.contains("find / -xdev -samefile "),
        "{said}"
    );
    serving.kill();
    for url in ["sqlite://data/x.db", "sqlite://other.db"] {
        for args in [&["migrate"][..], &["clients", "export"]] {
            let output = program::run(folder.path(), &[args, &["--database-url", url]].concat(), "");
            assert!(
                !output.status.success(),
                "{url} {args:?}: its log may be beside the other name"
            );
        }
    }
    fs::remove_file(other).unwrap();
    Serving::start(folder.path(), &["--database-url", "sqlite://data/x.db"]).address();
}

#[test]
fn commands_work_beside_a_server_whichever_way_they_take() {
    let folder = with_database();
    symlink("data/x.db", folder.path().join("link.db")).unwrap();
    fs::write(folder.path().join("clients.csv"), "name\nAcme\n").unwrap();
    let mut serving = Serving::start(folder.path(), &["--database-url", "sqlite://link.db"]);
    serving.address();
    let user = [
        "user",
        "create",
        "--email",
        "a@example.com",
        "--role",
        "ADMIN",
        "--password-stdin",
    ];
    let token = [
        "token",
        "create",
        "--user",
        "a@example.com",
        "--scope",
        "READ",
        "--name",
        "t",
    ];
    for args in [
        &user[..],
        &token,
        &["clients", "import", "clients.csv"],
        &["clients", "export"],
        &["migrate"],
    ] {
        for url in ["sqlite://data/x.db", "sqlite://link.db"] {
            if args == user && url == "sqlite://link.db" {
                continue;
            }
            let output = program::run(folder.path(), &[args, &["--database-url", url]].concat(), PASSWORD);
            assert!(
                output.status.success(),
                "{args:?}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
    }
    assert_eq!(serving.terminate().code(), Some(0));
}

#[test]
fn what_is_made_is_its_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let at = |path: &str| folder.path().join(path);
    let mut serving = Serving::start(folder.path(), &[]);
    serving.address();
    let export = program::run(folder.path(), &["clients", "export", "--out", "clients.csv"], "");
    assert!(export.status.success());
    for (path, expected) in [
        ("data", 0o700),
        ("data/tributary.db", 0o600),
        ("data/tributary.db-wal", 0o600),
        ("data/tributary.db-shm", 0o600),
        ("data/tributary.db.lock", 0o600),
        ("data/secret.key", 0o600),
        ("clients.csv", 0o600),
    ] {
        assert_eq!(mode(&at(path)), expected, "{path}");
    }
    let made = fs::read_dir(at("data")).unwrap().count();
    assert_eq!(made, 5, "nothing else was made");
}

#[test]
fn what_an_earlier_version_let_others_read_is_taken_from_them() {
    let folder = with_database();
    let at = |path: &str| folder.path().join(path);
    let url = ["--database-url", "sqlite://data/x.db"];
    // Killed, it leaves its log behind.
    let mut serving = Serving::start(folder.path(), &url);
    serving.address();
    serving.kill();
    let files = ["data/x.db", "data/x.db-wal", "data/x.db-shm"];
    for file in files {
        set_mode(&at(file), 0o644);
    }
    set_mode(&at("data"), 0o755);
    let mut serving = Serving::start(folder.path(), &url);
    serving.address();
    assert_eq!(files.map(|file| mode(&at(file))), [0o600; 3]);
    assert_eq!(mode(&at("data")), 0o755, "the folder may be there for others, too");
    serving.terminate();
    let said = serving.all_it_said();
    assert_eq!(said.matches("others could read ").count(), 3, "{said}");
    assert!(said.contains("x.db (mode 0644); now only its owner can"), "{said}");
    let mut again = Serving::start(folder.path(), &url);
    again.address();
    again.terminate();
    assert!(!again.all_it_said().contains("others could read "));
}

#[test]
fn a_key_file_that_others_can_read_is_refused_until_it_is_mended_as_told() {
    let folder = with_database();
    let at = |path: &str| folder.path().join(path);
    symlink("data/secret.key", at("link.key")).unwrap();
    for (file, open) in [
        ("data/secret.key", 0o644),
        ("data/secret.key", 0o640),
        ("link.key", 0o604),
    ] {
        set_mode(&at("data/secret.key"), open);
        let flags = ["--database-url", "sqlite://data/x.db", "--secret-key-file", file];
        let told = format!("(mode {open:04o}); run: chmod 600 {file}");
        let mut serving = Serving::start(folder.path(), &flags);
        assert_eq!(serving.wait().code(), Some(1));
        assert!(serving.all_it_said().ends_with(&told));
        let output = program::run(folder.path(), &[&["migrate"], &flags[..]].concat(), "");
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), said.lines().count()), (Some(1), 1), "{said}");
        assert!(said.trim_end().ends_with(&told), "{said}");
        let mended = std::process::Command::new("chmod")
            .args(["600", file])
            .current_dir(folder.path())
            .status();
        assert!(mended.unwrap().success());
        assert!(
            program::run(folder.path(), &[&["migrate"], &flags[..]].concat(), "")
                .status
                .success()
        );
    }
}
