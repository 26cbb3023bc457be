//! The parts of a running server, in one place.

use std::sync::Arc;

use crate::clock::Clock;
use crate::config::Config;
use crate::store::Db;
use crate::store::db::OpenError;
use crate::vault::Vault;

/// The parts of a running server.
#[derive(Debug)]
pub struct App {
    /// What was set from outside.
    pub config: Config,
    /// Tells the time.
    pub clock: Clock,
    /// The database.
    pub db: Db,
    /// Seals and opens Stripe keys.
    pub vault: Vault,
}

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The flags do not fit together.
    #[error("{0}")]
    Config(String),
    /// The key file cannot be used.
    #[error("{0}")]
    Vault(String),
    /// The database cannot be used.
    #[error(transparent)]
    Database(#[from] OpenError),
}

impl App {
    /// Opens what the configuration names; the database is migrated.
    pub async fn build(config: Config, clock: Clock) -> Result<Arc<Self>, StartError> {
        config.check().map_err(StartError::Config)?;
        let vault = Vault::open(&config.secret_key_file).map_err(StartError::Vault)?;
        let db = Db::open(&config.database_url).await?;
        Ok(Arc::new(Self {
            config,
            clock,
            db,
            vault,
        }))
    }

    /// People reach the server by https, so that cookies may insist on it.
    pub fn is_public_https(&self) -> bool {
        self.config
            .public_url
            .as_ref()
            .is_some_and(|url| url.scheme() == "https")
    }
}
