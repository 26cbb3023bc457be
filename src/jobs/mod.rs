//! Work that nobody waits for: a ticker wakes the runner, the runner takes up runs, and the timetable queues what is due.
//!
//! - [`scheduler`] ticks; it holds no state and knows no runs.
//! - [`queue`] is where people ask for runs and call them off.
//! - [`timetable`] says what is due.
//! - [`runner`] takes up runs, one at a time an integration, and sees them to their end.
//! - [`work`] is one run; [`rest`] says how long it waits for Stripe, [`aftermath`] what its end means for the integration.
//! - [`inbox`] has events take effect as they come, [`remap`] has what waits to be mapped again mapped where no events are taken.
//! - [`pause`] says how long these rest after a failure.
//! - [`removal`] takes away what people have asked to be removed.

mod aftermath;
mod inbox;
mod pause;
pub mod queue;
pub mod reconcile;
mod remap;
mod removal;
mod rest;
mod runner;
mod scheduler;
mod timetable;
mod work;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::error::Error;
use crate::store::lease;

pub use timetable::{queue_due, tidy};

/// How long runs may take to reach a page edge when the server stops.
const PATIENCE: Duration = Duration::from_secs(20);

/// The jobs of a running server.
pub struct Running {
    stop: CancellationToken,
    tasks: TaskTracker,
    scheduler: scheduler::Scheduler,
}

/// Starts them. Runs that a crash has left behind go on at once where this process is the only one.
pub async fn start(app: Arc<App>) -> Result<Running, Error> {
    if !app.db.is_postgres() {
        lease::release_all(app.db.write()).await?;
        // Whoever died before may have left in the log what it had removed.
        app.db.owe_flush();
    }
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let scheduler = scheduler::Scheduler::start(&app).await?;
    tasks.spawn(runner::run(app, stop.clone(), tasks.clone()));
    Ok(Running { stop, tasks, scheduler })
}

impl Running {
    /// Stops at the next page edges. Runs that are not done go on at the next start.
    pub async fn stop(mut self) {
        self.scheduler.stop().await;
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(PATIENCE, self.tasks.wait()).await.is_err() {
            tracing::warn!("a run did not reach a page edge in time; it goes on from its checkpoint at the next start");
        }
    }
}
