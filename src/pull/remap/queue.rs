//! What waits to be mapped again, because something that it shows has changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use entity::kind::{StripeKind, SyncObject};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::again;
use crate::app::App;
use crate::crash;
use crate::pull::halt::Halt;
use crate::pull::holder::Writer;
use crate::pull::road::Road;
use crate::pull::rules::Rules;
use crate::pull::tally::noun_of;
use crate::store::Transaction;
use crate::store::order::{self, Order};
use crate::store::{remap_queue, turn};

const BATCH: u64 = 200;

/// Maps everything in the queue again, for no run and by no right but that of being the one that writes.
pub async fn drain_alone(app: &Arc<App>, integration_id: Uuid, stop: &CancellationToken) -> Result<(), Halt> {
    drain(&mut Alone(Arc::clone(app), integration_id), integration_id, stop).await
}

struct Alone(Arc<App>, Uuid);

impl Writer for Alone {
    fn app(&self) -> &Arc<App> {
        &self.0
    }

    fn run_id(&self) -> Option<Uuid> {
        None
    }

    fn count_remapped(&mut self, _object: SyncObject, _changed: u64) {}

    async fn commit(&mut self, tx: Transaction) -> Result<(), Halt> {
        if order::order_of_integration(&tx, self.1).await? == Order::Cancel {
            // What is being removed must not be written any more.
            return Err(Halt::Canceled);
        }
        tx.commit().await?;
        self.0.changed.send_replace(());
        Ok(())
    }
}

/// Maps everything in the queue again, and leaves what changes by that out of the run's counts.
pub(in crate::pull) async fn drain_uncounted(
    holder: &mut impl Writer,
    integration_id: Uuid,
    stop: &CancellationToken,
) -> Result<(), Halt> {
    drain(&mut Uncounted(holder), integration_id, stop).await
}

struct Uncounted<'a, W>(&'a mut W);

impl<W: Writer> Writer for Uncounted<'_, W> {
    fn app(&self) -> &Arc<App> {
        self.0.app()
    }

    fn run_id(&self) -> Option<Uuid> {
        self.0.run_id()
    }

    fn count_remapped(&mut self, _object: SyncObject, _changed: u64) {}

    async fn commit(&mut self, tx: Transaction) -> Result<(), Halt> {
        self.0.commit(tx).await
    }
}

/// Maps everything in the queue again, by today's rules: that is what it was queued for. A run may have begun with others.
pub(in crate::pull) async fn drain(
    holder: &mut impl Writer,
    integration_id: Uuid,
    stop: &CancellationToken,
) -> Result<(), Halt> {
    let app = Arc::clone(holder.app());
    if remap_queue::list(app.db.read(), integration_id, 1).await?.is_empty() {
        return Ok(());
    }
    loop {
        if stop.is_cancelled() {
            return Err(Halt::Paused);
        }
        let tx = app.db.begin().await?;
        turn::take(&tx, integration_id).await?;
        let queued = remap_queue::list(&tx, integration_id, BATCH).await?;
        if queued.is_empty() {
            return Ok(());
        }
        // After the queue: rules that something was queued for are not missed.
        let rules = Rules::load_todays(&tx, integration_id, app.clock.now_ms()).await?;
        let mut by_kind: BTreeMap<StripeKind, Vec<String>> = BTreeMap::new();
        for (kind, id) in queued {
            by_kind.entry(kind).or_default().push(id);
        }
        let road = Road {
            rules: &rules,
            run_id: holder.run_id(),
            now_ms: app.clock.now_ms(),
        };
        for (kind, ids) in by_kind {
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            remap_queue::remove(&tx, integration_id, kind, ids.clone()).await?;
            let tally = again(&tx, road, kind, ids).await?;
            holder.count_remapped(noun_of(kind), tally.created + tally.updated);
        }
        crash::point("remap.before_commit");
        holder.commit(tx).await?;
        crash::point("remap.after_commit");
    }
}
