//! A stateful stand-in for Stripe's API (shapes of `2026-10-28.endive`) that
//! speaks real HTTP: a generated company, faults on demand and webhooks.

#![recursion_limit = "256"]

mod http;
mod json;
mod log;
mod options;
mod sandbox;
mod webhook;
mod world;

pub use http::{Fault, Faults};
pub use log::Request;
pub use options::{Options, RateLimits};
pub use sandbox::Sandbox;
pub use webhook::sign;
pub use world::{Kind, Life, World};
