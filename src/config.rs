//! The only reader of flags and environment. Everything else is handed these plain values.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::ArgAction;
use clap::builder::BoolishValueParser;
use ipnet::IpNet;
use reqwest::Url;

use self::url::{Unrepeated, is_loopback, parse_public_url, parse_stripe_api_base, parse_stripe_proxy};
use crate::store::db::Address;
use crate::stripe::{Patience, Proxy};

mod given;
mod url;

pub use given::read;

/// What can be set from outside. Each flag has an environment variable of the same name with `TRIBUTARY_` in front;
/// one that is set to nothing is not set.
#[derive(Debug, Clone, clap::Args)]
pub struct Config {
    /// Address to listen on.
    #[arg(
        long,
        global = true,
        env = "TRIBUTARY_LISTEN",
        default_value = "127.0.0.1:8080",
        value_name = "ADDRESS:PORT"
    )]
    pub listen: SocketAddr,

    /// Address that people and Stripe reach the server by; https makes the session cookie secure [default: http and --listen].
    #[arg(long, global = true, env = "TRIBUTARY_PUBLIC_URL", value_name = "URL", value_parser = Unrepeated(parse_public_url))]
    pub public_url: Option<Url>,

    /// Network of a reverse proxy whose X-Forwarded-For is believed; may be given several times.
    #[arg(
        long = "trusted-proxy",
        global = true,
        env = "TRIBUTARY_TRUSTED_PROXY",
        value_delimiter = ',',
        value_name = "CIDR"
    )]
    pub trusted_proxies: Vec<IpNet>,

    /// `sqlite://<file>` or `postgres://<user>:<password>@<host>/<database>`.
    #[arg(
        long,
        global = true,
        env = "TRIBUTARY_DATABASE_URL",
        default_value = "sqlite://data/tributary.db",
        value_parser = Unrepeated(Address::parse),
        value_name = "URL",
        hide_env_values = true
    )]
    pub database_url: Address,

    /// File with the key that seals Stripe keys; made when it is absent, and refused where anybody but its owner can read it.
    #[arg(
        long,
        global = true,
        env = "TRIBUTARY_SECRET_KEY_FILE",
        default_value = "data/secret.key",
        value_name = "FILE"
    )]
    pub secret_key_file: PathBuf,

    /// Where Stripe's API is: https, or http to a loopback address.
    #[arg(
        long,
        global = true,
        env = "TRIBUTARY_STRIPE_API_BASE",
        default_value = STRIPE_API_BASE,
        value_parser = Unrepeated(parse_stripe_api_base),
        value_name = "URL"
    )]
    pub stripe_api_base: Url,

    /// Proxy to ask Stripe through, `http://<user>:<password>@<host>:<port>`; never used for a loopback address. `HTTPS_PROXY` and its kin
    /// are not read.
    #[arg(
        long,
        global = true,
        env = "TRIBUTARY_STRIPE_PROXY",
        value_parser = Unrepeated(parse_stripe_proxy),
        value_name = "URL",
        hide_env_values = true
    )]
    pub stripe_proxy: Option<Proxy>,

    /// Refuse restricted Stripe keys (rk_).
    #[arg(
        long,
        global = true,
        env = "TRIBUTARY_REQUIRE_SECRET_KEY",
        action = ArgAction::Set,
        value_parser = BoolishValueParser::new(),
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        default_value = "false",
        value_name = "YES_OR_NO"
    )]
    pub require_secret_key: bool,

    /// Requests a second to Stripe at most, 0 = no bound (refused for Stripe's own host) [default: half of Stripe's limit].
    #[arg(long, global = true, env = "TRIBUTARY_STRIPE_RATE_LIMIT", value_name = "PER_SECOND")]
    pub stripe_rate_limit: Option<u32>,

    /// The same for each of Stripe's endpoints.
    #[arg(
        long,
        global = true,
        env = "TRIBUTARY_STRIPE_ENDPOINT_RATE_LIMIT",
        value_name = "PER_SECOND"
    )]
    pub stripe_endpoint_rate_limit: Option<u32>,

    /// How patiently Stripe is asked: not for anybody to set, but for tests.
    #[arg(skip)]
    pub stripe_patience: Patience,

    /// Log as JSON, one line an entry.
    #[arg(
        long,
        global = true,
        env = "TRIBUTARY_LOG_JSON",
        action = ArgAction::Set,
        value_parser = BoolishValueParser::new(),
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        default_value = "false",
        value_name = "YES_OR_NO"
    )]
    pub log_json: bool,

    /// What to log, in the form of tracing's `EnvFilter`.
    #[arg(
        long,
        global = true,
        env = "TRIBUTARY_LOG",
        default_value = "info,actix_server=warn,sea_orm_migration=warn,sqlx=warn,tokio_cron_scheduler=warn",
        value_name = "FILTER"
    )]
    pub log: String,
}

/// Stripe's own address.
pub const STRIPE_API_BASE: &str = "https://api.stripe.com";

impl Config {
    /// The address that people reach the server by.
    pub fn public_url(&self, bound: SocketAddr) -> String {
        self.public_url.as_ref().map_or_else(
            || format!("http://{bound}"),
            |url| url.as_str().trim_end_matches('/').to_owned(),
        )
    }

    /// The proxy to ask Stripe through. What stands in for Stripe on this machine is asked directly: over http a proxy would be shown the key.
    pub fn proxy_to_stripe(&self) -> Option<&Proxy> {
        self.stripe_proxy
            .as_ref()
            .filter(|_| !is_loopback(&self.stripe_api_base))
    }

    /// Checks what one flag alone cannot tell.
    pub fn check(&self) -> Result<(), String> {
        let unbound = self.stripe_rate_limit == Some(0) || self.stripe_endpoint_rate_limit == Some(0);
        if unbound && self.stripe_api_base.host_str() == Some("api.stripe.com") {
            return Err("no bound on requests is only allowed where --stripe-api-base is not Stripe's own host".into());
        }
        Ok(())
    }
}
