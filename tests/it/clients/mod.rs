//! Clients that come from elsewhere.

mod csv;
mod parted;
