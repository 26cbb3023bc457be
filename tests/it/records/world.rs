//! The schema over a database with known rows.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_graphql::{Request, Variables};
use entity::kind::Scope;
use entity::{api_token, user};
use futures_util::StreamExt;
use sea_orm::ActiveModelTrait;
use sea_orm::IntoActiveModel;
use serde_json::{Value, json};
use tributary::account::{Caller, Proof};
use tributary::app::App;
use tributary::clock::Clock;
use tributary::config::{Config, STRIPE_API_BASE};
use tributary::graphql::{self, Schema};
use tributary::stripe::Patience;
use uuid::Uuid;

use super::rows::{NOW_MS, Rows};
use crate::support::TestDatabase;

/// A filled database and the schema over it.
pub(crate) struct World {
    pub(crate) rows: Rows,
    pub(crate) app: Arc<App>,
    pub(crate) user_id: Uuid,
    schema: Schema,
    statements: Arc<AtomicUsize>,
    _database: TestDatabase,
}

impl World {
    /// With everything that [`Rows`] holds.
    pub(crate) async fn full() -> Self {
        Self::with(Rows::make()).await
    }

    /// With these rows.
    pub(crate) async fn with(rows: Rows) -> Self {
        // The way to Stripe wants TLS to be there, though nobody speaks to it.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let database = TestDatabase::create().await;
        let mut app = App::build(config(&database), Clock::fixed(NOW_MS)).await.unwrap();
        let statements = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&statements);
        let db = &mut Arc::get_mut(&mut app).unwrap().db;
        db.watch_reads(move |_info| {
            counted.fetch_add(1, Ordering::SeqCst);
        });
        rows.insert(app.db.write()).await;
        let user = person();
        user.clone().into_active_model().insert(app.db.write()).await.unwrap();
        Self {
            rows,
            user_id: user.id,
            schema: graphql::schema(Arc::clone(&app)),
            app,
            statements,
            _database: database,
        }
    }

    /// The answer to an operation of somebody who may do `scope`, errors included.
    pub(crate) async fn answer(&self, scope: Option<Scope>, query: &str, variables: Value) -> Value {
        let mut request = Request::new(query).variables(Variables::from_json(variables));
        graphql::request_data(&self.app, &mut request.data);
        if let Some(scope) = scope {
            request = request.data(caller(self.user_id, scope));
        }
        serde_json::to_value(self.schema.execute(request).await).unwrap()
    }

    /// The first event of a subscription, errors included.
    pub(crate) async fn first_event(&self, scope: Option<Scope>, subscription: &str) -> Value {
        let mut request = Request::new(subscription);
        if let Some(scope) = scope {
            request = request.data(caller(self.user_id, scope));
        }
        let event = self.schema.execute_stream(request).next().await;
        serde_json::to_value(event.unwrap()).unwrap()
    }

    /// The data of an operation that goes well.
    pub(crate) async fn query(&self, query: &str, variables: Value) -> Value {
        let mut answer = self.answer(Some(Scope::Configure), query, variables).await;
        assert_eq!(answer.get("errors"), None, "{query}");
        answer["data"].take()
    }

    /// What is wrong with a query: reason and field.
    pub(crate) async fn refusal(&self, query: &str, variables: Value) -> Value {
        let answer = self.answer(Some(Scope::Read), query, variables).await;
        let extensions = &answer["errors"][0]["extensions"];
        assert_eq!(extensions["code"], "BAD_USER_INPUT", "{query}: {answer}");
        json!([extensions["reason"], extensions["field"]])
    }

    /// How many statements an operation that goes well reads with.
    pub(crate) async fn statements_of(&self, query: &str) -> usize {
        let before = self.statements.load(Ordering::SeqCst);
        self.query(query, json!({})).await;
        self.statements.load(Ordering::SeqCst) - before
    }
}

fn person() -> user::Model {
    user::Model {
        id: Uuid::now_v7(),
        email: "ada@example.com".into(),
        email_key: "ada@example.com".into(),
        name: "Ada".into(),
        role: Scope::Admin,
        password_hash: String::new(),
        enabled: true,
        created_at: NOW_MS,
        last_sign_in_at: None,
    }
}

fn caller(user_id: Uuid, scope: Scope) -> Caller {
    let token = api_token::Model {
        id: Uuid::now_v7(),
        user_id,
        name: "a test's".into(),
        display: String::new(),
        secret_hash: vec![],
        scope,
        idempotency_key: None,
        created_at: NOW_MS,
        last_used_at: None,
        expires_at: None,
        revoked_at: None,
    };
    let user = user::Model {
        id: user_id,
        ..person()
    };
    Caller {
        user,
        scope,
        proof: Proof::Token(token),
    }
}

fn config(database: &TestDatabase) -> Config {
    Config {
        listen: ([127, 0, 0, 1], 0).into(),
        public_url: None,
        trusted_proxies: Vec::new(),
        database_url: database.address(),
        secret_key_file: database.folder().join("secret.key"),
        stripe_api_base: STRIPE_API_BASE.parse().unwrap(),
        stripe_proxy: None,
        require_secret_key: false,
        stripe_rate_limit: None,
        stripe_endpoint_rate_limit: None,
        stripe_patience: Patience::default(),
        log_json: false,
        log: "off".to_owned(),
    }
}
