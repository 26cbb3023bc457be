//! Live updates: what is watched over a WebSocket, and what the protocol demands of it.

mod feed;
mod limit;
mod message;
mod progress;
mod records;
mod resume;
mod sign_in;
mod support;
