//! Tributary pulls a company's Stripe data into its customer-success records.

pub mod map;
pub mod stripe;
