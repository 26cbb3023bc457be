//! Contracts: what people read money and renewal dates from.

mod golden;
mod mapping;
mod sums;
mod support;
