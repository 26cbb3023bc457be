//! Who does the work: a run with its progress, the taker of the inbox, or nobody but the clock. Each commits rows together with proof
//! that it may.

use std::sync::Arc;

use entity::kind::SyncObject;
use uuid::Uuid;

use super::halt::Halt;
use super::tally::Tally;
use crate::app::App;
use crate::store::Transaction;
use crate::stripe::Client;

/// May write records of an integration from what is here.
pub(super) trait Writer: Send {
    /// The parts of the server.
    fn app(&self) -> &Arc<App>;

    /// The run that it works for, if any.
    fn run_id(&self) -> Option<Uuid>;

    /// Records that were mapped again and changed.
    fn count_remapped(&mut self, object: SyncObject, changed: u64);

    /// Commits `tx`, refused when another process has taken the work over; then obeys what was ordered meanwhile.
    fn commit(&mut self, tx: Transaction) -> impl Future<Output = Result<(), Halt>> + Send;
}

/// May also read from Stripe what it writes.
pub(super) trait Holder: Writer {
    /// The way to Stripe.
    fn client(&self) -> &Client;

    /// Counts what became of objects.
    fn count(&mut self, object: SyncObject, tally: Tally);

    /// The list or the objects of a phase could not be read.
    fn mark_unread(&mut self, object: SyncObject);
}
