//! Our database: the only place that builds queries. Functions take the connection or transaction to use; the caller owns it.

pub mod db;
pub mod reference;
pub mod source;
mod upsert;

pub use db::Db;
pub use reference::SourceKey;
pub use upsert::upsert_all;
