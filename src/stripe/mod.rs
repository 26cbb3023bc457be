//! Stripe's side: their HTTP and their JSON, none of our tables. Only GET exists here.
//!
//! - [`key`] tells keys apart before anything is sent.
//! - [`client`] sends a request inside the [`budget`] and repeats it where that helps; [`attempt`] says where it does, and
//!   [`Patience`] how often.
//! - [`Gateway`] hands clients out, one budget an integration; all go through one [`Proxy`], or none.
//! - [`list`] is the endpoints as we read them.
//! - [`json`] reads what comes back, [`object`] is that, decoded in the shape of the pinned version.
//! - [`terms`] reads what discounts take off whose coupon is gone.
//! - [`event`] is the outside of what webhooks bring, [`signature`] the proof that Stripe sent it.
//! - [`error`] names failures by what the caller does next.

mod attempt;
mod body;
pub mod budget;
pub mod client;
mod error;
pub mod event;
mod gateway;
pub mod json;
pub mod key;
pub mod list;
pub mod object;
mod patience;
mod proxy;
mod seen;
pub mod signature;
pub mod terms;

pub use client::Client;
pub use error::Error;
pub use gateway::Gateway;
pub use key::{Key, KeyError};
pub use patience::Patience;
pub use proxy::Proxy;
pub use seen::Seen;
