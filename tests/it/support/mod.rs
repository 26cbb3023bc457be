//! What tests stand on: databases, a running server with its sandbox, a client that speaks to it.

mod database;

pub(crate) use database::TestDatabase;
