//! Tributary pulls a company's Stripe data into its customer-success records.
//!
//! In the order in which data passes:
//!
//! - [`stripe`] asks Stripe and reads what it answers; [`http`] takes its webhooks, and everybody's queries.
//! - [`pull`] finds out what is news and is the one way through to the records; [`map`], which is pure, says what they become.
//! - [`store`] keeps them; `entity` and `migration` are the tables.
//! - [`graphql`] and [`live`] show the records, [`explain`] why they are so.
//!
//! Who sets things going: [`jobs`] by the clock, [`setup`], [`settings`] and [`clients`] for an admin, [`account`] for everybody who
//! signs in, [`command`] at the terminal. [`app`] holds what all of them share: [`config`], [`clock`], [`vault`] and the database; files are made by
//! [`private`].

pub mod account;
pub mod app;
pub mod clients;
pub mod clock;
pub mod command;
pub mod config;
pub mod crash;
pub mod days;
pub mod error;
pub mod explain;
pub mod graphql;
pub mod http;
pub mod jobs;
pub mod live;
pub mod map;
pub mod private;
pub mod pull;
pub mod settings;
pub mod setup;
pub mod store;
pub mod stripe;
pub mod vault;
