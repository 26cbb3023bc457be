//! Chooses a command.

use std::io::Write;
use std::process::ExitCode;

use tributary::command::{Cli, one_line};
use tributary::config;

/// Pages of JSON come and go on many threads; with the system's allocator their memory stays scattered and held.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli: Cli = config::read();
    let done = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| runtime.block_on(cli.run()));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where stderr is closed there is nobody to tell.
            let _closed = writeln!(std::io::stderr(), "tributary: {}", one_line(&error));
            ExitCode::FAILURE
        }
    }
}
