//! The database when things go wrong: what is acknowledged is kept, what is asked for too much holds up nobody.

mod bounds;
mod disk;
mod readiness;
mod transaction;
