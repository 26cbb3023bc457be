//! The parts of a running server, in one place.

use std::sync::{Arc, OnceLock};

use entity::integration;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{Notify, watch};
use uuid::Uuid;

use crate::clock::Clock;
use crate::config::Config;
use crate::error::Error;
use crate::store::Db;
use crate::store::db::OpenError;
use crate::store::intake::Intake;
use crate::store::lane::Turns;
use crate::stripe::budget::ServerBounds;
use crate::stripe::{self, Gateway};
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
    /// The way to Stripe.
    pub stripe: Gateway,
    /// Wakes the runner when a run was queued or an event has come.
    pub wake: Notify,
    /// Told after each commit of a run's progress or of records, so that those who watch here look at once.
    pub changed: watch::Sender<()>,
    /// Who takes events out of the inbox.
    pub turns: Turns,
    /// Where webhooks put events down.
    pub intake: Intake,
    /// The address that people and Stripe reach the server by, once it listens.
    pub origin: OnceLock<String>,
}

/// What Stripe keys are sealed for.
pub const STRIPE_KEY: &str = "stripe-key";
/// What signing secrets of webhooks are sealed for.
pub const WEBHOOK_SECRET: &str = "webhook-secret";
/// What the signing secrets before them are sealed for.
pub const WEBHOOK_SECRET_BEFORE: &str = "webhook-secret-before";

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
    /// HTTP to Stripe cannot be set up.
    #[error("the connection to Stripe cannot be set up: {0}")]
    Stripe(#[from] reqwest::Error),
}

impl App {
    /// Opens what the configuration names; the database is migrated.
    pub async fn build(config: Config, clock: Clock) -> Result<Arc<Self>, StartError> {
        config.check().map_err(StartError::Config)?;
        let vault = Vault::open(&config.secret_key_file).map_err(StartError::Vault)?;
        let bounds = ServerBounds {
            global_per_second: config.stripe_rate_limit,
            endpoint_per_second: config.stripe_endpoint_rate_limit,
        };
        let stripe = Gateway::new(
            config.stripe_api_base.clone(),
            config.proxy_to_stripe(),
            bounds,
            config.stripe_patience,
            clock.clone(),
        )?;
        let db = Db::open(&config.database_url).await?;
        Ok(Arc::new(Self {
            config,
            clock,
            db,
            vault,
            stripe,
            wake: Notify::new(),
            changed: watch::Sender::new(()),
            turns: Turns::default(),
            intake: Intake::default(),
            origin: OnceLock::new(),
        }))
    }

    /// People reach the server by https, so that cookies may insist on it.
    pub fn is_public_https(&self) -> bool {
        self.config
            .public_url
            .as_ref()
            .is_some_and(|url| url.scheme() == "https")
    }

    /// The stored key of an integration.
    pub fn stripe_key(&self, integration: &integration::Model) -> Result<stripe::Key, Error> {
        let sealed = integration.key_sealed.as_deref().ok_or(Error::NotFound)?;
        let secret = self
            .vault
            .unseal(STRIPE_KEY, integration.id, sealed)
            .map_err(|_cannot_open| Error::KeySealed)?;
        stripe::Key::parse(secret.expose_secret(), false)
            .map_err(|error| Error::Internal(format!("a stored key is not one: {error}")))
    }

    /// The signing secret of an integration's webhooks; `None` while they are off.
    pub fn webhook_secret(&self, integration: &integration::Model) -> Result<Option<SecretString>, Error> {
        self.unseal(WEBHOOK_SECRET, integration.id, integration.webhook_secret.as_deref())
    }

    /// All signing secrets that are good now: the one that is set, and for a day the one before.
    pub fn webhook_secrets(&self, integration: &integration::Model) -> Result<Vec<SecretString>, Error> {
        let is_good = integration
            .webhook_secret_before_until
            .is_some_and(|until| until > self.clock.now_ms());
        let before = integration.webhook_secret_before.as_deref().filter(|_| is_good);
        let now = self.webhook_secret(integration)?;
        let before = self.unseal(WEBHOOK_SECRET_BEFORE, integration.id, before)?;
        Ok(now.into_iter().chain(before).collect())
    }

    fn unseal(&self, purpose: &str, id: Uuid, sealed: Option<&[u8]>) -> Result<Option<SecretString>, Error> {
        let unsealed = sealed.map(|sealed| self.vault.unseal(purpose, id, sealed));
        unsealed
            .transpose()
            .map_err(|error| Error::Internal(format!("the {purpose} of integration {id}: {error}")))
    }

    /// A client for an integration, with its stored key and inside its budget.
    pub fn stripe_client(&self, integration: &integration::Model) -> Result<stripe::Client, Error> {
        let key = self.stripe_key(integration)?;
        let setting = integration
            .max_requests_per_second
            .and_then(|rate| u32::try_from(rate).ok());
        Ok(self.stripe.client(integration.id, &key, setting)?)
    }
}
