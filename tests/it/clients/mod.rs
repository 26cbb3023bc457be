//! Clients that come from elsewhere, and the Stripe customers that they are.

mod delete;
mod link;
mod matching;
mod midway;
mod policy;
mod race;
mod save;
