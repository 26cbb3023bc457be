//! A CSV file as records, each with the number of its first line as an editor counts them.

mod source;

use std::io::Read;

use anyhow::{Context, bail};
use csv::{ByteRecord, Reader, ReaderBuilder};

use source::Source;

/// Bytes of a record. One that has more has a quotation mark that somebody forgot to close.
const LONGEST: u64 = 16 << 20;

/// The records of a file.
pub(super) struct Sheet<R> {
    reader: Reader<Source<R>>,
    record: ByteRecord,
}

impl<R: Read> Sheet<R> {
    /// `file` is at its beginning.
    pub(super) fn open(file: R, delimiter: u8) -> anyhow::Result<Self> {
        let source = Source::open(file, LONGEST)?;
        let reader = ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(source);
        Ok(Self {
            reader,
            record: ByteRecord::new(),
        })
    }

    /// The next record with something in it, and the number of its first line.
    pub(super) fn next(&mut self) -> anyhow::Result<Option<(u64, &ByteRecord)>> {
        loop {
            let start = self.reader.position().byte();
            self.reader.get_mut().begin_record(start);
            let read = self.reader.read_byte_record(&mut self.record);
            let end = self.reader.position().byte();
            let source = self.reader.get_mut();
            let (line, is_mark) = source.look_at(start);
            let is_here = read.with_context(|| format!("the file cannot be read from line {line} on"))?;
            if !is_here || is_mark {
                return Ok(None);
            }
            if source.ends_before(end) {
                bail!("line {line}: a quotation mark is opened, and not closed until the end of the file");
            }
            if self.record.iter().any(|cell| !cell.trim_ascii().is_empty()) {
                return Ok(Some((line, &self.record)));
            }
        }
    }
}

#[cfg(test)]
mod tests;
