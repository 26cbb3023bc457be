//! What tests stand on: databases, a running server with its sandbox, a client that speaks to it.

mod client;
mod database;
pub(crate) mod program;

pub(crate) use client::Client;
pub(crate) use database::TestDatabase;
