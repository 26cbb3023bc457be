//! Tributary pulls a company's Stripe data into its customer-success records.

pub mod account;
pub mod app;
pub mod clients;
pub mod clock;
pub mod command;
pub mod config;
pub mod crash;
pub mod error;
pub mod explain;
pub mod graphql;
pub mod http;
pub mod jobs;
pub mod live;
pub mod map;
pub mod pull;
pub mod settings;
pub mod setup;
pub mod store;
pub mod stripe;
pub mod vault;
