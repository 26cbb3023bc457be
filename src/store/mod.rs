//! Our database: the only place that builds queries. Functions take the connection or transaction to use; the caller owns it.

pub mod db;
pub mod session;
pub mod token;
pub mod user;

pub use db::Db;
