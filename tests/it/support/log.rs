//! What the servers of this process log, kept in memory so that tests can look for what must be there and what must not.

use std::io::{self, Write};
use std::sync::{Mutex, Once, PoisonError};

use tracing_subscriber::EnvFilter;

static SAID: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Memory;

impl Write for Memory {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        SAID.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Begins to keep it.
pub(crate) fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing_subscriber::fmt()
            .with_env_filter(EnvFilter::new("tributary=info"))
            .with_ansi(false)
            .with_writer(|| Memory)
            .init();
    });
}

/// The lines so far, of all servers, that hold each of `texts`.
pub(crate) fn lines_with(texts: &[&str]) -> Vec<String> {
    let said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    let lines = said.split(|byte| *byte == b'\n').map(String::from_utf8_lossy);
    lines
        .filter(|line| texts.iter().all(|text| line.contains(text)))
        .map(std::borrow::Cow::into_owned)
        .collect()
}
