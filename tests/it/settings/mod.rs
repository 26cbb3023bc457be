//! What an admin decides about a connected account, tried over HTTP.

mod mapping;
mod show;
mod support;
mod switch;
mod update;
