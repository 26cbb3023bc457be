//! What people ask to be removed is removed, everywhere, and does not come back.

mod door;
mod log;
mod person;
mod purge;

use crate::support::TestApp;

/// The files of the database in which `mark` stands, its log included.
fn traces_in_files(app: &TestApp, mark: &str) -> Vec<String> {
    let mark = mark.to_lowercase().into_bytes();
    let mut found = Vec::new();
    for entry in std::fs::read_dir(app.database_folder()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.starts_with("tributary.db") {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap().to_ascii_lowercase();
        if bytes.windows(mark.len()).any(|window| window == mark) {
            found.push(name);
        }
    }
    found
}
