//! The file to import, all of it here before anything waits for it.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;

use anyhow::Context;

/// Opens a file. What comes from stdin or another program is taken down first: while lines are saved nobody else can write, and who
/// sends them may take any time.
pub(super) fn open(path: &Path) -> anyhow::Result<File> {
    if path == Path::new("-") {
        return take_down(io::stdin().lock()).context("stdin cannot be read");
    }
    let cannot = || format!("{} cannot be read", path.display());
    let file = File::open(path).with_context(cannot)?;
    if file.metadata().with_context(cannot)?.is_file() {
        return Ok(file);
    }
    take_down(file).with_context(cannot)
}

fn take_down(mut from: impl Read) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    io::copy(&mut from, &mut file)?;
    file.rewind()?;
    Ok(file)
}
