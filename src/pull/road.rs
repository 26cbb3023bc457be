//! What every step of the one way through works with.

use uuid::Uuid;

use super::rules::Rules;

/// What readings are applied with.
#[derive(Debug, Clone, Copy)]
pub struct Road<'a> {
    /// The settings of the run.
    pub rules: &'a Rules,
    /// The run, if one does it.
    pub run_id: Option<Uuid>,
    /// Our clock, Unix milliseconds.
    pub now_ms: i64,
}
