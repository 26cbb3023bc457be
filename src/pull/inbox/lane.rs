//! The right to take an integration's events out of the inbox, and to write what they tell.

use std::collections::BTreeMap;
use std::sync::Arc;

use entity::integration;
use entity::kind::SyncObject;
use tokio::sync::OwnedMutexGuard;
use uuid::Uuid;

use crate::app::App;
use crate::error::Error;
use crate::pull::halt::{Halt, obey};
use crate::pull::holder::{Holder, Writer};
use crate::pull::tally::Tally;
use crate::store::Transaction;
use crate::store::lane::{self, Lease};
use crate::store::order::{self, Order};
use crate::store::read_count;
use crate::stripe::Client;

/// Held while events are taken out. Dropped without [`Lane::leave`], it stays barred to other processes until its lease ends.
#[derive(Debug)]
pub struct Lane {
    app: Arc<App>,
    client: Client,
    integration_id: Uuid,
    run_id: Option<Uuid>,
    lease: Lease,
    requests_counted: i64,
    tallies: BTreeMap<SyncObject, (Tally, u64)>,
    _turn: OwnedMutexGuard<()>,
}

impl Lane {
    /// Takes the lane; waits for whoever has it in this process. `None` while another process has it. `run_id` is the run that it
    /// is done for, if any.
    pub async fn take(
        app: &Arc<App>,
        integration: &integration::Model,
        run_id: Option<Uuid>,
    ) -> Result<Option<Self>, Error> {
        let turn = app.turns.wait(integration.id).await;
        let now_ms = app.clock.now_ms();
        let Some(lease) = lane::take(&app.db, integration.id, app.turns.owner(), now_ms).await? else {
            return Ok(None);
        };
        Ok(Some(Self {
            client: app.stripe_client(integration)?,
            app: Arc::clone(app),
            integration_id: integration.id,
            run_id,
            lease,
            requests_counted: 0,
            tallies: BTreeMap::new(),
            _turn: turn,
        }))
    }

    /// What became of objects since it was taken: the counts, and the records that were mapped again.
    pub fn tallies(&self) -> &BTreeMap<SyncObject, (Tally, u64)> {
        &self.tallies
    }

    /// Requests sent to Stripe since it was taken.
    pub fn requests(&self) -> i64 {
        i64::try_from(self.client.requests()).unwrap_or(i64::MAX)
    }

    /// Gives it back, and counts what was sent since the last commit.
    pub async fn leave(self) -> Result<(), Error> {
        let (db, new) = (&self.app.db, self.requests() - self.requests_counted);
        let counted = read_count::add_last(db, self.integration_id, self.app.clock.now().date_naive(), new).await;
        if let Err(error) = counted {
            tracing::warn!(%error, "requests to Stripe could not be counted");
        }
        Ok(lane::leave(&self.app.db, self.integration_id, self.lease).await?)
    }
}

impl Writer for Lane {
    fn app(&self) -> &Arc<App> {
        &self.app
    }

    fn run_id(&self) -> Option<Uuid> {
        self.run_id
    }

    fn count_remapped(&mut self, object: SyncObject, changed: u64) {
        self.tallies.entry(object).or_default().1 += changed;
    }

    async fn commit(&mut self, tx: Transaction) -> Result<(), Halt> {
        let new = self.requests() - self.requests_counted;
        if new > 0 {
            read_count::add(&tx, self.integration_id, self.app.clock.now().date_naive(), new).await?;
            self.requests_counted += new;
        }
        lane::renew(&tx, self.integration_id, self.lease, self.app.clock.now_ms()).await?;
        let order = order::order_of_integration(&tx, self.integration_id).await?;
        if order == Order::Cancel {
            // What is being removed must not be written any more.
            return Err(Halt::Canceled);
        }
        tx.commit().await?;
        self.app.changed.send_replace(());
        obey(order)
    }
}

impl Holder for Lane {
    fn client(&self) -> &Client {
        &self.client
    }

    fn count(&mut self, object: SyncObject, tally: Tally) {
        self.tallies.entry(object).or_default().0.add(tally);
    }

    fn mark_unread(&mut self, _object: SyncObject) {}
}
