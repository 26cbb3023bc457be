//! `tributary demo`: the sandbox and the server in one process, connected, filled and ready to be asked.

mod show;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use entity::kind::{ContractSource, RunState, Scope, SyncObject};
use entity::list::ContractSources;
use entity::{integration, run};
use sandbox::{Options, Sandbox};
use sea_orm::{ActiveModelTrait, EntityTrait, Set};
use secrecy::SecretString;

use super::Failure;
use crate::account::{token, user};
use crate::app::App;
use crate::clock::Clock;
use crate::config::Config;
use crate::jobs::queue::{StartImport, start_import};
use crate::setup::{Authenticate, authenticate};
use crate::{http, jobs};

/// Flags of `tributary demo`.
#[derive(Debug, clap::Args)]
pub struct Demo {
    /// End after the import, instead of serving on.
    #[arg(long)]
    pub once: bool,
    #[command(flatten)]
    size: super::sandbox::Size,
}

const EMAIL: &str = "admin@example.com";
/// All that the sandbox has ever billed.
const LOOKBACK_DAYS: i32 = 3650;
const LOOK_AT_PROGRESS: Duration = Duration::from_millis(100);

/// Runs the demo on a temporary database. It ends with the import, or when it is told to stop.
pub async fn run(config: Config, demo: Demo) -> Result<(), Failure> {
    let folder = tempfile::tempdir().map_err(|error| Failure::new(format!("no temporary folder: {error}")))?;
    let sandbox = Sandbox::start(demo.size.options(Options::demo())).await.map_err(|error| Failure::new(format!("the sandbox did not start: {error}")))?;
    let app = App::build(config_of(config, folder.path(), &sandbox)?, Clock::System).await?;
    let server = listen(&app).await?;
    let address = server.address();
    let stop = server.stop_handle();
    let serving = tokio::spawn(server.run());
    let jobs = jobs::start(Arc::clone(&app)).await?;
    let admin = make_admin(&app).await?;
    show::beginning(&sandbox.base_url(), &app.config.public_url(address))?;
    let integration = connect(&app, &sandbox).await?;
    let run = import(&app, &integration, admin.user.id).await?;
    show::end(&app, &run, &admin, &app.config.public_url(address)).await?;
    if !demo.once {
        super::serve::until_told_to_stop().await;
    }
    jobs.stop().await;
    stop.stop().await;
    serving.await.map_err(|error| Failure::new(error.to_string()))??;
    sandbox.stop().await;
    Ok(())
}

fn config_of(config: Config, folder: &std::path::Path, sandbox: &Sandbox) -> Result<Config, Failure> {
    let base = sandbox.base_url().parse().map_err(|error| Failure::new(format!("the sandbox's address: {error}")))?;
    Ok(Config {
        database_url: format!("sqlite://{}", folder.join("demo.db").display()),
        secret_key_file: folder.join("secret.key"),
        stripe_api_base: base,
        stripe_rate_limit: Some(0),
        stripe_endpoint_rate_limit: Some(0),
        ..config
    })
}

/// Takes another port where the usual one is taken: a demo should work beside a running server.
async fn listen(app: &Arc<App>) -> Result<http::Server, Failure> {
    if let Ok(server) = http::bind(Arc::clone(app), app.config.listen) {
        return Ok(server);
    }
    Ok(http::bind(Arc::clone(app), SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?)
}

/// Somebody who may do everything, with a password and a token to try the API with.
struct Admin {
    user: entity::user::Model,
    password: String,
    token: String,
}

async fn make_admin(app: &Arc<App>) -> Result<Admin, Failure> {
    let password = crate::account::secret::random_text(20);
    let user = user::create(app, user::NewUser {
        email: EMAIL.to_owned(),
        name: "Demo admin".to_owned(),
        role: Scope::Admin,
        password: SecretString::from(password.clone()),
    })
    .await?;
    let made = token::create(app, &user, token::NewToken { name: "demo".to_owned(), scope: Scope::Admin, expires_at: None, idempotency_key: None }).await?;
    Ok(Admin { user, password, token: made.secret })
}

async fn connect(app: &Arc<App>, sandbox: &Sandbox) -> Result<integration::Model, Failure> {
    let input = Authenticate { api_key: sandbox.key().to_owned().into(), name: Some("Sandbox".to_owned()) };
    let connected = authenticate(app, input).await?;
    let settings = integration::ActiveModel {
        id: Set(connected.id),
        contract_sources: Set(ContractSources(vec![ContractSource::Invoice, ContractSource::Subscription])),
        invoice_lookback_days: Set(LOOKBACK_DAYS),
        sync_enabled: Set(true),
        ..Default::default()
    };
    Ok(settings.update(app.db.write()).await?)
}

async fn import(app: &Arc<App>, integration: &integration::Model, user_id: uuid::Uuid) -> Result<run::Model, Failure> {
    let objects = vec![SyncObject::Customer, SyncObject::Product, SyncObject::Contract];
    let wish = StartImport { integration_id: integration.id, objects, idempotency_key: None, user_id };
    let queued = start_import(app, wish).await?;
    let bars = show::Bars::new();
    loop {
        tokio::time::sleep(LOOK_AT_PROGRESS).await;
        let run = run::Entity::find_by_id(queued.id).one(app.db.read()).await?.ok_or_else(|| Failure::new("the run is gone"))?;
        bars.show(&run);
        if run.finished_at.is_some() {
            bars.clear();
            return if run.state == RunState::Succeeded { Ok(run) } else { Err(Failure::new(format!("the import ended as {:?}: {}", run.state, run.failure_message.unwrap_or_default()))) };
        }
    }
}
