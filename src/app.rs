//! The parts of a running server, in one place.

use crate::clock::Clock;
use crate::config::Config;
use crate::store::Db;
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
