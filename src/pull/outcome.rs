//! What became of one object.

use crate::map::MapError;

/// What became of one object.
#[derive(Debug)]
pub(super) enum Outcome {
    /// A record was made.
    Created,
    /// Its record was changed.
    Updated,
    /// Its record was already right, or it is only kept.
    Unchanged,
    /// It makes no record; the code says why.
    Skipped(&'static str),
    /// It could not be mapped.
    Failed(MapError),
}
