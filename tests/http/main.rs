//! The HTTP layer and the accounts behind it, over a real socket and a real database.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod account;
mod credentials;
mod document;
mod protocol;
mod support;
