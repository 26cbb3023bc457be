//! What tests stand on: databases, a running server with its sandbox, a client that speaks to it.

mod app;
mod client;
mod database;
mod dump;
pub(crate) mod faulty_disk;
mod import;
pub(crate) mod log;
mod office;
mod oracle;
pub(crate) mod program;
mod sums;
mod truth;
pub(crate) mod webhook;

pub(crate) use app::{EMAIL, NOW_MS, PASSWORD, TestApp};
pub(crate) use client::{Answer, Client, connections};
pub(crate) use database::{TestDatabase, on_postgres};
pub(crate) use dump::dump;
pub(crate) use import::{EVERYTHING, until};
pub(crate) use office::{Office, rule, rule_by, rule_over_manual, text};
pub(crate) use oracle::{Oracle, is_since};
pub(crate) use truth::{Company, Course, Ratio, States, assert_equals_truth, truth};
pub(crate) use webhook::WebhookSender;
