//! A disk that fails when a test says so, under the database files of a server of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/faulty_disk.c");

/// The file system has no room.
pub(crate) const ENOSPC: i32 = 28;
/// The disk fails.
pub(crate) const EIO: i32 = 5;
/// The file system is read-only.
pub(crate) const EROFS: i32 = 30;

/// The disk. It works until it is told otherwise.
pub(crate) struct FaultyDisk {
    folder: TempDir,
    library: PathBuf,
    round: std::cell::Cell<u64>,
}

impl FaultyDisk {
    /// Builds it, with the C compiler that the program itself is built with.
    pub(crate) fn build() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let library = folder.path().join("faulty_disk.so");
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .args([&library, Path::new(SOURCE)])
            .args(["-ldl", "-lpthread"])
            .status()
            .unwrap();
        assert!(built.success());
        Self {
            folder,
            library,
            round: std::cell::Cell::new(0),
        }
    }

    fn orders(&self) -> PathBuf {
        self.folder.path().join("orders")
    }

    fn hit(&self) -> PathBuf {
        self.folder.path().join("orders.hit")
    }

    /// For the server's environment.
    pub(crate) fn variables(&self) -> [(String, String); 2] {
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        [
            ("LD_PRELOAD".to_owned(), text(&self.library)),
            ("FAULTY_DISK".to_owned(), text(&self.orders())),
        ]
    }

    /// The `nth` change of a database file from now on fails with `error`, and no other.
    pub(crate) fn fail_once(&self, nth: u32, error: i32) {
        self.order(nth, error, false);
    }

    /// All changes fail from now on.
    pub(crate) fn fail(&self, error: i32) {
        self.order(1, error, true);
    }

    /// The disk works again; says whether anything has failed since it was last asked.
    pub(crate) fn mend(&self) -> bool {
        self.order(0, 0, false);
        std::fs::remove_file(self.hit()).is_ok()
    }

    fn order(&self, first: u32, error: i32, is_sticky: bool) {
        self.round.set(self.round.get() + 1);
        let orders = format!("{} {first} {error} {}\n", self.round.get(), i32::from(is_sticky));
        // Renamed into place: the server reads it at any time.
        let written = self.folder.path().join("orders.next");
        std::fs::write(&written, orders).unwrap();
        std::fs::rename(written, self.orders()).unwrap();
    }
}
