//! Reading Stripe over HTTP. There is one verb here, GET, and nothing in this crate can send another.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{StatusCode, Url};
use secrecy::ExposeSecret;
use serde_json::Value;

use super::attempt::{Attempt, read_failure};
use super::body::read_json;
use super::budget::{Budget, Limits};
use super::{Error, Key, Patience, Proxy, Seen};
use crate::clock::Clock;

/// The API version whose shapes everything here is written for.
pub const API_VERSION: &str = "2026-10-28.endive";

/// Stripe may ask to wait for so long before a request is repeated; for longer, whoever asks does something else meanwhile.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// All but what stands for itself in every part of a URL.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

fn encode(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, RESERVED)
}

/// Reads one Stripe account with one key, inside its budget.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    authorization: Option<HeaderValue>,
    budget: Arc<Budget>,
    clock: Clock,
    requests: Arc<AtomicU64>,
    patience: Patience,
    currencies: Currencies,
    /// Another version than [`API_VERSION`].
    version: Option<HeaderValue>,
}

/// The currencies that an integration's subscriptions are billed in, as far as they are known; all its clients share them.
pub(super) type Currencies = Arc<RwLock<BTreeSet<String>>>;

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Client({})", self.base)
    }
}

/// What Stripe answered, and when it held that state.
#[derive(Debug)]
pub struct Answer {
    /// The body.
    pub body: Value,
    /// When Stripe held this state.
    pub seen: Seen,
}

/// Connections that all clients share. Redirects are never followed, and proxies that the environment names never asked: they
/// would carry the key elsewhere.
#[expect(
    clippy::disallowed_methods,
    reason = "it is here that a proxy is ruled out, or named"
)]
pub fn connections(patience: Patience, proxy: Option<&Proxy>) -> reqwest::Result<reqwest::Client> {
    // A second installation is refused and harmless: the first one stays.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut headers = HeaderMap::new();
    headers.insert("Stripe-Version", HeaderValue::from_static(API_VERSION));
    let connections = reqwest::Client::builder()
        .default_headers(headers)
        .user_agent(concat!("tributary/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .connect_timeout(patience.connect)
        .timeout(patience.answer);
    match proxy {
        Some(proxy) => connections.proxy(proxy.for_requests()?).build(),
        None => connections.build(),
    }
}

impl Client {
    /// A client of the account that `key` belongs to, over `http`, which [`connections`] has made.
    pub(super) fn new(
        http: reqwest::Client,
        base: Url,
        key: &Key,
        (budget, currencies): (Arc<Budget>, Currencies),
        patience: Patience,
        clock: Clock,
    ) -> Result<Self, Error> {
        let mut authorization = HeaderValue::try_from(format!("Bearer {}", key.secret().expose_secret()))
            .map_err(|_invalid| Error::refused("the key cannot be sent in a header"))?;
        authorization.set_sensitive(true);
        Ok(Self {
            http,
            base,
            authorization: Some(authorization),
            budget,
            clock,
            requests: Arc::default(),
            patience,
            currencies,
            version: None,
        })
    }

    /// A client that sends nothing.
    pub(super) fn without_key(http: reqwest::Client, base: Url, patience: Patience, clock: Clock) -> Self {
        let limits = Limits {
            global_per_second: None,
            endpoint_per_second: None,
        };
        Self {
            http,
            base,
            authorization: None,
            budget: Arc::new(Budget::new(limits)),
            clock,
            requests: Arc::default(),
            patience,
            currencies: Currencies::default(),
            version: None,
        }
    }

    /// The same client, asking in another version of the API.
    #[must_use]
    pub(super) fn at_version(self, version: &'static str) -> Self {
        let version = Some(HeaderValue::from_static(version));
        Self { version, ..self }
    }

    /// Has prices given with their tiers in these currencies, too, from now on and by all clients of the integration.
    pub fn ask_for_tiers_in(&self, currencies: impl IntoIterator<Item = String>) {
        let mut known = self.currencies.write().unwrap_or_else(PoisonError::into_inner);
        known.extend(currencies);
    }

    pub(super) fn tier_currencies(&self) -> Vec<String> {
        let known = self.currencies.read().unwrap_or_else(PoisonError::into_inner);
        known.iter().cloned().collect()
    }

    /// The same client for somebody who waits: gives up after a second try.
    #[must_use]
    pub fn hasty(self) -> Self {
        let patience = self.patience.hasty();
        Self { patience, ..self }
    }

    /// Requests sent through this client and its clones, repeated ones included.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Requests are waiting for the budget: more of them at once would gain nothing.
    pub fn is_waiting(&self) -> bool {
        self.budget.is_spent()
    }

    /// Reads the path below `/v1`, given part by part. `endpoint` is its route template, by which Stripe counts. Waits for the budget and repeats what is worth
    /// repeating; `check` says what is wrong with a body that arrived, so that half an answer is asked for again, too.
    pub async fn get(
        &self,
        endpoint: &'static str,
        path: &[&str],
        query: &[(&str, String)],
        check: fn(&Value) -> Result<(), &'static str>,
    ) -> Result<Answer, Error> {
        let url = self.url(path, query)?;
        let authorization = self
            .authorization
            .as_ref()
            .ok_or_else(|| Error::refused("there is no key to ask with"))?;
        let retries = ExponentialBuilder::default()
            .with_min_delay(self.patience.first_rest)
            .with_max_delay(self.patience.longest_rest)
            .with_max_times(self.patience.repetitions)
            .with_jitter();
        (|| self.attempt(endpoint, &url, authorization, check))
            .retry(retries)
            .when(|attempt| attempt.again && attempt.after.is_none_or(|after| after <= LONGEST_WAIT))
            .adjust(|attempt, delay| delay.map(|delay| attempt.after.map_or(delay, |after| after.max(delay))))
            .notify(|attempt, delay| tracing::debug!(endpoint, error = %attempt.error, ?delay, "asking Stripe again"))
            .await
            .map_err(|attempt| attempt.error)
    }

    /// Ids are opaque: whatever a sign in one means in an address, here it means itself.
    fn url(&self, path: &[&str], query: &[(&str, String)]) -> Result<Url, Error> {
        // A URL drops these two however they are written.
        if path.iter().any(|part| matches!(*part, "" | "." | "..")) {
            return Err(Error::refused("an id is missing, or none that can be asked for"));
        }
        let mut url = self.base.clone();
        let below = path.iter().map(|part| format!("/{}", encode(part)));
        let base = url.path().trim_end_matches('/');
        let path: String = [base, "/v1"].into_iter().map(str::to_owned).chain(below).collect();
        url.set_path(&path);
        if !query.is_empty() {
            let pairs = query
                .iter()
                .map(|(name, value)| format!("{}={}", encode(name), encode(value)));
            url.set_query(Some(&pairs.collect::<Vec<_>>().join("&")));
        }
        Ok(url)
    }

    async fn attempt(
        &self,
        endpoint: &'static str,
        url: &Url,
        authorization: &HeaderValue,
        check: fn(&Value) -> Result<(), &'static str>,
    ) -> Result<Answer, Attempt> {
        self.budget.admit(endpoint).await;
        self.requests.fetch_add(1, Ordering::Relaxed);
        let sent_at = self.clock.now_ms();
        let sent = std::time::Instant::now();
        let mut request = self.http.get(url.clone()).header(AUTHORIZATION, authorization.clone());
        if let Some(version) = &self.version {
            request = request.header("Stripe-Version", version.clone());
        }
        let response = request.send().await.map_err(|error| Attempt::broken(&error))?;
        let seen = Seen::of_answer(response.headers(), sent_at, sent.elapsed());
        if response.status() != StatusCode::OK {
            let failure = read_failure(response, seen).await;
            if let Some(hit) = failure.hit {
                self.budget.too_much(endpoint, hit);
            }
            return Err(failure);
        }
        self.budget.answered(endpoint);
        let body = read_json(response).await?;
        check(&body).map_err(Attempt::odd)?;
        Ok(Answer { body, seen })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_sign_of_an_id_means_it_means_itself() {
        let patience = Patience::default();
        let http = connections(patience, None).unwrap();
        let base = "http://127.0.0.1:1/base/".parse().unwrap();
        let client = Client::without_key(http, base, patience, Clock::System);
        let url = |path: &[&str], query: &[(&str, String)]| client.url(path, query).map(|url| url.to_string());
        let id = "a+b c/d%2B?e#f&g=h;i:j@k,l$m!n*o'(p)[q]~r-s.t_u\u{fc}\\";
        let escaped =
            "a%2Bb%20c%2Fd%252B%3Fe%23f%26g%3Dh%3Bi%3Aj%40k%2Cl%24m%21n%2Ao%27%28p%29%5Bq%5D~r-s.t_u%C3%BC%5C";
        assert_eq!(
            url(&["products", id], &[]).unwrap(),
            format!("http://127.0.0.1:1/base/v1/products/{escaped}")
        );
        let query = [("starting_after", id.to_owned()), ("expand[]", "data.x".to_owned())];
        assert_eq!(
            url(&["products"], &query).unwrap(),
            format!("http://127.0.0.1:1/base/v1/products?starting_after={escaped}&expand%5B%5D=data.x")
        );
        for none in ["", ".", ".."] {
            assert!(url(&["products", none], &[]).is_err(), "{none}");
        }
    }
}
