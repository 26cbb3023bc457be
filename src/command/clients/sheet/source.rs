//! The bytes of a CSV file on their way to the parser, which tells neither what line it is on nor whether a quotation mark was left open.

use std::collections::VecDeque;
use std::io::{self, Cursor, Read};

use anyhow::{Context, bail};

const UTF8_MARK: [u8; 3] = [0xEF, 0xBB, 0xBF];
const UTF16_MARKS: [[u8; 2]; 2] = [[0xFF, 0xFE], [0xFE, 0xFF]];
/// Comes after the end of the file. It is a record of its own unless a quotation mark is open.
const END: &[u8] = b"\n.";

/// A file without its byte order mark, and with [`END`].
pub(super) struct Source<R> {
    file: io::Chain<Cursor<Vec<u8>>, R>,
    longest: u64,
    given: u64,
    record_start: u64,
    /// Line breaks behind which no record was looked at yet: where each begins and ends.
    breaks: VecDeque<(u64, u64)>,
    last: u8,
    line: u64,
    /// Where the file ends, once it is known, and what of [`END`] is still to come.
    end: Option<(u64, &'static [u8])>,
}

impl<R: Read> Source<R> {
    /// `longest` is how many bytes a record may have.
    pub(super) fn open(mut file: R, longest: u64) -> anyhow::Result<Self> {
        let mut head = Vec::new();
        file.by_ref()
            .take(4)
            .read_to_end(&mut head)
            .context("the file cannot be read")?;
        if UTF16_MARKS.iter().any(|mark| head.starts_with(mark)) {
            bail!("the file is UTF-16; save it as UTF-8 (in Excel: \"CSV UTF-8\")");
        }
        if head.starts_with(&UTF8_MARK) {
            head.drain(..UTF8_MARK.len());
        }
        Ok(Self {
            file: Cursor::new(head).chain(file),
            longest,
            given: 0,
            record_start: 0,
            breaks: VecDeque::new(),
            last: 0,
            line: 1,
            end: None,
        })
    }

    /// A record begins at a byte, or behind the line breaks that are there.
    pub(super) fn begin_record(&mut self, start: u64) {
        self.record_start = start;
    }

    /// The line of the record that begins at a byte, or behind the line breaks that are there; and whether it is [`END`].
    pub(super) fn look_at(&mut self, start: u64) -> (u64, bool) {
        let mut at = start;
        while let Some((_, end)) = self.breaks.pop_front_if(|(begin, _)| *begin <= at) {
            at = at.max(end);
            self.line += 1;
        }
        let is_end = self.end.is_some_and(|(end, _)| at > end);
        (self.line, is_end)
    }

    /// The file ends before a byte that was read.
    pub(super) fn ends_before(&self, byte: u64) -> bool {
        self.end.is_some_and(|(end, _)| byte > end + 1)
    }

    fn note_breaks(&mut self, bytes: &[u8]) {
        let mut at = self.given;
        for &byte in bytes {
            match (byte, self.last, self.breaks.back_mut()) {
                (b'\n', b'\r', Some((_, end))) if *end == at => *end += 1,
                (b'\n' | b'\r', _, _) => self.breaks.push_back((at, at + 1)),
                _ => {}
            }
            self.last = byte;
            at += 1;
        }
        self.given = at;
    }
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given.saturating_sub(self.record_start) > self.longest {
            let message = format!(
                "there are more than {} MiB to the next line; is a quotation mark not closed?",
                self.longest >> 20
            );
            return Err(io::Error::other(message));
        }
        let mut count = if self.end.is_none() { self.file.read(buffer)? } else { 0 };
        if count == 0 {
            let (end, mut left) = self.end.unwrap_or((self.given, END));
            count = left.read(buffer)?;
            self.end = Some((end, left));
        }
        self.note_breaks(&buffer[..count]);
        Ok(count)
    }
}
