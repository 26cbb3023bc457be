//! What happens while somebody watches: a run's progress, and the records that were made or changed.
//!
//! - [`pace`] says when to look again: at once after a commit of this process, each second for those of others.
//! - [`run`] watches one run to its end.
//! - [`cursor`] is a place among the changes, to go on from after a lost connection.
//! - [`records`] reads the changes from such a place.

pub mod cursor;
pub mod pace;
pub mod records;
pub mod run;
