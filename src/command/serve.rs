//! `tributary serve`: runs until it is told to stop.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use futures_util::future::select_all;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::app::App;
use crate::config::Config;
use crate::{http, jobs, store};

/// Everything has to end within this time after the signal.
pub(super) const STOP_TIMEOUT: Duration = Duration::from_secs(25);

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
    let mut signals = Signals::listen(&[SignalKind::terminate(), SignalKind::interrupt()])?;
    signals.heard().await;
    Ok(())
}

/// Signals that no longer end the process by themselves.
pub(super) struct Signals(Vec<Signal>);

impl Signals {
    pub(super) fn listen(kinds: &[SignalKind]) -> anyhow::Result<Self> {
        let signals = kinds.iter().map(|kind| signal(*kind)).collect::<Result<_, _>>();
        Ok(Self(signals.context("cannot listen to signals")?))
    }

    /// Waits for the first of them, from when they were listened to.
    pub(super) async fn heard(&mut self) {
        select_all(self.0.iter_mut().map(|signal| Box::pin(signal.recv()))).await;
    }
}
