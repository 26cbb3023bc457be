//! Connecting Stripe accounts: keys of every kind, whose they are, and what happens where nobody could say.

mod key;
mod same;
mod support;
mod twice;
mod upgrade;
mod wrong;
