//! The only reader of flags and environment. Everything else is handed these plain values.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use ipnet::IpNet;
use reqwest::Url;

use crate::stripe::Patience;

/// What can be set from outside. Each flag has an environment variable of the same name with `TRIBUTARY_` in front.
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
    #[arg(long, global = true, env = "TRIBUTARY_PUBLIC_URL", value_name = "URL", value_parser = parse_public_url)]
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
        value_name = "URL",
        hide_env_values = true
    )]
    pub database_url: String,

    /// File with the key that seals Stripe keys; made, readable by its owner only, when it is absent.
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
        value_parser = parse_stripe_api_base,
        value_name = "URL"
    )]
    pub stripe_api_base: Url,

    /// Refuse restricted Stripe keys (rk_).
    #[arg(long, global = true, env = "TRIBUTARY_REQUIRE_SECRET_KEY")]
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
    #[arg(long, global = true, env = "TRIBUTARY_LOG_JSON")]
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

    /// Checks what one flag alone cannot tell.
    pub fn check(&self) -> Result<(), String> {
        let unbound = self.stripe_rate_limit == Some(0) || self.stripe_endpoint_rate_limit == Some(0);
        if unbound && self.stripe_api_base.host_str() == Some("api.stripe.com") {
            return Err("no bound on requests is only allowed where --stripe-api-base is not Stripe's own host".into());
        }
        if !(self.database_url.starts_with("sqlite:") || self.database_url.starts_with("postgres")) {
            return Err("--database-url must begin with sqlite:// or postgres://".into());
        }
        Ok(())
    }
}

fn parse_public_url(text: &str) -> Result<Url, String> {
    let url = parse_plain_url(text)?;
    match (url.path(), url.scheme()) {
        ("/", "http" | "https") => Ok(url),
        _ => Err("give scheme, host and port only, e.g. https://tributary.example.com".into()),
    }
}

/// Anything but https would carry the key in the clear; loopback is for stand-ins.
fn parse_stripe_api_base(text: &str) -> Result<Url, String> {
    let url = parse_plain_url(text)?;
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => Err("http is allowed to a loopback address only (127.0.0.1, [::1] or localhost)".into()),
        _ => Err("give an https address".into()),
    }
}

fn parse_plain_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err("user, password, query and fragment have no place here".into());
    }
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    let host = url
        .host_str()
        .unwrap_or_default()
        .trim_start_matches('[')
        .trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stripe_api_base_is_https_or_loopback() {
        for good in [
            "https://api.stripe.com",
            "http://127.0.0.1:12111",
            "http://[::1]:1",
            "http://localhost:80/base",
        ] {
            assert!(parse_stripe_api_base(good).is_ok(), "{good}");
        }
        for bad in [
            "http://169.254.169.254",
            "http://example.com",
            "file:///etc/passwd",
            "https://user@api.stripe.com",
            "https://api.stripe.com?x=1",
            "ftp://127.0.0.1",
            "stripe",
            "",
        ] {
            assert!(parse_stripe_api_base(bad).is_err(), "{bad}");
        }
    }
}
