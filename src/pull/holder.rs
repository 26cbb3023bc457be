//! Who does the work: a run with its progress, or the taker of the inbox. Either commits rows together with proof that it may.

use std::sync::Arc;

use entity::kind::SyncObject;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::halt::Halt;
use super::tally::Tally;
use crate::app::App;
use crate::stripe::Client;

/// Holds the right to write for an integration.
pub(super) trait Holder: Send {
    /// The parts of the server.
    fn app(&self) -> &Arc<App>;

    /// The way to Stripe.
    fn client(&self) -> &Client;

    /// The run that it works for, if any.
    fn run_id(&self) -> Option<Uuid>;

    /// Counts what became of objects.
    fn count(&mut self, object: SyncObject, tally: Tally);

    /// Records that were mapped again and changed.
    fn count_remapped(&mut self, object: SyncObject, changed: u64);

    /// The list or the objects of a phase could not be read.
    fn mark_unread(&mut self, object: SyncObject);

    /// Commits `tx`, refused when another process has taken the work over; then obeys what was ordered meanwhile.
    fn commit(&mut self, tx: DatabaseTransaction) -> impl Future<Output = Result<(), Halt>> + Send;
}
