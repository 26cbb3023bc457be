//! A sandbox with a fixed clock and a client that speaks to it.

use reqwest::Response;
use sandbox::{Options, Sandbox};
use serde_json::Value;

/// The world's fixed time.
pub(crate) const NOW: i64 = 1_795_000_000;

/// Options with the fixed clock.
pub(crate) fn options() -> Options {
    Options {
        now: Some(NOW),
        ..Options::default()
    }
}

/// A client. Built together with the server, reqwest speaks TLS and wants to be told how, though nobody does so here.
#[expect(clippy::disallowed_methods, reason = "it is here that proxies are ruled out")]
pub(crate) fn client() -> reqwest::Result<reqwest::Client> {
    // A second installation is refused and harmless: the first one stays.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build()
}

/// The answer to a GET with the full key.
pub(crate) async fn send(sandbox: &Sandbox, path: &str) -> reqwest::Result<Response> {
    let request = client()?.get(format!("{}{path}", sandbox.base_url()));
    request.bearer_auth(sandbox.key()).send().await
}

/// Status and body of a GET.
pub(crate) async fn get(sandbox: &Sandbox, path: &str) -> (u16, Value) {
    let response = send(sandbox, path).await.unwrap();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

/// The ids on a page.
pub(crate) fn ids(page: &Value) -> Vec<String> {
    let data = page["data"].as_array().unwrap();
    data.iter()
        .map(|entry| entry["id"].as_str().unwrap().to_owned())
        .collect()
}

/// All entries of a list, page by page.
pub(crate) async fn all(sandbox: &Sandbox, path: &str) -> Vec<Value> {
    let mut entries = Vec::new();
    let mut after = String::new();
    loop {
        let (status, page) = get(sandbox, &format!("{path}limit=7{after}")).await;
        assert_eq!(status, 200, "{page}");
        entries.extend(page["data"].as_array().unwrap().iter().cloned());
        if page["has_more"] == false {
            return entries;
        }
        after = format!("&starting_after={}", ids(&page).pop().unwrap());
    }
}
