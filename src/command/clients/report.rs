//! What became of each line. It is written down while the import goes on, and shown once it is known whether anything is stored.

use std::fmt;
use std::io::{Seek, Write};

use anyhow::Context;
use csv::StringRecord;
use tempfile::SpooledTempFile;
use uuid::Uuid;

use super::cell::guarded;
use crate::clients::Effect;
use crate::graphql::id::IdType;

/// Bytes that are kept in memory.
const IN_MEMORY: usize = 1 << 20;
const HEADER: [&str; 4] = ["line", "outcome", "client", "problem"];
const CREATED: &str = "created";

/// What became of a line: a client, with what has to be said of it, or the sentences that say why not.
pub(super) type Outcome = Result<(Uuid, Effect, Option<String>), Vec<String>>;

/// Lines by what became of them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    created: u64,
    changed: u64,
    unchanged: u64,
    pub(super) refused: u64,
}

impl Counts {
    pub(super) fn all(self) -> u64 {
        self.created + self.changed + self.unchanged + self.refused
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            created,
            changed,
            unchanged,
            refused,
        } = self;
        let all = self.all();
        write!(
            f,
            "{all} lines: {created} created, {changed} changed, {unchanged} unchanged, {refused} refused"
        )
    }
}

/// What became of the lines so far.
pub(super) struct Report {
    rows: csv::Writer<SpooledTempFile>,
    pub(super) counts: Counts,
}

impl Report {
    pub(super) fn new() -> Self {
        Self {
            rows: csv::Writer::from_writer(SpooledTempFile::new(IN_MEMORY)),
            counts: Counts::default(),
        }
    }

    /// Writes down what became of a line.
    pub(super) fn put(&mut self, line: u64, outcome: &Outcome) -> anyhow::Result<()> {
        let counts = &mut self.counts;
        let (word, count) = match outcome {
            Ok((_, Effect::Created, _)) => (CREATED, &mut counts.created),
            Ok((_, Effect::Changed, _)) => ("changed", &mut counts.changed),
            Ok((_, Effect::Unchanged, _)) => ("unchanged", &mut counts.unchanged),
            Err(_) => ("refused", &mut counts.refused),
        };
        *count += 1;
        let (client, problem) = match outcome {
            Ok((id, _, note)) => (IdType::Client.encode(*id).to_string(), note.clone().unwrap_or_default()),
            Err(problems) => (String::new(), problems.join(" ")),
        };
        let row = [&line.to_string(), word, &client, &guarded(&problem)];
        self.rows.write_record(row).context("the report cannot be kept")
    }

    /// Shows it. A client that was made and is not stored has no id.
    pub(super) fn show(self, out: impl Write, is_stored: bool) -> anyhow::Result<()> {
        let mut kept = self.rows.into_inner().context("the report cannot be kept")?;
        kept.rewind().context("the report cannot be read again")?;
        let mut rows = csv::ReaderBuilder::new().has_headers(false).from_reader(kept);
        let mut out = csv::Writer::from_writer(out);
        out.write_record(HEADER)?;
        let mut row = StringRecord::new();
        while rows.read_record(&mut row)? {
            let mut cells: Vec<&str> = row.iter().collect();
            if !is_stored && cells[1] == CREATED {
                cells[2] = "";
            }
            out.write_record(cells)?;
        }
        Ok(out.flush()?)
    }
}
