//! Contracts: what people read money and renewal dates from.

mod both;
mod change;
mod credit;
mod golden;
mod mapping;
mod property;
mod refund;
mod sums;
mod support;
mod time;
mod unread;
mod upgrade;
