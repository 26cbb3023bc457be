//! Two companies at one address: each key is told of its own.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::HashSet;

use sandbox::{Options, Sandbox};
use serde_json::Value;

#[expect(clippy::disallowed_methods, reason = "it is here that proxies are ruled out")]
async fn get(sandbox: &Sandbox, key: &str, path: &str) -> (u16, Value) {
    // A second installation is refused and harmless: the first one stays.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.get(format!("{}{path}", sandbox.base_url()));
    let response = request.bearer_auth(key).send().await.unwrap();
    let status = response.status().as_u16();
    (status, serde_json::from_str(&response.text().await.unwrap()).unwrap())
}

/// The ids that a list begins with.
async fn ids(sandbox: &Sandbox, key: &str, list: &str, limit: usize) -> Vec<String> {
    let (_, page) = get(sandbox, key, &format!("/v1/{list}?limit={limit}")).await;
    let entries = page["data"].as_array().unwrap().iter();
    entries.map(|entry| entry["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn nothing_of_the_one_is_there_for_the_other() {
    let neighbour = Some(Box::new(Options {
        seed: 2,
        ..Options::default()
    }));
    let options = Options {
        now: Some(1_795_000_000),
        neighbour,
        ..Options::default()
    };
    let sandbox = Sandbox::start(options).await.unwrap();
    let (own, other) = (sandbox.key(), sandbox.neighbour_key().unwrap());
    for list in ["customers", "invoices", "subscriptions", "events"] {
        let here: HashSet<String> = ids(&sandbox, own, list, 100).await.into_iter().collect();
        let there: HashSet<String> = ids(&sandbox, other, list, 100).await.into_iter().collect();
        assert!(!here.is_empty() && !there.is_empty(), "{list}");
        assert_eq!(here.intersection(&there).count(), 0, "{list}");
        for (of, asking, expected) in [
            (&here, own, 200),
            (&here, other, 404),
            (&there, own, 404),
            (&there, other, 200),
        ] {
            let id = of.iter().next().unwrap();
            let (status, object) = get(&sandbox, asking, &format!("/v1/{list}/{id}")).await;
            assert_eq!(status, expected, "{object}");
            assert!(expected == 404 || object["id"] == id.as_str(), "{object}");
        }
        let cursor = ids(&sandbox, other, list, 3).await.pop().unwrap();
        let path = format!("/v1/{list}?limit=3&starting_after={cursor}");
        let (status, rest) = get(&sandbox, other, &path).await;
        assert_eq!(status, 200, "{rest}");
    }
    let account = async |key| get(&sandbox, key, "/v1/account").await.1["id"].take();
    assert_ne!(account(own).await, account(other).await);
    assert_eq!(sandbox.request_count(), 4 * 8 + 2, "whoever was asked");
}
