//! The HTTP layer and the accounts behind it, over a real socket and a real database.

mod account;
mod bodies;
mod cost;
mod credentials;
mod document;
mod protocol;
mod support;
