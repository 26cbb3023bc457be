//! How far a run has got: its phases, its checkpoint, its lease. Saved in the transaction of the rows it speaks of.

use std::sync::Arc;

use entity::kind::{RunState, SyncObject};
use entity::list::RunPhase;
use entity::run;
use sea_orm::DatabaseTransaction;
use serde::de::DeserializeOwned;

use super::tally::Tally;
use crate::app::App;
use crate::error::Error;
use crate::store::lease::{self, Order, SaveError};
use crate::stripe::Client;

/// A run in the hands of this process.
#[derive(Debug)]
pub struct Progress {
    app: Arc<App>,
    client: Client,
    run: run::Model,
    requests_before: i64,
    requests_counted: i64,
}

/// Why a run stops before its end.
#[derive(Debug, thiserror::Error)]
pub enum Halt {
    /// Somebody canceled it.
    #[error("canceled")]
    Canceled,
    /// Sync was turned off, or the server stops: it goes on later from its checkpoint.
    #[error("paused")]
    Paused,
    /// Another process has it.
    #[error("another process has taken the run up")]
    LeaseLost,
    /// Something failed.
    #[error(transparent)]
    Failed(#[from] Error),
}

impl From<sea_orm::DbErr> for Halt {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Failed(error.into())
    }
}

impl From<crate::stripe::Error> for Halt {
    fn from(error: crate::stripe::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<SaveError> for Halt {
    fn from(error: SaveError) -> Self {
        match error {
            SaveError::LeaseLost => Self::LeaseLost,
            SaveError::Database(error) => error.into(),
        }
    }
}

impl Progress {
    /// Takes charge of a run that was taken up.
    pub fn new(app: Arc<App>, client: Client, run: run::Model) -> Self {
        let requests_before = run.stripe_requests;
        Self {
            app,
            client,
            run,
            requests_before,
            requests_counted: 0,
        }
    }

    /// The parts of the server.
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// The way to Stripe.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The run as it stands.
    pub fn run(&self) -> &run::Model {
        &self.run
    }

    /// The checkpoint of a run that goes on; `None` when it begins.
    pub(super) fn checkpoint<T: DeserializeOwned>(&self) -> Option<T> {
        self.run
            .checkpoint
            .as_deref()
            .and_then(|text| serde_json::from_str(text).ok())
    }

    /// The phase of `object`.
    pub(super) fn phase(&mut self, object: SyncObject) -> &mut RunPhase {
        let at = self
            .run
            .phases
            .0
            .iter()
            .position(|phase| phase.object == object)
            .unwrap_or_else(|| {
                self.run.phases.0.push(blank_phase(object));
                self.run.phases.0.len() - 1
            });
        &mut self.run.phases.0[at]
    }

    /// Begins the phase of `object`, or goes on with it.
    pub(super) fn begin(&mut self, object: SyncObject) {
        let now_ms = self.app.clock.now_ms();
        let phase = self.phase(object);
        phase.state = RunState::Running;
        phase.started_at = phase.started_at.or(Some(now_ms));
    }

    /// Counts the objects of a page.
    pub(super) fn count(&mut self, object: SyncObject, tally: Tally) {
        tally.add_to(self.phase(object));
    }

    /// Saves, and halts when asked to. A halt takes effect after the transaction is committed: see [`Progress::commit`].
    async fn save(&mut self, tx: &DatabaseTransaction) -> Result<Order, SaveError> {
        let requests = i64::try_from(self.client.requests()).unwrap_or(i64::MAX);
        let new = requests - self.requests_counted;
        if new > 0 {
            lease::count_reads(tx, self.run.integration_id, self.app.clock.now().date_naive(), new).await?;
            self.requests_counted = requests;
        }
        self.run.stripe_requests = self.requests_before + requests;
        lease::save(tx, &self.run, self.app.clock.now_ms()).await
    }

    /// Commits `tx` with the progress in it, then obeys what somebody has ordered meanwhile.
    pub(super) async fn commit(
        &mut self,
        tx: DatabaseTransaction,
        checkpoint: &impl serde::Serialize,
    ) -> Result<(), Halt> {
        let text = serde_json::to_string(checkpoint).map_err(|error| Error::Internal(error.to_string()))?;
        self.run.checkpoint = Some(text);
        let order = self.save(&tx).await?;
        tx.commit().await?;
        self.app.changed.send_replace(());
        obey(order)
    }

    /// A sign of life between two commits.
    pub(super) async fn renew(&self) -> Result<(), Halt> {
        obey(lease::renew(self.app.db.write(), &self.run, self.app.clock.now_ms()).await?)
    }

    /// Ends the run in `state`.
    pub async fn finish(mut self, state: RunState, failure: Option<(&str, String)>) -> Result<run::Model, SaveError> {
        let tx = self.app.db.begin().await?;
        self.save(&tx).await?;
        self.run.state = state;
        self.run.finished_at = Some(self.app.clock.now_ms());
        if let Some((code, message)) = failure {
            self.run.failure_code = Some(code.to_owned());
            self.run.failure_message = Some(message);
        }
        for phase in self.run.phases.0.iter_mut().filter(|phase| is_open(phase.state)) {
            phase.state = if state == RunState::Succeeded {
                RunState::Succeeded
            } else {
                state
            };
        }
        lease::finish(&tx, &self.run).await?;
        tx.commit().await?;
        self.app.changed.send_replace(());
        Ok(self.run)
    }

    /// Gives the run back as it was last committed.
    pub async fn release(self) -> Result<(), sea_orm::DbErr> {
        lease::release(self.app.db.write(), &self.run).await
    }
}

fn is_open(state: RunState) -> bool {
    matches!(state, RunState::Queued | RunState::Running | RunState::Canceling)
}

fn obey(order: Order) -> Result<(), Halt> {
    match order {
        Order::GoOn => Ok(()),
        Order::Cancel => Err(Halt::Canceled),
        Order::Pause => Err(Halt::Paused),
    }
}

/// A phase that has not begun.
pub fn blank_phase(object: SyncObject) -> RunPhase {
    RunPhase {
        object,
        state: RunState::Queued,
        done_permille: 0,
        seen: 0,
        created: 0,
        updated: 0,
        unchanged: 0,
        skipped: 0,
        failed: 0,
        started_at: None,
    }
}
