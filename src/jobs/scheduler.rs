//! The clockwork: a ticker and nothing else. What is due is decided by [`super::timetable`], who may do it by the lease.

use std::sync::Arc;

use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

use crate::app::App;
use crate::error::Error;

const EVERY_SECOND: &str = "* * * * * *";
const EVERY_HOUR: &str = "0 0 * * * *";

/// The ticker.
pub(super) struct Scheduler(JobScheduler);

impl Scheduler {
    pub(super) async fn start(app: &Arc<App>) -> Result<Self, Error> {
        Self::build(app)
            .await
            .map_err(|error| Error::Internal(format!("the scheduler did not start: {error}")))
    }

    async fn build(app: &Arc<App>) -> Result<Self, JobSchedulerError> {
        let scheduler = JobScheduler::new().await?;
        let waking = Arc::clone(app);
        scheduler
            .add(Job::new(EVERY_SECOND, move |_, _| waking.wake.notify_one())?)
            .await?;
        let tidying = Arc::clone(app);
        let tidy = Job::new_async(EVERY_HOUR, move |_, _| {
            let app = Arc::clone(&tidying);
            Box::pin(async move { super::timetable::tidy(&app).await })
        })?;
        scheduler.add(tidy).await?;
        scheduler.start().await?;
        Ok(Self(scheduler))
    }

    pub(super) async fn stop(&mut self) {
        if let Err(error) = self.0.shutdown().await {
            tracing::warn!(%error, "the scheduler did not stop cleanly");
        }
    }
}
