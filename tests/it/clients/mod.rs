//! Clients that come from elsewhere, and the Stripe customers that they are.

mod delete;
mod link;
mod midway;
mod save;
