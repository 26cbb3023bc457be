//! What an admin does before data flows: connects a Stripe account, and disconnects it again.

mod authenticate;
mod disconnect;
mod probe;

pub use authenticate::{Authenticate, authenticate};
pub use disconnect::{Disconnect, disconnect};
