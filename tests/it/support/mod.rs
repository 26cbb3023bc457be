//! What tests stand on: databases, a running server with its sandbox, a client that speaks to it.

mod app;
mod client;
mod database;
pub(crate) mod program;

pub(crate) use app::{EMAIL, PASSWORD, TestApp};
pub(crate) use client::{Client, install_tls};
pub(crate) use database::TestDatabase;
