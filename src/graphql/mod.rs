//! The admin API. A type is a newtype over a row, a file holds one noun: its type, queries and mutations.

mod context;
mod fault;

pub use context::ContextExt;
pub use fault::Fault;
