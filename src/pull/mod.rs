//! The road. A way in finds out what Stripe's current state of an object is and hands it to [`apply`], the one way through, which
//! decides whether it is news, keeps the source, maps it and writes the record, all in one transaction with the checkpoint.
//!
//! - Ways in: [`import`] reads the lists, [`catch_up`] the events.
//! - The way through: [`apply`], with [`news`] (is it newer?), `scope` (does it belong here?), `record` (what becomes of it).
//! - After it: `fill` fetches what is named and not here, `credit` the notes that an invoice states, `waiting` what no list gives (`terms`
//!   of discounts, `tiers` of prices), [`remap`] maps again what shows something that has changed.
//! - How far: [`progress`], saved with the rows.

pub mod absent;
mod alone;
pub mod apply;
mod broken;
pub mod catch_up;
mod checkpoint;
mod credit;
pub mod erased;
pub mod family;
mod fetch;
mod fill;
mod frontier;
pub mod halt;
mod heartbeat;
mod holder;
pub mod import;
pub mod inbox;
mod lists;
mod names;
pub mod news;
mod outcome;
pub mod pace;
mod pages;
pub(crate) mod paid;
pub mod progress;
pub(crate) mod queued;
pub mod reading;
mod record;
mod refund;
pub mod remap;
pub mod retry;
pub mod road;
pub mod rules;
pub(crate) mod scope;
mod span;
pub mod stranger;
mod sums;
mod sweep;
mod tally;
mod terms;
mod tiers;
mod trail;
mod twice;
mod waiting;
mod whole;

pub(crate) use record::blank_client;
