//! Stripe's webhooks: what is believed and what is refused, when it is safe, and what each event does.

mod account;
mod body;
mod clocks;
mod effect;
mod metadata;
mod nothing;
mod pace;
mod page;
mod refused;
mod rows;
mod rules;
mod shape;
mod stage;
mod stored;
mod strange;
mod support;
