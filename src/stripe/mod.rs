//! Stripe's side: their HTTP and their JSON, none of our tables. Only GET exists here.

mod error;
pub mod object;

pub use error::Error;
