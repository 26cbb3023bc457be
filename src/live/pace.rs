//! When to look again.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::app::App;

/// Other processes' commits are seen by looking this often.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Wakes one watcher.
#[derive(Debug)]
pub struct Pace {
    changed: watch::Receiver<()>,
    rest: Duration,
}

impl Pace {
    /// For a watcher that looks at most once a `rest`. To be made before its first look, so that nothing falls in between.
    pub fn new(app: &App, rest: Duration) -> Self {
        Self {
            changed: app.changed.subscribe(),
            rest,
        }
    }

    /// Waits until there may be something new.
    pub async fn wait(&mut self) {
        sleep(self.rest).await;
        // The sender lives in the App as long as anybody watches. In time or not, it is time to look.
        let _told = timeout(LOOK_AGAIN.saturating_sub(self.rest), self.changed.changed()).await;
    }
}
