//! `tributary serve`: runs until it is told to stop.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};

use crate::app::App;
use crate::config::Config;
use crate::{http, jobs, store};

/// Everything has to end within this time after the signal.
const STOP_TIMEOUT: Duration = Duration::from_secs(25);

pub(super) async fn run(config: Config) -> anyhow::Result<()> {
    let _lock = store::db::lock(&config.database_url)?;
    let app = super::open(config).await?;
    let server = http::bind(Arc::clone(&app)).with_context(|| format!("cannot listen on {}", app.config.listen))?;
    greet(&app, &server).await?;
    let jobs = jobs::start(Arc::clone(&app)).await?;
    let stop = server.stop_handle();
    let mut serving = tokio::spawn(server.run());
    tokio::select! {
        ended = &mut serving => return Ok(ended??),
        signal = told_to_stop() => signal?,
    }
    tracing::info!("stopping");
    let ending = async {
        tokio::join!(stop.stop(), jobs.stop());
        serving.await??;
        app.db.clone().close().await?;
        anyhow::Ok(())
    };
    tokio::time::timeout(STOP_TIMEOUT, ending)
        .await
        .context("not everything ended in time")?
}

async fn greet(app: &App, server: &http::Server) -> anyhow::Result<()> {
    let url = app.config.public_url(server.address());
    tracing::info!(address = %server.address(), "listening; GraphQL is at {url}/graphql");
    if store::user::count(app.db.read()).await? == 0 {
        tracing::warn!(
            "nobody may sign in yet; make the first user with: tributary user create --email you@example.com --role ADMIN"
        );
    }
    Ok(())
}

pub(super) async fn told_to_stop() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot wait for SIGINT")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
