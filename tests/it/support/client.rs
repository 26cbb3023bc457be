//! Speaks to a server over HTTP, as a script does.

use std::sync::Once;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap};
use reqwest::{RequestBuilder, StatusCode};
use serde_json::{Value, json};

/// Speaks to one server, with or without a token.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    address: String,
    token: Option<String>,
}

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Client {
    /// Speaks as nobody.
    pub(crate) fn new(address: &str) -> Self {
        Self {
            http: connections(),
            address: address.to_owned(),
            token: None,
        }
    }

    /// The same server, spoken to with a token.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..self.clone()
        }
    }

    /// Where GraphQL is.
    pub(crate) fn graphql_url(&self) -> String {
        format!("{}/graphql", self.address)
    }

    /// A GET of a path.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.http.get(format!("{}{path}", self.address))).await
    }

    /// The answer to an operation, as it came.
    pub(crate) async fn post(&self, query: &str, variables: Value) -> Answer {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let request = self.http.post(self.graphql_url());
        self.send(request.header(CONTENT_TYPE, "application/json").body(body))
            .await
    }

    /// The answer to an operation, errors included.
    pub(crate) async fn response(&self, query: &str, variables: Value) -> Value {
        let answer = self.post(query, variables).await;
        serde_json::from_str(&answer.text).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
    }

    /// The data of an operation, `None` where nobody answers.
    pub(crate) async fn try_graphql(&self, query: &str, variables: Value) -> Option<Value> {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let request = self
            .http
            .post(self.graphql_url())
            .header(CONTENT_TYPE, "application/json");
        let request = request.header(AUTHORIZATION, format!("Bearer {}", self.token.as_deref()?));
        let text = request.body(body).send().await.ok()?.text().await.ok()?;
        let mut response: Value = serde_json::from_str(&text).ok()?;
        assert_eq!(response.get("errors"), None, "{query}");
        Some(response["data"].take())
    }

    /// The data of an operation that goes well.
    pub(crate) async fn graphql(&self, query: &str, variables: Value) -> Value {
        let mut response = self.response(query, variables).await;
        assert_eq!(response.get("errors"), None, "{query}");
        response["data"].take()
    }

    /// What `field`, the only one of a mutation, gives when there is nothing to mend.
    pub(crate) async fn mutate(&self, field: &str, query: &str, variables: Value) -> Value {
        let mut data = self.graphql(query, variables).await;
        assert_eq!(data[field]["userErrors"], json!([]), "{query}");
        data[field].take()
    }

    async fn send(&self, request: RequestBuilder) -> Answer {
        let request = match &self.token {
            Some(token) => request.header(AUTHORIZATION, format!("Bearer {token}")),
            None => request,
        };
        let response = request.send().await.unwrap();
        Answer {
            status: response.status(),
            headers: response.headers().clone(),
            text: response.text().await.unwrap(),
        }
    }
}

/// Connections to servers of this machine.
#[expect(clippy::disallowed_methods, reason = "it is here that proxies are ruled out")]
pub(crate) fn connections() -> reqwest::Client {
    install_tls();
    let connections = reqwest::Client::builder().timeout(Duration::from_secs(30));
    connections.no_proxy().build().unwrap()
}

/// reqwest is built without a TLS of its own choice and wants one named, plain http or not.
fn install_tls() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // The server in this process may have done it.
        let _installed = rustls::crypto::ring::default_provider().install_default();
    });
}
