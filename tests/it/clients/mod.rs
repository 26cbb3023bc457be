//! Clients that come from elsewhere, and the Stripe customers that they are.

mod csv;
mod delete;
mod link;
mod matching;
mod midway;
mod parted;
mod policy;
mod race;
mod save;
