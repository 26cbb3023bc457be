//! Files and folders for their owner only, whatever the umask says: they hold keys, and what people have told a company.

use std::fs::{self, DirBuilder, Metadata, OpenOptions};
use std::io;
use std::path::Path;

use tempfile::TempDir;

/// What a mode gives to anybody but the owner.
const OTHERS: u32 = 0o077;

/// Opens a file that, if it is made, is its owner's alone. One that is there already keeps its mode.
pub fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Makes the folder of `file` and those above it, as far as they are missing, for their owner only.
pub fn make_folder_of(file: &Path) -> io::Result<()> {
    let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) else {
        return Ok(());
    };
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}

/// A folder for a while, its owner's alone.
pub fn temporary_folder() -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir()
}

/// The mode of a file that anybody but its owner may read or write; `None` where nobody else may, and where files have no modes.
#[cfg(unix)]
pub fn open_mode(file: &Metadata) -> Option<u32> {
    let mode = std::os::unix::fs::MetadataExt::mode(file) & 0o777;
    (mode & OTHERS != 0).then_some(mode)
}

/// Where files have no modes.
#[cfg(not(unix))]
pub fn open_mode(_file: &Metadata) -> Option<u32> {
    None
}

/// Takes a file away from everybody but its owner. Gives the mode that it had, `None` where it was the owner's alone.
pub fn close(file: &Path) -> io::Result<Option<u32>> {
    let Some(mode) = open_mode(&fs::metadata(file)?) else {
        return Ok(None);
    };
    #[cfg(unix)]
    fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(mode & !OTHERS))?;
    // Some file systems take every mode and keep none.
    match open_mode(&fs::metadata(file)?) {
        None => Ok(Some(mode)),
        Some(_kept) => Err(io::Error::other("the file system keeps the mode as it is")),
    }
}

/// The command by which an administrator makes `file` our own alone.
pub fn command_to_close(file: &Path, held: &Metadata) -> String {
    let file = quoted(&file.to_string_lossy());
    if is_anothers(held) {
        format!("sudo chown \"$(id -un)\" {file} && sudo chmod 600 {file}")
    } else {
        format!("chmod 600 {file}")
    }
}

/// With the mode alone mended we could not read it ourselves. Root reads everything.
#[cfg(unix)]
fn is_anothers(held: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    // The standard library does not say who we are; a file of our own does.
    let ours = tempfile::tempfile().and_then(|file| file.metadata());
    ours.is_ok_and(|ours| ours.uid() != 0 && ours.uid() != held.uid())
}

#[cfg(not(unix))]
fn is_anothers(_held: &Metadata) -> bool {
    false
}

/// As a shell takes it for one word.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn what_is_made_is_its_owners_alone() {
        let folder = temporary_folder().unwrap();
        let file = folder.path().join("a/b/c");
        make_folder_of(&file).unwrap();
        options().write(true).create_new(true).open(&file).unwrap();
        let made = ["", "a", "a/b", "a/b/c"].map(|path| mode(&folder.path().join(path)));
        assert_eq!(made, [0o700, 0o700, 0o700, 0o600]);
    }

    #[test]
    fn what_there_is_already_is_taken_from_others_and_no_more() {
        let folder = temporary_folder().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        for (before, after) in [
            (0o644, 0o600),
            (0o666, 0o600),
            (0o604, 0o600),
            (0o620, 0o600),
            (0o444, 0o400),
        ] {
            fs::set_permissions(&file, fs::Permissions::from_mode(before)).unwrap();
            assert_eq!(close(&file).unwrap(), Some(before));
            assert_eq!((mode(&file), close(&file).unwrap()), (after, None));
        }
    }

    #[test]
    fn a_command_can_be_pasted() {
        for (path, word) in [
            ("data/secret.key", "data/secret.key"),
            ("my data/key", "'my data/key'"),
            ("it's", r"'it'\''s'"),
            ("$(reboot)", "'$(reboot)'"),
        ] {
            assert_eq!(quoted(path), word);
        }
    }
}
