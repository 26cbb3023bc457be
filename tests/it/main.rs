//! The product as a whole, tried from outside: one binary, one file a subject, on SQLite or PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod account;
mod audit;
mod backfill;
mod cancel;
mod catch_up;
mod clients;
mod command;
mod connect;
mod contracts;
mod crash;
mod database;
mod demo;
mod explain;
mod fault;
mod files;
mod given;
mod http;
mod import;
mod look;
mod mapping;
mod proxy;
mod reconcile;
mod records;
mod removal;
mod retry;
mod schema;
mod settings;
mod simulation;
mod socket;
mod store;
mod support;
mod ways;
mod webhook;
