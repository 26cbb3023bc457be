//! Our database: how it is opened, and the queries. Rows that one place alone reads or settles, of runs, integrations and mappings, are
//! also asked for there. Functions take the connection or transaction to use; the caller owns it.

mod batch;
pub mod change;
pub mod client;
pub mod contract;
pub mod currency;
pub mod custom_field;
pub mod db;
pub mod erasure;
pub mod failure;
pub mod free;
pub mod inbox;
pub mod intake;
pub mod integration;
pub mod lane;
pub mod lease;
pub mod line;
pub mod matching;
pub mod order;
pub mod page;
pub mod product;
pub mod purge;
pub mod range;
pub mod read_count;
pub mod record;
pub mod recurring_revenue;
pub mod reference;
pub mod remap_queue;
pub mod run;
pub mod session;
pub mod source;
pub mod sync_error;
pub mod terms;
pub mod token;
pub mod turn;
mod upsert;
pub mod user;

use batch::{first_of_each, grouped};

/// Values of one IN list. What a batch of records names may be far more than a statement takes.
const CHUNK: usize = 1_000;

pub use db::{Db, Failure, Transaction};
pub use reference::SourceKey;
pub use upsert::upsert_all;
