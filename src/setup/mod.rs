//! What an admin does before data flows: connects a Stripe account, and disconnects it again.
//!
//! - [`authenticate`] takes a key; [`probe`] asks Stripe what it may read, [`same`] whether its account is here already.
//! - [`choice`] says which integration it belongs to, [`connection`] writes it.
//! - [`disconnect`] destroys the key, and on demand everything that came by it.

mod authenticate;
mod choice;
mod connection;
mod disconnect;
mod probe;
mod same;

pub use authenticate::{Authenticate, authenticate};
pub use choice::Account;
pub use disconnect::{Disconnect, disconnect};
