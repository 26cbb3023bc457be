//! Signs of life while work waits for Stripe longer than a lease lasts.

use std::time::Duration;

use tokio::task::AbortHandle;

const EVERY: Duration = Duration::from_secs(5);

/// Beats until it is dropped.
#[derive(Debug)]
pub(super) struct Heartbeat(AbortHandle);

impl Heartbeat {
    /// Calls `beat` every five seconds. What it finds out is learnt at the next commit anyway.
    pub(super) fn start<F>(mut beat: impl FnMut() -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let task = tokio::spawn(async move {
            loop {
                tokio::time::sleep(EVERY).await;
                beat().await;
            }
        });
        Self(task.abort_handle())
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        self.0.abort();
    }
}
