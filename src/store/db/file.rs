//! The file of an SQLite database: which one an address means, that it is its owner's alone, and that one server works on it.
//!
//! A file has many addresses: relative ones, symbolic links to it or to a folder above it. SQLite follows them all and keeps its log
//! beside the file where they end. So does the lock: `x.db` is locked by `x.db.lock`, `x.sqlite` by `x.sqlite.lock`, and both
//! addresses of one file by the same.
//!
//! The database file itself is not locked. SQLite holds POSIX locks on it, and the system drops those when *any* descriptor
//! of the file is closed in the process; and where a lock of the whole file is made of POSIX locks, as on network file systems, or
//! shuts them out, as on BSD and macOS, ours would shut SQLite out. For the same reason nothing here opens a database file that is there already.
//!
//! A hard link is a second name that leads nowhere else. SQLite looks for the log beside the name it was given: by the other name
//! it misses what the log holds and damages the file, even when no server runs any more. No lock mends that, so a file with
//! two names is refused, whoever asks.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::OpenError;
use super::address::{Address, NamedFile, Place};
use crate::private;

/// What SQLite keeps beside the file, with the file's own mode; a crash leaves them behind.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Held by the one server that works on an SQLite file; the operating system gives it up when the process ends, however it ends.
#[derive(Debug)]
pub struct FileLock {
    _file: Option<File>,
}

/// Takes the lock of an SQLite file; PostgreSQL needs none.
pub fn lock(address: &Address) -> Result<FileLock, OpenError> {
    let Place::Sqlite(database) = &address.0 else {
        return Ok(FileLock { _file: None });
    };
    let path = beside(&locate(database)?, ".lock");
    let fail = |error| OpenError::File(path.clone(), error);
    let file = private::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(fail)?;
    match file.try_lock() {
        Ok(()) => Ok(FileLock { _file: Some(file) }),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(database.path.clone())),
        Err(TryLockError::Error(error)) => Err(fail(error)),
    }
}

/// Makes the file where there is none, and sees to it that it is its owner's alone. Gives its own path.
pub(super) fn prepare(named: &NamedFile) -> Result<PathBuf, OpenError> {
    let file = locate(named)?;
    match private::options().write(true).create_new(true).open(&file) {
        Ok(_made) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => close_to_others(&file),
        Err(error) => return Err(OpenError::File(file, error)),
    }
    Ok(file)
}

/// The path of the file itself, whether it is there or still to be made. The folder it is named in is made.
fn locate(named: &NamedFile) -> Result<PathBuf, OpenError> {
    let file = &*named.path;
    let fail = |error| OpenError::File(file.to_owned(), error);
    if file == Path::new(":memory:") {
        return Err(fail(io::Error::other("an SQLite database is a file here")));
    }
    refuse_name_before(named)?;
    if !named.is_made {
        fs::metadata(file).map_err(fail)?;
    }
    private::make_folder_of(file).map_err(fail)?;
    let found = follow(file).map_err(fail)?;
    refuse_two_names(&found)?;
    Ok(found)
}

/// Follows symbolic links, those too whose end is still to be made, as SQLite does. Links in a circle are refused by the system.
fn follow(file: &Path) -> io::Result<PathBuf> {
    let mut path = file.to_owned();
    loop {
        match fs::canonicalize(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            found => return found,
        }
        let name = path.file_name().ok_or(ErrorKind::InvalidFilename)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = fs::canonicalize(folder.unwrap_or(Path::new(".")))?;
        let end = folder.join(name);
        match fs::read_link(&end) {
            Ok(target) => path = folder.join(target),
            Err(_no_link) => return Ok(end),
        }
    }
}

/// Earlier versions took parameters and percent codes for a part of the name: what is in such a file must not seem lost.
fn refuse_name_before(named: &NamedFile) -> Result<(), OpenError> {
    let Some(before) = named.before.as_ref().filter(|before| before.exists()) else {
        return Ok(());
    };
    let why = format!(
        "an earlier version made it, and took all of --database-url for its name; rename it to {0}, and what stands beside it with -wal at \
         the end to {0}-wal",
        named.path.display()
    );
    Err(OpenError::File(before.clone(), io::Error::other(why)))
}

#[cfg(unix)]
fn refuse_two_names(file: &Path) -> Result<(), OpenError> {
    use std::os::unix::fs::MetadataExt;
    let names = fs::metadata(file).map_or(1, |held| if held.is_file() { held.nlink() } else { 1 });
    if names <= 1 {
        return Ok(());
    }
    let file = file.to_owned();
    let why = format!(
        "it has {names} names (hard links), and by each of them SQLite would look for its log elsewhere; keep one and remove the \
         others, which are found by: find / -xdev -samefile {}",
        file.display()
    );
    Err(OpenError::File(file, io::Error::other(why)))
}

#[cfg(not(unix))]
fn refuse_two_names(_file: &Path) -> Result<(), OpenError> {
    Ok(())
}

/// Earlier versions left the mode to the umask, which as a rule lets everybody read.
fn close_to_others(file: &Path) {
    for path in [file.to_owned()]
        .into_iter()
        .chain(COMPANIONS.map(|end| beside(file, end)))
    {
        let shown = path.display();
        match private::close(&path) {
            Ok(None) => {}
            Ok(Some(mode)) => tracing::warn!("others could read {shown} (mode {mode:04o}); now only its owner can"),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => {
                tracing::warn!(%error, "others can read {shown}, which could not be changed; let its owner run: chmod 600 {shown}");
            }
        }
    }
}

fn beside(file: &Path, end: &str) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(end);
    path.into()
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn named(file: &Path) -> NamedFile {
        NamedFile::new(file.to_owned())
    }

    #[test]
    fn every_way_to_a_file_ends_at_it_whether_it_is_there_or_not() {
        let folder = private::temporary_folder().unwrap();
        let at = |path: &str| folder.path().join(path);
        fs::create_dir_all(at("data/deep")).unwrap();
        symlink("data", at("folder")).unwrap();
        symlink("data/x.db", at("link.db")).unwrap();
        symlink(at("link.db"), at("data/deep/chained.db")).unwrap();
        let ways = [
            "data/x.db",
            "folder/x.db",
            "link.db",
            "data/deep/chained.db",
            "data/deep/../x.db",
            "folder/./deep/../x.db",
        ];
        let end = fs::canonicalize(at("data")).unwrap().join("x.db");
        for _missing_then_there in 0..2 {
            for way in ways {
                assert_eq!(locate(&named(&at(way))).unwrap(), end, "{way}");
            }
            fs::write(&end, "").unwrap();
        }
    }

    #[test]
    fn what_is_no_file_is_refused() {
        let folder = private::temporary_folder().unwrap();
        let at = |path: &str| folder.path().join(path);
        symlink("b.db", at("a.db")).unwrap();
        symlink("a.db", at("b.db")).unwrap();
        symlink("missing/x.db", at("nowhere.db")).unwrap();
        for path in [at("a.db"), at("nowhere.db"), PathBuf::new(), PathBuf::from(":memory:")] {
            assert!(
                matches!(locate(&named(&path)), Err(OpenError::File(..))),
                "{}",
                path.display()
            );
        }
        assert!(
            !at("missing").exists(),
            "what a link leads to may be a disk that is not there yet"
        );
    }

    #[test]
    fn one_lock_for_all_ways_and_one_for_each_file() {
        let folder = private::temporary_folder().unwrap();
        let at = |path: &str| folder.path().join(path);
        symlink("x.db", at("link.db")).unwrap();
        let lock = |path: &str| lock(&Address::of_file(&at(path)));
        let held = lock("link.db").unwrap();
        assert!(matches!(lock("x.db"), Err(OpenError::InUse(_))));
        let other = lock("x.sqlite").unwrap();
        drop((held, other));
        lock("x.db").unwrap();
    }
}
