//! The processes that are measured, and what Linux says of them.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{ChildStdout, Command, Stdio};
use std::time::Duration;

/// A started program; ended when dropped.
pub(crate) struct Child {
    process: std::process::Child,
    output: BufReader<ChildStdout>,
}

/// What a process has used so far.
pub(crate) struct Usage {
    /// User and system time of all threads.
    pub(crate) cpu: Duration,
    /// The same of the threads that SQLite runs in.
    pub(crate) database_cpu: Duration,
    /// The most memory it has held.
    pub(crate) peak_kib: u64,
}

/// Linux counts CPU time in hundredths of a second.
const TICK: Duration = Duration::from_millis(10);

impl Child {
    pub(crate) fn start(arguments: &[String], environment: &[(&str, &str)]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_tributary"))
            .args(arguments)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        Self { process, output }
    }

    /// The next line that it prints.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    pub(crate) fn usage(&self) -> Usage {
        let folder = format!("/proc/{}", self.process.id());
        let threads = fs::read_dir(format!("{folder}/task")).unwrap().flatten();
        let (mut cpu, mut database_cpu) = (ticks(&format!("{folder}/stat")), Duration::ZERO);
        for thread in threads {
            let name = fs::read_to_string(thread.path().join("comm")).unwrap_or_default();
            if name.starts_with("sqlx-sqlite") {
                database_cpu += ticks(&thread.path().join("stat").display().to_string());
            }
        }
        cpu = cpu.max(database_cpu);
        let status = fs::read_to_string(format!("{folder}/status")).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        Usage {
            cpu,
            database_cpu,
            peak_kib: peak.trim().trim_end_matches(" kB").parse().unwrap(),
        }
    }
}

/// utime and stime, the 14th and 15th field; the second field is a name in brackets that may hold spaces.
fn ticks(stat: &str) -> Duration {
    let text = fs::read_to_string(stat).unwrap_or_default();
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: u32 = fields
        .iter()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u32>().ok())
        .sum();
    TICK * ticks
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Runs a program to its end with `input` on its standard input.
pub(crate) fn feed(arguments: &[String], environment: &[(&str, &str)], input: &str) {
    use std::io::Write;
    let mut process = Command::new(env!("CARGO_BIN_EXE_tributary"))
        .args(arguments)
        .envs(environment.iter().copied())
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    process.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    assert!(process.wait().unwrap().success());
}
