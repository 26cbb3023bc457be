//! How far a run has got: its phases, its checkpoint, its lease. Saved in the transaction of the rows it speaks of.

use std::sync::Arc;

use entity::kind::{RunKind, RunState, SyncObject};
use entity::list::{MonthlySums, RunPhase};
use entity::run;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::halt::{Halt, obey};
use super::heartbeat::Heartbeat;
use super::holder::{Holder, Writer};
use super::tally::Tally;
use crate::app::App;
use crate::error::Error;
use crate::store::Transaction;
use crate::store::lease::{self, SaveError};
use crate::store::order::Order;
use crate::store::{self, read_count};
use crate::stripe::Client;

/// A run in the hands of this process.
#[derive(Debug)]
pub struct Progress {
    app: Arc<App>,
    client: Client,
    run: run::Model,
    requests_before: i64,
    requests_counted: i64,
    requests_elsewhere: i64,
    _heartbeat: Heartbeat,
}

impl Progress {
    /// Takes charge of a run that was taken up.
    pub fn new(app: Arc<App>, client: Client, run: run::Model) -> Self {
        let requests_before = run.stripe_requests;
        let heartbeat = beat_for(&app, &run);
        Self {
            app,
            client,
            run,
            requests_before,
            requests_counted: 0,
            requests_elsewhere: 0,
            _heartbeat: heartbeat,
        }
    }

    /// The run as it stands.
    pub fn run(&self) -> &run::Model {
        &self.run
    }

    /// The checkpoint of a run that goes on; `None` when it begins. One that an older version has written in another way is none.
    pub(super) fn checkpoint<T: DeserializeOwned>(&self) -> Option<T> {
        let read = self.run.checkpoint.as_deref().map(serde_json::from_str).transpose();
        read.unwrap_or_else(|error| {
            tracing::warn!(run = %self.run.id.simple(), %error, "a checkpoint cannot be read; the run begins anew");
            None
        })
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

    /// Ends the phase of `object`, unless it could not be read.
    pub(super) fn end_phase(&mut self, object: SyncObject) {
        let phase = self.phase(object);
        if phase.state == RunState::Running {
            phase.state = if phase.failed == 0 {
                RunState::Succeeded
            } else {
                RunState::Partial
            };
            phase.done_permille = 1000;
        }
    }

    /// Saves, and halts when asked to. A halt takes effect after the transaction is committed.
    async fn save(&mut self, tx: &Transaction) -> Result<Order, SaveError> {
        self.count_requests(tx).await?;
        lease::save(tx, &self.run, self.app.clock.now_ms()).await
    }

    /// Counts what was sent to Stripe since it was counted last.
    async fn count_requests(&mut self, tx: &Transaction) -> Result<(), SaveError> {
        let requests = i64::try_from(self.client.requests()).unwrap_or(i64::MAX);
        let new = requests - self.requests_counted;
        if new > 0 {
            read_count::add(tx, self.run.integration_id, self.app.clock.now().date_naive(), new).await?;
            self.requests_counted = requests;
        }
        self.run.stripe_requests = self.requests_before + requests + self.requests_elsewhere;
        Ok(())
    }

    /// Requests that were sent for this run and are counted in the day's sum already.
    pub(super) fn add_requests(&mut self, requests: i64) {
        self.requests_elsewhere += requests;
    }

    /// How far it has got, from the next commit on.
    pub(super) fn keep(&mut self, checkpoint: &impl serde::Serialize) -> Result<(), Error> {
        let text = serde_json::to_string(checkpoint).map_err(|error| Error::Internal(error.to_string()))?;
        self.run.checkpoint = Some(text);
        Ok(())
    }

    /// What contracts come to here and at Stripe, kept when the run ends.
    pub(super) fn set_monthly_sums(&mut self, sums: MonthlySums) {
        self.run.monthly_sums = Some(sums);
    }

    /// A sign of life between two commits.
    pub(super) async fn renew(&self) -> Result<(), Halt> {
        obey(lease::renew(self.app.db.write(), &self.run, self.app.clock.now_ms()).await?)
    }

    /// Ends the run in `state`, in the transaction of what its end means.
    pub async fn finish(
        mut self,
        tx: &Transaction,
        state: RunState,
        failure: Option<(&str, String)>,
    ) -> Result<run::Model, SaveError> {
        self.save(tx).await?;
        self.run.state = state;
        self.run.finished_at = Some(lease::end_of(&self.run, self.app.clock.now_ms()));
        if let Some((code, message)) = failure {
            self.run.failure_code = Some(code.to_owned());
            self.run.failure_message = Some(message);
        }
        lease::end_phases(&mut self.run.phases, state);
        if self.run.kind == RunKind::Reconcile {
            self.run.drift = Some(drift(&self.run));
        }
        lease::finish(tx, &self.run).await?;
        Ok(self.run)
    }

    /// Gives the run back until `resume_at`, Unix milliseconds, or until a person has done something; says why. Gives what became of it:
    /// somebody may have called it off meanwhile.
    pub async fn rest(self, resume_at: Option<i64>, why: (&str, String)) -> Result<RunState, SaveError> {
        self.give_back(Some((resume_at, why))).await
    }

    /// Gives the run back as it was last committed, and gives what became of it.
    pub async fn release(self) -> Result<RunState, SaveError> {
        self.give_back(None).await
    }

    /// Leaves the run to whoever has taken it up or ended it; what was sent for it counts.
    pub async fn lose(self) -> Result<RunState, SaveError> {
        let new = i64::try_from(self.client.requests()).unwrap_or(i64::MAX) - self.requests_counted;
        let today = self.app.clock.now().date_naive();
        read_count::add_last(&self.app.db, self.run.integration_id, today, new).await?;
        Ok(self.run.state)
    }

    async fn give_back(mut self, rest: Option<(Option<i64>, (&str, String))>) -> Result<RunState, SaveError> {
        let app = Arc::clone(&self.app);
        let tx = app.db.begin().await?;
        self.count_requests(&tx).await?;
        let order = lease::save_cost(&tx, &self.run, app.clock.now_ms()).await?;
        // As it was last committed: what was counted since then was not written.
        let stored = store::run::find(&tx, self.run.id).await?.ok_or(SaveError::LeaseLost)?;
        let state = stored.state;
        match rest {
            _ if order == Order::Cancel => {
                lease::call_off(&tx, stored, app.clock.now_ms()).await?;
                tx.commit().await?;
                return Ok(RunState::Canceled);
            }
            Some((resume_at, why)) => {
                // A run that got on since it was taken up has not rested before.
                let rests = self.run.rests;
                lease::rest(&tx, &run::Model { rests, ..stored }, resume_at, why).await?;
            }
            None => lease::release(&tx, &stored).await?,
        }
        tx.commit().await?;
        Ok(state)
    }
}

/// Records that differed from Stripe.
fn drift(run: &run::Model) -> i64 {
    let differed = run
        .phases
        .0
        .iter()
        .map(|phase| phase.created + phase.updated + phase.remapped);
    i64::try_from(differed.sum::<u64>()).unwrap_or(i64::MAX)
}

fn beat_for(app: &Arc<App>, run: &run::Model) -> Heartbeat {
    let (app, run) = (Arc::clone(app), run.clone());
    Heartbeat::start(move || {
        let (app, run) = (Arc::clone(&app), run.clone());
        async move {
            if let Err(error) = lease::renew(app.db.write(), &run, app.clock.now_ms()).await {
                tracing::debug!(%error, "no sign of life");
            }
        }
    })
}

impl Writer for Progress {
    fn app(&self) -> &Arc<App> {
        &self.app
    }

    fn run_id(&self) -> Option<Uuid> {
        Some(self.run.id)
    }

    fn count_remapped(&mut self, object: SyncObject, changed: u64) {
        let phases = &mut self.run.phases.0;
        let own = phases
            .iter()
            .position(|phase| phase.object == object)
            .unwrap_or_default();
        if let Some(phase) = phases.get_mut(own) {
            phase.remapped += changed;
        }
    }

    async fn commit(&mut self, tx: Transaction) -> Result<(), Halt> {
        self.run.rests = 0;
        let order = self.save(&tx).await?;
        tx.commit().await?;
        self.app.changed.send_replace(());
        obey(order)
    }
}

impl Holder for Progress {
    fn client(&self) -> &Client {
        &self.client
    }

    fn count(&mut self, object: SyncObject, tally: Tally) {
        tally.add_to(self.phase(object));
    }

    fn mark_unread(&mut self, object: SyncObject) {
        self.phase(object).state = RunState::Failed;
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
        remapped: 0,
        started_at: None,
    }
}
