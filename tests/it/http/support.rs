//! The very server on a free port, with a database of its own and a clock that stands still.

use std::net::SocketAddr;
use std::sync::Arc;

use entity::kind::Scope;
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder, StatusCode, Url};
use serde_json::{Value, json};
use tributary::account::token::NewToken;
use tributary::account::user::NewUser;
use tributary::account::{token, user};
use tributary::app::App;
use tributary::clock::Clock;
use tributary::config::{Config, STRIPE_API_BASE};
use tributary::http::{self, StopHandle};
use tributary::stripe::Patience;

use crate::support::{TestDatabase, connections};

/// The password of everybody in these tests.
pub(crate) const PASSWORD: &str = "correct horse battery";

const START_MS: i64 = 1_800_000_000_000;

/// A running server; it stops when the test's runtime ends.
pub(crate) struct Server {
    pub(crate) app: Arc<App>,
    pub(crate) address: SocketAddr,
    pub(crate) stop: StopHandle,
    pub(crate) running: tokio::task::JoinHandle<std::io::Result<()>>,
    client: Client,
    _database: TestDatabase,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// The code of the first error.
    pub(crate) fn code(&self) -> String {
        self.json()["errors"][0]["extensions"]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The cookie's `name=value` that the answer sets.
    pub(crate) fn cookie(&self) -> String {
        self.header("set-cookie").split(';').next().unwrap().to_owned()
    }
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_at(None).await
    }

    /// With a public address.
    pub(crate) async fn start_at(public_url: Option<&str>) -> Self {
        let database = TestDatabase::create().await;
        let config = Config {
            listen: "127.0.0.1:0".parse().unwrap(),
            public_url: public_url.map(|url| url.parse().unwrap()),
            trusted_proxies: Vec::new(),
            database_url: database.address(),
            secret_key_file: database.folder().join("secret.key"),
            stripe_api_base: Url::parse(STRIPE_API_BASE).unwrap(),
            stripe_proxy: None,
            require_secret_key: false,
            stripe_rate_limit: None,
            stripe_endpoint_rate_limit: None,
            stripe_patience: Patience::default(),
            log_json: false,
            log: "off".into(),
        };
        let app = App::build(config, Clock::fixed(START_MS)).await.unwrap();
        let server = http::bind(Arc::clone(&app)).unwrap();
        Self {
            app,
            address: server.address(),
            stop: server.stop_handle(),
            running: tokio::spawn(server.run()),
            client: connections(),
            _database: database,
        }
    }

    pub(crate) async fn user(&self, email: &str, role: Scope) -> entity::user::Model {
        let new = NewUser {
            email,
            name: None,
            role,
            password: PASSWORD,
        };
        user::create(&self.app, new).await.unwrap()
    }

    pub(crate) async fn token(&self, owner: &entity::user::Model, scope: Scope, expires_at: Option<i64>) -> String {
        let new = NewToken {
            name: "test".into(),
            scope,
            expires_at,
            idempotency_key: None,
        };
        token::create(&self.app, owner, new).await.unwrap().1.unwrap()
    }

    /// A token of a fresh administrator.
    pub(crate) async fn admin_token(&self) -> String {
        let admin = self.user("admin@example.com", Scope::Admin).await;
        self.token(&admin, Scope::Admin, None).await
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address))
    }

    /// A POST of one request as JSON.
    pub(crate) fn post(&self, body: &Value) -> RequestBuilder {
        self.post_text(&body.to_string())
    }

    pub(crate) fn post_text(&self, body: &str) -> RequestBuilder {
        self.request(Method::POST, "/graphql")
            .header("content-type", "application/json")
            .body(body.to_owned())
    }

    /// What a token may see.
    pub(crate) async fn query(&self, token: &str, query: &str) -> Answer {
        send(self.post(&json!({ "query": query })).bearer_auth(token)).await
    }

    /// What a browser with this cookie may see.
    pub(crate) async fn browse(&self, cookie: &str, query: &str) -> Answer {
        let request = self.post(&json!({ "query": query })).header("cookie", cookie);
        send(request.header("sec-fetch-site", "same-origin")).await
    }

    pub(crate) async fn sign_in(&self, email: &str, password: &str) -> Answer {
        send(self.post(&sign_in(email, password))).await
    }

    /// How many sessions there are.
    pub(crate) async fn sessions(&self) -> u64 {
        use sea_orm::{EntityTrait, PaginatorTrait};
        entity::session::Entity::find().count(self.app.db.read()).await.unwrap()
    }
}

pub(crate) fn sign_in(email: &str, password: &str) -> Value {
    let query = "mutation($email: String!, $password: String!) { signIn(input: { email: $email, password: $password }) { \
                 viewer { user { email } scope session { current } } userErrors { field code } } }";
    json!({ "query": query, "variables": { "email": email, "password": password } })
}

pub(crate) async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    Answer {
        status: response.status(),
        headers: response.headers().clone(),
        text: response.text().await.unwrap(),
    }
}
