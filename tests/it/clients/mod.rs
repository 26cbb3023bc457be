//! Clients that come from elsewhere.

mod parted;
