//! What an admin decides about a connected account, tried over HTTP.

mod lag;
mod mapping;
mod show;
pub(crate) mod support;
mod switch;
mod update;
