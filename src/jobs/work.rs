//! One run, from being taken up to its end.

use std::sync::Arc;

use entity::kind::{RunKind, RunState};
use entity::{integration, run};
use sea_orm::{ActiveModelTrait, EntityTrait, Set};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::error::Error;
use crate::pull::progress::{Halt, Progress};
use crate::pull::rules::Rules;
use crate::pull::{catch_up, import};
use crate::store::lease;
use crate::stripe;

/// Works on `run` until it ends or halts. What goes wrong is written into the run, and logged here, once.
pub(super) async fn see_through(app: Arc<App>, run: run::Model, stop: CancellationToken) {
    let (id, kind) = (run.id, run.kind);
    tracing::info!(run = %id.simple(), ?kind, "run taken up");
    match work(&app, run, &stop).await {
        Ok(state) => tracing::info!(run = %id.simple(), ?state, "run ended"),
        Err(error) => {
            tracing::error!(run = %id.simple(), %error, "run could not be ended as it should; it will be taken up again");
        }
    }
    app.wake.notify_one();
}

async fn work(app: &Arc<App>, run: run::Model, stop: &CancellationToken) -> Result<RunState, Error> {
    let Some(integration) = integration::Entity::find_by_id(run.integration_id)
        .one(app.db.read())
        .await?
    else {
        return Err(Error::NotFound);
    };
    let (client, rules) = match prepare(app, &integration, &run).await {
        Ok(prepared) => prepared,
        Err(error) => return give_up(app, run, &error).await,
    };
    let mut progress = Progress::new(Arc::clone(app), client, run);
    let ended = match progress.run().kind {
        RunKind::Import | RunKind::Backfill | RunKind::Reconcile | RunKind::Retry => {
            import::run(&mut progress, &rules, stop)
                .await
                .map(|ended| (ended.state, Some(ended.t0)))
        }
        RunKind::CatchUp => {
            let watermark = integration.event_watermark.unwrap_or_default();
            catch_up::run(&mut progress, &rules, watermark, stop)
                .await
                .map(|()| (end_of(&progress), None))
        }
    };
    end(app, integration, progress, ended).await
}

/// A run is SUCCEEDED only when nothing is missing.
fn end_of(progress: &Progress) -> RunState {
    let failed = progress
        .run()
        .phases
        .0
        .iter()
        .any(|phase| phase.failed > 0 || phase.state == RunState::Failed);
    if failed { RunState::Partial } else { RunState::Succeeded }
}

async fn prepare(
    app: &App,
    integration: &integration::Model,
    run: &run::Model,
) -> Result<(stripe::Client, Rules), Error> {
    let client = app.stripe_client(integration)?;
    let rules = Rules::load(app.db.read(), integration, run.queued_at).await?;
    Ok((client, rules))
}

async fn end(
    app: &App,
    integration: integration::Model,
    progress: Progress,
    ended: Result<(RunState, Option<i64>), Halt>,
) -> Result<RunState, Error> {
    match ended {
        Ok((state, t0)) => {
            progress.finish(state, None).await.map_err(lease_error)?;
            note_success(app, integration, t0).await?;
            Ok(state)
        }
        Err(Halt::Canceled) => {
            progress.finish(RunState::Canceled, None).await.map_err(lease_error)?;
            Ok(RunState::Canceled)
        }
        Err(Halt::Paused) => {
            let state = progress.run().state;
            progress.release().await?;
            Ok(state)
        }
        Err(Halt::LeaseLost) => Ok(progress.run().state),
        Err(Halt::Failed(error)) => {
            tracing::error!(%error, "run failed");
            if matches!(error, Error::Stripe(stripe::Error::KeyRejected { .. })) {
                stop_schedule(app, &integration).await?;
            }
            let (code, message) = reason(&error);
            progress
                .finish(RunState::Failed, Some((code, message)))
                .await
                .map_err(lease_error)?;
            Ok(RunState::Failed)
        }
    }
}

fn lease_error(error: lease::SaveError) -> Error {
    match error {
        lease::SaveError::LeaseLost => Error::Internal("another process has taken the run up".to_owned()),
        lease::SaveError::Database(error) => error.into(),
    }
}

/// What a person may read of a failure.
fn reason(error: &Error) -> (&'static str, String) {
    match error {
        Error::Stripe(error) => (error.code(), error.to_string()),
        Error::Database(_) => (
            "DATABASE",
            "The database failed. The server's log says more.".to_owned(),
        ),
        _ => (
            "INTERNAL",
            "Something went wrong on our side. The server's log says more.".to_owned(),
        ),
    }
}

/// The first import opens the way for the events: from where its lists end.
async fn note_success(app: &App, integration: integration::Model, t0: Option<i64>) -> Result<(), Error> {
    let now_ms = app.clock.now_ms();
    let mut row = integration::ActiveModel {
        id: Set(integration.id),
        ..Default::default()
    };
    row.last_success_at = Set(Some(now_ms));
    if let (None, Some(t0)) = (integration.event_watermark, t0) {
        row.event_watermark = Set(Some(t0));
        row.next_poll_at = Set(Some(now_ms));
    }
    row.update(app.db.write()).await?;
    Ok(())
}

/// Asking again with a key that Stripe refuses helps nobody. A new key, or turning sync on, starts the schedule again.
async fn stop_schedule(app: &App, integration: &integration::Model) -> Result<(), Error> {
    let row = integration::ActiveModel {
        id: Set(integration.id),
        next_poll_at: Set(None),
        ..Default::default()
    };
    row.update(app.db.write()).await?;
    Ok(())
}

/// Ends a run that could not even begin.
async fn give_up(app: &App, mut run: run::Model, error: &Error) -> Result<RunState, Error> {
    tracing::error!(%error, "run could not begin");
    let (code, message) = reason(error);
    run.state = RunState::Failed;
    run.finished_at = Some(app.clock.now_ms());
    run.failure_code = Some(code.to_owned());
    run.failure_message = Some(message);
    lease::finish(app.db.write(), &run).await.map_err(lease_error)?;
    Ok(RunState::Failed)
}
