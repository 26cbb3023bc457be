//! `tributary clients`: clients from a CSV file, and all of them as one.

mod cell;
mod column;
mod export;
mod import;
mod report;
mod row;
mod sheet;

use clap::Subcommand;

use crate::config::Config;

#[derive(Debug, Subcommand)]
pub(super) enum ClientsCommand {
    /// Save clients from a CSV file, all or none.
    Import(import::Import),
    /// Write all clients as CSV.
    Export(export::Export),
}

impl ClientsCommand {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<()> {
        match self {
            Self::Import(import) => import.run(config).await,
            Self::Export(export) => export.run(config).await,
        }
    }
}
