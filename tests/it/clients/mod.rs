//! Clients that come from elsewhere, and the Stripe customers that they are.
#![expect(clippy::too_many_lines, reason = "a story, or a table of cases, reads better whole")]

mod by_hand;
mod csv;
mod delete;
mod link;
mod matching;
mod midway;
mod parted;
mod policy;
mod race;
mod save;
mod waiting;
