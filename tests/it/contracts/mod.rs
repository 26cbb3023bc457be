//! Contracts: what people read money and renewal dates from.

mod as_of;
mod both;
mod change;
mod choose;
mod credit;
mod golden;
mod gone;
mod lives;
mod mapping;
mod owed;
mod property;
mod random_lives;
mod refund;
mod sums;
mod support;
mod tiers;
mod time;
mod unread;
mod upgrade;
