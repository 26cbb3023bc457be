//! `tributary demo`: the sandbox and the server in one process, connected, filled and ready to be asked.

mod show;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use entity::kind::{ContractSource, RunKind, RunState, Scope, SyncObject};
use entity::{integration, run};
use sandbox::{Options, Sandbox};
use tokio::signal::unix::SignalKind;

use super::explain;
use super::serve::{STOP_TIMEOUT, Signals};
use crate::account::{secret, token, user};
use crate::app::App;
use crate::clock::Clock;
use crate::config::Config;
use crate::jobs::queue::{self, StartRun};
use crate::settings::{UpdateSettings, set_sync_enabled, update_settings};
use crate::setup::{Account, Authenticate, authenticate};
use crate::store::db::Address;
use crate::stripe::Patience;
use crate::{http, jobs, private, store};

/// Flags of `tributary demo`.
#[derive(Debug, clap::Args)]
pub(super) struct Demo {
    /// End after the import, instead of serving on.
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    size: super::sandbox::Size,
}

const EMAIL: &str = "admin@example.com";
/// All that the sandbox has ever billed.
const LOOKBACK_DAYS: i32 = 3650;
const LOOK_AT_PROGRESS: Duration = Duration::from_millis(100);

/// Runs the demo on a temporary database. It ends with the import, or when it is told to stop, and leaves nothing behind.
pub(super) async fn run(config: Config, demo: Demo) -> anyhow::Result<()> {
    let sandbox = Sandbox::start(demo.size.options(Options::demo()))
        .await
        .context("the sandbox did not start")?;
    // Heard before there is a folder: by itself each would end the process and leave it. The last one comes when a terminal is closed.
    let signals = Signals::listen(&[SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()])?;
    let folder = private::temporary_folder().context("there is no temporary folder")?;
    let done = on_database(config_of(config, folder.path(), &sandbox)?, &sandbox, &demo, signals).await;
    folder.close().context("the temporary folder cannot be removed")?;
    sandbox.stop().await;
    done
}

/// Once this has ended, nobody writes into the folder any more.
async fn on_database(config: Config, sandbox: &Sandbox, demo: &Demo, signals: Signals) -> anyhow::Result<()> {
    let app = App::build(config, Clock::System).await?;
    let done = serve(&app, sandbox, demo, signals).await;
    let closed = tokio::time::timeout(STOP_TIMEOUT, app.db.clone().close()).await;
    done?;
    Ok(closed.context("the database was not closed in time")??)
}

async fn serve(app: &Arc<App>, sandbox: &Sandbox, demo: &Demo, mut signals: Signals) -> anyhow::Result<()> {
    let server = http::bind(Arc::clone(app)).with_context(|| format!("cannot listen on {}", app.config.listen))?;
    let url = app.config.public_url(server.address());
    let stop = server.stop_handle();
    let serving = tokio::spawn(server.run());
    let jobs = jobs::start(Arc::clone(app)).await?;
    let done = tokio::select! {
        () = signals.heard() => Ok(()),
        done = fill_and_show(app, sandbox, demo, &url) => done,
    };
    let ending = async { tokio::join!(stop.stop(), jobs.stop()) };
    let ended = tokio::time::timeout(STOP_TIMEOUT, ending).await;
    done?;
    ended.context("not everything ended in time")?;
    Ok(serving.await??)
}

async fn fill_and_show(app: &Arc<App>, sandbox: &Sandbox, demo: &Demo, url: &str) -> anyhow::Result<()> {
    show::beginning(&sandbox.base_url(), url)?;
    let admin = make_admin(app).await?;
    let integration = connect(app, sandbox).await?;
    let run = import(app, &integration, &admin).await?;
    show::end(app, &run, &admin, url).await?;
    if !demo.once {
        std::future::pending::<()>().await;
    }
    Ok(())
}

/// A temporary place for everything, no bound on requests, and another port where the usual one is taken: a demo should work
/// beside a running server.
fn config_of(config: Config, folder: &Path, sandbox: &Sandbox) -> anyhow::Result<Config> {
    let is_free = TcpListener::bind(config.listen).is_ok();
    Ok(Config {
        listen: if is_free {
            config.listen
        } else {
            SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
        },
        database_url: Address::of_file(&folder.join("demo.db")),
        secret_key_file: folder.join("secret.key"),
        stripe_api_base: sandbox.base_url().parse().context("the sandbox's address")?,
        stripe_rate_limit: Some(0),
        stripe_endpoint_rate_limit: Some(0),
        stripe_patience: Patience::default(),
        ..config
    })
}

/// Somebody who may do everything, with a password and a token to try the API with.
struct Admin {
    user: entity::user::Model,
    password: String,
    token: String,
}

async fn make_admin(app: &App) -> anyhow::Result<Admin> {
    let password = hex::encode(secret::random_bytes::<10>().map_err(explain)?);
    let new = user::NewUser {
        email: EMAIL,
        name: Some("Demo admin"),
        role: Scope::Admin,
        password: &password,
    };
    let user = user::create(app, new).await.map_err(explain)?;
    let new = token::NewToken {
        name: "demo".to_owned(),
        scope: Scope::Admin,
        expires_at: None,
        idempotency_key: None,
    };
    let (_, token) = token::create(app, &user, new).await.map_err(explain)?;
    Ok(Admin {
        user,
        password,
        token: token.context("the token is shown once")?,
    })
}

async fn connect(app: &Arc<App>, sandbox: &Sandbox) -> anyhow::Result<integration::Model> {
    let input = Authenticate {
        api_key: sandbox.key().into(),
        name: Some("Sandbox".to_owned()),
        account: Account::FoundOut,
    };
    let connected = authenticate(app, input).await.map_err(explain)?;
    let wish = UpdateSettings {
        integration_id: connected.id,
        contract_sources: Some(vec![ContractSource::Invoice, ContractSource::Subscription]),
        invoice_lookback_days: Some(LOOKBACK_DAYS),
        ..UpdateSettings::default()
    };
    update_settings(app, wish).await.map_err(explain)?;
    set_sync_enabled(app, connected.id, true).await.map_err(explain)
}

async fn import(app: &Arc<App>, integration: &integration::Model, admin: &Admin) -> anyhow::Result<run::Model> {
    let wish = StartRun {
        kind: RunKind::Import,
        integration_id: integration.id,
        objects: vec![SyncObject::Customer, SyncObject::Product, SyncObject::Contract],
        idempotency_key: None,
        user_id: admin.user.id,
    };
    let queued = queue::start(app, wish).await.map_err(explain)?;
    let bars = show::Bars::new();
    loop {
        tokio::time::sleep(LOOK_AT_PROGRESS).await;
        let run = store::run::find(app.db.read(), queued.id)
            .await?
            .context("the run is gone")?;
        bars.show(&run);
        if run.finished_at.is_some() {
            bars.clear();
            if run.state != RunState::Succeeded {
                bail!(
                    "the import ended as {:?}: {}",
                    run.state,
                    run.failure_message.unwrap_or_default()
                );
            }
            return Ok(run);
        }
    }
}
