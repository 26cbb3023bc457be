//! The demo leaves nothing behind, whenever and however it is ended.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::program;

const DEADLINE: Duration = Duration::from_mins(2);
const SMALL: [&str; 9] = [
    "--once",
    "--customers",
    "5",
    "--products",
    "2",
    "--invoices",
    "5",
    "--subscriptions",
    "2",
];

/// Ended when it is dropped, also by a test that fails.
struct Demo(Child);

impl Drop for Demo {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}

fn start(folder: &Path, args: &[&str], stdout: Stdio) -> Demo {
    let args = [&["demo", "--listen", "127.0.0.1:0"], args].concat();
    let mut command = program::command(folder, &args);
    command.env("TMPDIR", folder).stderr(Stdio::null()).stdout(stdout);
    Demo(command.spawn().unwrap())
}

fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let until = Instant::now() + DEADLINE;
    while !is_so() {
        assert!(Instant::now() < until, "never: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().next().is_none()
}

/// Bytes of the database's log in the demo's folder.
fn log_bytes(folder: &Path) -> u64 {
    let folders = fs::read_dir(folder).unwrap().filter_map(Result::ok);
    let logs = folders.map(|made| fs::metadata(made.path().join("demo.db-wal")));
    logs.filter_map(Result::ok).map(|log| log.len()).sum()
}

fn ended(demo: &mut Demo) -> Option<i32> {
    let mut status = None;
    wait_for("its end", || {
        status = demo.0.try_wait().unwrap();
        status.is_some()
    });
    status.unwrap().code()
}

#[test]
fn a_signal_before_the_import_ends_leaves_nothing_behind() {
    for (signal, is_begun) in [
        ("-INT", false),
        ("-TERM", false),
        ("-INT", true),
        ("-TERM", true),
        ("-HUP", true),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut demo = start(folder.path(), &[], Stdio::null());
        if is_begun {
            wait_for("records are written", || log_bytes(folder.path()) > 3 << 20);
        } else {
            wait_for("the folder is there", || !is_empty(folder.path()));
        }
        assert!(demo.0.try_wait().unwrap().is_none(), "it is under way");
        let pid = demo.0.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        assert_eq!(ended(&mut demo), Some(0), "{signal} {is_begun}");
        assert!(is_empty(folder.path()), "{signal} {is_begun}");
    }
}

#[test]
fn its_end_leaves_nothing_behind_nor_does_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let mut demo = start(folder.path(), &SMALL, Stdio::null());
    assert_eq!(ended(&mut demo), Some(0));
    assert!(is_empty(folder.path()));
    let mut demo = start(folder.path(), &SMALL, Stdio::piped());
    // What it prints cannot be written.
    drop(demo.0.stdout.take());
    assert_eq!(ended(&mut demo), Some(1));
    assert!(is_empty(folder.path()));
}
