//! Watches one run to its end.

use std::sync::Arc;
use std::time::Duration;

use entity::run::Model;
use uuid::Uuid;

use super::pace::Pace;
use crate::app::App;
use crate::error::Error;
use crate::store;

/// At most two updates a second.
const REST: Duration = Duration::from_millis(500);

/// A run that is watched.
#[derive(Debug)]
pub struct RunWatch {
    app: Arc<App>,
    id: Uuid,
    pace: Pace,
    shown: Option<Model>,
}

impl RunWatch {
    /// Watches the run `id`; [`Error::NotFound`] when there is none.
    pub async fn begin(app: Arc<App>, id: Uuid) -> Result<Self, Error> {
        store::run::find(app.db.read(), id).await?.ok_or(Error::NotFound)?;
        Ok(Self {
            pace: Pace::new(&app, REST),
            app,
            id,
            shown: None,
        })
    }

    /// The run as it is at first, then each time that it has changed; `None` once its final state was given.
    pub async fn next(&mut self) -> Result<Option<Model>, Error> {
        loop {
            match &self.shown {
                Some(run) if run.finished_at.is_some() => return Ok(None),
                Some(_) => self.pace.wait().await,
                None => {}
            }
            let found = store::run::find(self.app.db.read(), self.id).await?;
            let Some(run) = found.map(visible) else { return Ok(None) };
            if self.shown.as_ref() != Some(&run) {
                self.shown = Some(run.clone());
                return Ok(Some(run));
            }
        }
    }
}

/// Without what nobody is shown: signs of life and checkpoints are no news.
fn visible(run: Model) -> Model {
    Model {
        checkpoint: None,
        lease_owner: None,
        lease_until: None,
        fence: 0,
        ..run
    }
}
