//! What people ask to be removed is removed, everywhere, and does not come back.

mod person;
mod purge;
