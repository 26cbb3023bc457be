//! Where webhooks put their events down. Whoever has the turn writes all that wait in one transaction, so that hundreds of events
//! a second do not cost hundreds of syncs to disk.

use std::mem::take;
use std::sync::{Mutex, PoisonError};

use entity::stripe_event::Model;
use sea_orm::DbErr;
use tokio::sync::oneshot;

use super::{Db, inbox, integration};

/// Events of one transaction.
const BATCH: usize = 256;

/// The events that wait to be written, each with somebody who waits for it.
#[derive(Debug, Default)]
pub struct Intake {
    waiting: Mutex<Vec<(Model, oneshot::Sender<bool>)>>,
    turn: tokio::sync::Mutex<()>,
}

/// The event could not be stored: Stripe is to send it again.
#[derive(Debug, thiserror::Error)]
#[error("the event could not be stored")]
pub struct NotStored;

impl Intake {
    /// Stores an event; it is safe on disk when this returns.
    pub async fn put(&self, db: &Db, event: Model) -> Result<(), NotStored> {
        let (sender, mut stored) = oneshot::channel();
        self.waiting().push((event, sender));
        loop {
            let turn = self.turn.lock().await;
            // Whoever had the turn before may have written it along.
            match stored.try_recv() {
                Ok(true) => return Ok(()),
                Ok(false) | Err(oneshot::error::TryRecvError::Closed) => return Err(NotStored),
                Err(oneshot::error::TryRecvError::Empty) => self.write_some(db).await,
            }
            drop(turn);
        }
    }

    async fn write_some(&self, db: &Db) {
        let batch = {
            let mut waiting = self.waiting();
            let many = waiting.len().min(BATCH);
            waiting.drain(..many).collect::<Vec<_>>()
        };
        let (events, senders): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
        let written = write(db, events).await;
        if let Err(error) = &written {
            tracing::error!(%error, "events could not be stored; Stripe will send them again");
        }
        for sender in senders {
            // Somebody who has gone away does not need to know.
            let _gone = sender.send(written.is_ok());
        }
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<(Model, oneshot::Sender<bool>)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn write(db: &Db, mut events: Vec<Model>) -> Result<(), DbErr> {
    // What was refused brings nothing that a look would find, and makes looks no rarer.
    let came: Vec<_> = events
        .iter()
        .filter(|event| event.outcome.is_none())
        .map(|event| (event.integration_id, event.received_at))
        .collect();
    // In one order whoever writes: two replicas that insert the same ids crosswise would wait for each other.
    events.sort_by(|a, b| a.event_id.cmp(&b.event_id));
    let tx = db.begin().await?;
    inbox::put(&tx, take(&mut events)).await?;
    integration::note_webhooks(&tx, came).await?;
    tx.commit().await
}
