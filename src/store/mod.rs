//! Our database: the only place that builds queries. Functions take the connection or transaction to use; the caller owns it.

pub mod db;
pub mod event;
pub mod failure;
pub mod lease;
pub mod record;
pub mod reference;
pub mod session;
pub mod source;
pub mod token;
mod upsert;
pub mod user;

pub use db::Db;
pub use reference::SourceKey;
pub use upsert::upsert_all;
