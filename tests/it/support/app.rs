//! The real server on a free port, with a fresh database and a clock that stands still.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use entity::kind::Scope;
use futures_util::FutureExt;
use sandbox::{Options, Sandbox};
use serde_json::Value;
use tributary::account::token::{self, NewToken};
use tributary::account::user::{self, NewUser};
use tributary::app::App;
use tributary::clock::Clock;
use tributary::config::{Config, STRIPE_API_BASE};
use tributary::http::{self, SocketLimits, StopHandle};
use tributary::jobs;
use tributary::store::Db;
use tributary::stripe::Patience;

use super::{Client, TestDatabase, log};

/// When it is, unless a test says otherwise: 2026-11-23T12:00:00Z, Unix milliseconds.
pub(crate) const NOW_MS: i64 = 1_795_435_200_000;
/// Signs in with [`PASSWORD`].
pub(crate) const EMAIL: &str = "ada@example.com";
/// Of [`EMAIL`].
pub(crate) const PASSWORD: &str = "a-long-enough-passphrase";

/// A running server and what it stands on.
pub(crate) struct TestApp {
    /// Moves when a test says so.
    pub(crate) clock: Clock,
    config: Config,
    sockets: SocketLimits,
    token: String,
    up: Option<Up>,
    sandbox: Option<Sandbox>,
    database: TestDatabase,
}

/// What of it is gone while it is turned off.
struct Up {
    app: Arc<App>,
    admin: Client,
    anybody: Client,
    address: SocketAddr,
    server: StopHandle,
    jobs: Option<jobs::Running>,
}

/// A server before it is started.
pub(crate) struct Builder {
    change: Box<dyn FnOnce(&mut Config)>,
    sandbox: Option<Options>,
    stripe: Option<String>,
    sockets: SocketLimits,
}

impl Builder {
    /// Changes what would be set from outside.
    pub(crate) fn config(mut self, change: impl FnOnce(&mut Config) + 'static) -> Self {
        self.change = Box::new(change);
        self
    }

    /// Gives it a stand-in for Stripe, whose clock stands where the server's does, and the jobs that pull from it.
    pub(crate) fn sandbox(mut self, options: Options) -> Self {
        self.sandbox = Some(Options {
            now: Some(NOW_MS / 1000),
            ..options
        });
        self
    }

    /// Has it pull from another server's stand-in for Stripe.
    pub(crate) fn pulls_from(mut self, sandbox: &Sandbox) -> Self {
        self.stripe = Some(sandbox.base_url());
        self
    }

    /// Gives each WebSocket other limits.
    pub(crate) fn sockets(mut self, limits: SocketLimits) -> Self {
        self.sockets = limits;
        self
    }

    /// Starts it, with [`EMAIL`] as its admin.
    pub(crate) async fn start(self) -> TestApp {
        let database = TestDatabase::create().await;
        let mut config = config(&database);
        let sandbox = start_sandbox(self.sandbox).await;
        let stripe = sandbox.as_ref().map(Sandbox::base_url).or(self.stripe);
        if let Some(stripe) = &stripe {
            config.stripe_api_base = stripe.parse().unwrap();
            (config.stripe_rate_limit, config.stripe_endpoint_rate_limit) = (Some(0), Some(0));
        }
        (self.change)(&mut config);
        log::listen();
        let clock = Clock::fixed(NOW_MS);
        let app = App::build(config.clone(), clock.clone()).await.unwrap();
        let token = token_of_new_user(&app, EMAIL, Scope::Admin).await;
        TestApp {
            clock,
            config,
            sockets: self.sockets,
            up: Some(Up::start(app, self.sockets, &token, stripe.is_some()).await),
            token,
            sandbox,
            database,
        }
    }
}

impl Up {
    async fn start(app: Arc<App>, sockets: SocketLimits, token: &str, has_jobs: bool) -> Self {
        let server = http::bind_with(Arc::clone(&app), sockets).unwrap();
        let address = server.address();
        let anybody = Client::new(&format!("http://{address}"));
        let stop = server.stop_handle();
        tokio::spawn(server.run());
        let jobs = if has_jobs {
            Some(jobs::start(Arc::clone(&app)).await.unwrap())
        } else {
            None
        };
        Self {
            app,
            admin: anybody.with_token(token),
            anybody,
            address,
            server: stop,
            jobs,
        }
    }
}

impl TestApp {
    /// Starts one as it comes.
    pub(crate) async fn start() -> Self {
        Self::builder().start().await
    }

    /// Starts one otherwise.
    pub(crate) fn builder() -> Builder {
        Builder {
            change: Box::new(|_config| {}),
            sandbox: None,
            stripe: None,
            sockets: SocketLimits::default(),
        }
    }

    /// Ends what runs, as when the machine is shut down. The database and the sandbox stay.
    pub(crate) async fn turn_off(&mut self) {
        let up = self.up.take().unwrap();
        up.server.stop().await;
        if let Some(jobs) = up.jobs {
            jobs.stop().await;
        }
        up.app.db.clone().close().await.unwrap();
    }

    /// Starts it again, with what would be set from outside changed.
    pub(crate) async fn turn_on(&mut self, change: impl FnOnce(&mut Config)) {
        change(&mut self.config);
        let app = App::build(self.config.clone(), self.clock.clone()).await.unwrap();
        let up = Up::start(app, self.sockets, &self.token, self.sandbox.is_some());
        self.up = Some(up.await);
    }

    fn up(&self) -> &Up {
        self.up.as_ref().unwrap()
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.up().address
    }

    /// Stops serving.
    pub(crate) async fn stop_server(&self) {
        self.up().server.stop().await;
    }

    /// Its stand-in for Stripe.
    pub(crate) fn sandbox(&self) -> &Sandbox {
        self.sandbox.as_ref().unwrap()
    }

    /// The parts of the server.
    pub(crate) fn app(&self) -> &Arc<App> {
        &self.up().app
    }

    /// Its database.
    pub(crate) fn db(&self) -> &Db {
        &self.up().app.db
    }

    /// Its database, for `--database-url`.
    pub(crate) fn database_url(&self) -> &str {
        self.database.url()
    }

    /// Where its database's files are.
    pub(crate) fn database_folder(&self) -> &Path {
        self.database.folder()
    }

    /// Speaks to it as nobody.
    pub(crate) fn anybody(&self) -> &Client {
        &self.up().anybody
    }

    /// Speaks to it as an admin.
    pub(crate) fn admin(&self) -> &Client {
        &self.up().admin
    }

    /// What the ticker does, at once.
    pub(crate) async fn tick(&self) {
        tributary::jobs::queue_due(self.app()).await.unwrap();
        self.app().wake.notify_one();
    }

    /// The data of an operation of the admin's that goes well.
    pub(crate) async fn graphql(&self, query: &str, variables: Value) -> Value {
        self.admin().graphql(query, variables).await
    }

    /// The token of a new user who may do no more than `scope`.
    pub(crate) async fn sign_in_token(&self, scope: Scope) -> String {
        let email = format!("{}@example.com", uuid::Uuid::now_v7().simple());
        token_of_new_user(self.app(), &email, scope).await
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if let Some(up) = self.up.take() {
            // Asking is all that can be done here; nobody needs to wait for the end.
            let _asked = up.server.stop().now_or_never();
            if let Some(jobs) = up.jobs {
                tokio::spawn(jobs.stop());
            }
        }
        if let Some(sandbox) = &self.sandbox
            && !std::thread::panicking()
        {
            assert_eq!(
                sandbox.non_get_count(),
                0,
                "Tributary sends Stripe nothing but GET requests"
            );
        }
    }
}

async fn token_of_new_user(app: &App, email: &str, scope: Scope) -> String {
    let new = NewUser {
        email,
        name: None,
        role: scope,
        password: PASSWORD,
    };
    let owner = user::create(app, new).await.unwrap();
    let new = NewToken {
        name: "a test's".to_owned(),
        scope,
        expires_at: None,
        idempotency_key: None,
    };
    let (_row, secret) = token::create(app, &owner, new).await.unwrap();
    secret.unwrap()
}

async fn start_sandbox(options: Option<Options>) -> Option<Sandbox> {
    Some(Sandbox::start(options?).await.unwrap())
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
