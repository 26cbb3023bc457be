//! The way in for events. Poll and webhook put them into one inbox; [`drain`] takes them out, oldest second first, all of one object
//! together, so it does not matter in which order, how late or how often they come.
//!
//! - `event` reads what Stripe sent, [`effect`] says which objects it tells of.
//! - `verdict` decides for one object: believe the payload, drop it, or read the object.
//! - `account` is for what an event tells of the account itself.
//! - `lane` is the right to take events out: one process at a time.

mod account;
mod drain;
pub mod effect;
mod event;
mod lane;
mod settle;
mod sort;
pub mod verdict;

pub use drain::drain;
pub use lane::Lane;
