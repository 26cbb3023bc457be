//! One run, from being taken up to its end.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use entity::kind::{RunKind, RunState, RunTrigger};
use entity::{integration, run};
use futures_util::FutureExt;
use tokio_util::sync::CancellationToken;

use super::{aftermath, rest, timetable};
use crate::app::App;
use crate::crash;
use crate::error::{CONNECTED_TWICE, Error};
use crate::pull::catch_up::Look;
use crate::pull::halt::Halt;
use crate::pull::progress::Progress;
use crate::pull::rules::Rules;
use crate::pull::{catch_up, import, remap, retry};
use crate::store::{self, Failure, lease};
use crate::stripe;

/// What a run came to: its state, and up to when the lists were read if it read them.
type Ended = (RunState, Option<i64>);

/// Works on `run` until it ends or halts. What goes wrong is written into the run, and logged here, once.
pub(super) async fn see_through(app: Arc<App>, run: run::Model, stop: CancellationToken) {
    let (id, kind) = (run.id, run.kind);
    tracing::info!(run = %id.simple(), ?kind, "run taken up");
    crash::point("run.taken_up");
    let worked = AssertUnwindSafe(work(&app, run.clone(), &stop)).catch_unwind().await;
    let ended = match worked {
        Ok(ended) => ended,
        // Taken up again it would only break down again.
        Err(_panic) => give_up(&app, run, &Error::Internal("the work on a run broke down".to_owned())).await,
    };
    match ended {
        Ok(state) => tracing::info!(run = %id.simple(), ?state, "run left"),
        Err(error) => {
            tracing::error!(run = %id.simple(), %error, "run could not be ended as it should; it will be taken up again");
        }
    }
    app.changed.send_replace(());
    app.wake.notify_one();
}

async fn work(app: &Arc<App>, run: run::Model, stop: &CancellationToken) -> Result<RunState, Error> {
    let Some(integration) = store::integration::find(app.db.read(), run.integration_id).await? else {
        return Err(Error::NotFound);
    };
    let client = match app.stripe_client(&integration) {
        Ok(client) => client,
        // It sends Stripe nothing.
        Err(_) if run.kind == RunKind::Remap => app.stripe.without_key(),
        Err(error) if is_of_key(&error) => {
            let progress = Progress::new(Arc::clone(app), app.stripe.without_key(), run);
            return fail(app, &integration, progress, error).await;
        }
        Err(error) => return give_up(app, run, &error).await,
    };
    let rules = match load_rules(app, &integration, &run).await {
        Ok(rules) => rules,
        Err(error) => return give_up(app, run, &error).await,
    };
    let mut progress = Progress::new(Arc::clone(app), client, run);
    let ended = match progress.run().kind {
        RunKind::Import | RunKind::Backfill | RunKind::Reconcile => import::run(&mut progress, &rules, stop)
            .await
            .map(|ended| (ended.state, Some(ended.t0))),
        RunKind::CatchUp => look(app, &mut progress, &rules, &integration, stop).await,
        RunKind::Remap => remap::stored::run(&mut progress, &rules, stop)
            .await
            .map(|state| (state, None)),
        RunKind::Retry => retry::run(&mut progress, &rules, stop).await.map(|state| (state, None)),
    };
    end(app, integration, &rules, progress, ended).await
}

async fn look(
    app: &App,
    progress: &mut Progress,
    rules: &Rules,
    integration: &integration::Model,
    stop: &CancellationToken,
) -> Result<Ended, Halt> {
    match catch_up::run(progress, rules, integration, stop).await? {
        Look::Hole => {
            timetable::queue_reconcile(app, integration.id, RunTrigger::Startup).await?;
            Err(Halt::Canceled)
        }
        Look::Drained => Ok((catch_up::end_of(progress), None)),
    }
}

async fn load_rules(app: &App, integration: &integration::Model, run: &run::Model) -> Result<Rules, Error> {
    let mut rules = Rules::load(app.db.read(), integration, run.queued_at).await?;
    // After too long a time without events, what they would have told belongs here whatever the window says now.
    if let (RunKind::Reconcile, Some(watermark)) = (run.kind, integration.event_watermark) {
        rules.reach_back_to(watermark);
    }
    Ok(rules)
}

async fn end(
    app: &App,
    integration: integration::Model,
    rules: &Rules,
    progress: Progress,
    ended: Result<Ended, Halt>,
) -> Result<RunState, Error> {
    match ended {
        Ok((state, t0)) => {
            crash::point("run.before_finish");
            let tx = app.db.begin().await?;
            let run = progress.finish(&tx, state, None).await.map_err(lease_error)?;
            aftermath::note(app, &tx, &integration, rules, &run, t0).await?;
            crash::point("aftermath.noted");
            tx.commit().await?;
            crash::point("run.after_finish");
            Ok(state)
        }
        Err(Halt::Canceled) => finish(app, progress, RunState::Canceled, None).await,
        Err(Halt::Paused) => leave(progress).await,
        Err(Halt::LeaseLost) => progress.lose().await.map_err(lease_error),
        Err(Halt::Failed(error)) => fail(app, &integration, progress, error).await,
    }
}

/// Rests where rest may help, waits for a person where only that helps, and else ends the run.
async fn fail(
    app: &App,
    integration: &integration::Model,
    progress: Progress,
    error: Error,
) -> Result<RunState, Error> {
    let (code, message) = reason(&error);
    if is_of_key(&error) {
        return if aftermath::stop_pulling(app, integration, code, &message).await? {
            progress.rest(None, (code, message)).await.map_err(lease_error)
        } else {
            leave(progress).await
        };
    }
    if let Some(rest_ms) = rest::after(
        &error,
        progress.run(),
        timetable::look_interval(app, integration).await?,
    ) {
        tracing::warn!(%error, rest_ms, "run rests");
        let resume_at = app.clock.now_ms() + rest_ms;
        let rested = progress.rest(Some(resume_at), (code, message)).await;
        return rested.map_err(lease_error);
    }
    if matches!(error, Error::ConnectedTwice(_)) {
        aftermath::stop_pulling(app, integration, code, &message).await?;
    } else {
        tracing::error!(%error, "run failed");
    }
    finish(app, progress, RunState::Failed, Some((code, message))).await
}

/// Gives the run back, unless another process has it.
async fn leave(progress: Progress) -> Result<RunState, Error> {
    let state = progress.run().state;
    match progress.release().await {
        Err(lease::SaveError::LeaseLost) => Ok(state),
        left => left.map_err(lease_error),
    }
}

async fn finish(
    app: &App,
    progress: Progress,
    state: RunState,
    failure: Option<(&str, String)>,
) -> Result<RunState, Error> {
    let tx = app.db.begin().await?;
    progress.finish(&tx, state, failure).await.map_err(lease_error)?;
    tx.commit().await?;
    Ok(state)
}

/// Only another key, or another right of it, helps.
pub(super) fn is_of_key(error: &Error) -> bool {
    matches!(
        error,
        Error::KeySealed | Error::Stripe(stripe::Error::KeyRejected { .. } | stripe::Error::PermissionMissing { .. })
    )
}

fn lease_error(error: lease::SaveError) -> Error {
    match error {
        lease::SaveError::LeaseLost => Error::Internal("another process has taken the run up".to_owned()),
        lease::SaveError::Database(error) => error.into(),
    }
}

/// What a person may read of a failure.
pub(super) fn reason(error: &Error) -> (&'static str, String) {
    match error {
        Error::Stripe(error) => (error.code(), error.to_string()),
        Error::KeySealed => ("KEY_UNREADABLE", error.to_string()),
        Error::Database(error) => {
            let failure = Failure::of(error);
            (failure.code().unwrap_or("DATABASE"), failure.message().to_owned())
        }
        Error::ConnectedTwice(_) => (CONNECTED_TWICE, error.to_string()),
        _ => (
            "INTERNAL",
            "Something went wrong on our side. The server's log says more.".to_owned(),
        ),
    }
}

/// Ends a run that could not even begin, or that nobody can go on with.
async fn give_up(app: &App, run: run::Model, error: &Error) -> Result<RunState, Error> {
    tracing::error!(%error, "run given up");
    let (code, message) = reason(error);
    // As it was last committed, not as it was taken up; another holder's it stays.
    let stored = store::run::find(app.db.read(), run.id).await?;
    let mut ended = run::Model {
        fence: run.fence,
        ..stored.unwrap_or(run)
    };
    ended.state = RunState::Failed;
    lease::end_phases(&mut ended.phases, RunState::Failed);
    ended.finished_at = Some(lease::end_of(&ended, app.clock.now_ms()));
    ended.failure_code = Some(code.to_owned());
    ended.failure_message = Some(message);
    lease::finish(app.db.write(), &ended).await.map_err(lease_error)?;
    Ok(RunState::Failed)
}
