//! The built program, as a process with an environment of its own.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::TestDatabase;

const DEADLINE: Duration = Duration::from_mins(1);

/// Runs a command to its end with `input` on its standard input.
pub(crate) fn run(folder: &Path, args: &[&str], input: &str) -> Output {
    let mut child = command(folder, args).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A command that fails early does not read it, and the pipe is broken.
    let _unread = stdin.write_all(input.as_bytes());
    drop(stdin);
    child.wait_with_output().unwrap()
}

/// Makes an admin with the program itself; gives a token.
pub(crate) fn token_of_admin(database: &TestDatabase) -> String {
    let url = ["--database-url", database.url()];
    let user = [
        "user",
        "create",
        "--email",
        "a@example.com",
        "--role",
        "ADMIN",
        "--password-stdin",
    ];
    let made = run(
        database.folder(),
        &[&user[..], &url[..]].concat(),
        "a-long-enough-passphrase\n",
    );
    assert!(made.status.success());
    let token = [
        "token",
        "create",
        "--user",
        "a@example.com",
        "--scope",
        "ADMIN",
        "--name",
        "t",
    ];
    let printed = run(database.folder(), &[&token[..], &url[..]].concat(), "").stdout;
    String::from_utf8(printed).unwrap().trim().to_owned()
}

/// A command before it is started; what it leaves behind goes into `folder`.
pub(crate) fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tributary"));
    command
        .args(args)
        .env_clear()
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

/// `tributary serve` while it runs; killed when dropped.
pub(crate) struct Serving {
    child: Child,
    lines: Receiver<String>,
    said: Vec<String>,
}

impl Serving {
    /// Starts it on a free port of the loopback address.
    pub(crate) fn start(folder: &Path, args: &[&str]) -> Self {
        Self::start_to_die(folder, args, None)
    }

    /// The same, killed at a named point of the program.
    pub(crate) fn start_to_die(folder: &Path, args: &[&str], at: Option<&str>) -> Self {
        let variables: Vec<_> = at.map(|at| ("TRIBUTARY_DIE_AT", at)).into_iter().collect();
        Self::start_with(folder, args, &variables)
    }

    /// The same, with variables in its environment.
    pub(crate) fn start_with(folder: &Path, args: &[&str], variables: &[(&str, &str)]) -> Self {
        let listen = ["serve", "--listen", "127.0.0.1:0"];
        let mut command = command(folder, &[&listen, args].concat());
        command.envs(variables.iter().copied());
        command.env("PATH", "/usr/bin:/bin");
        let mut child = command.spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = channel();
        // Read to the end, wanted or not: a full pipe would stop the server.
        thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let _nobody_listens = sender.send(line);
            }
        });
        Self {
            child,
            lines,
            said: Vec::new(),
        }
    }

    /// The address it listens on, once it has said so.
    pub(crate) fn address(&mut self) -> String {
        let line = self.wait_for("http://127.0.0.1:");
        let start = line.find("http://127.0.0.1:").unwrap();
        let port = line[start..].trim_start_matches("http://127.0.0.1:");
        let digits = port.find(|c: char| !c.is_ascii_digit()).unwrap_or(port.len());
        format!("http://127.0.0.1:{}", &port[..digits])
    }

    /// The first line on its standard error that holds `text`, whether it was said before or will be.
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        let until = Instant::now() + DEADLINE;
        loop {
            if let Some(line) = self.said.iter().find(|line| line.contains(text)) {
                return line.clone();
            }
            let left = until.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => self.said.push(line),
                Err(error) => panic!("never said {text:?} ({error}); said: {:#?}", self.said),
            }
        }
    }

    /// Everything it said on its standard error until it ended, which it has.
    pub(crate) fn all_it_said(&mut self) -> String {
        self.said.extend(self.lines.iter());
        self.said.join("\n")
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop, as an init system does, and waits until it has.
    pub(crate) fn terminate(&mut self) -> ExitStatus {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.wait()
    }

    /// Ends it with SIGKILL, as a power cut would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until it has ended by itself.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let until = Instant::now() + DEADLINE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < until, "still running; said: {:#?}", self.said);
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended before.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}
