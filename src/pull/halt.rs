//! Why work stops before its end.

use crate::error::Error;
use crate::store::lease::SaveError;
use crate::store::order::Order;

/// Why work stops before its end.
#[derive(Debug, thiserror::Error)]
pub enum Halt {
    /// Somebody canceled it.
    #[error("canceled")]
    Canceled,
    /// Sync was turned off, something more urgent waits, or the server stops: it goes on later from its checkpoint.
    #[error("paused")]
    Paused,
    /// Another process has it.
    #[error("another process has taken the work up")]
    LeaseLost,
    /// Something failed.
    #[error(transparent)]
    Failed(#[from] Error),
}

impl From<sea_orm::DbErr> for Halt {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Failed(error.into())
    }
}

impl From<crate::stripe::Error> for Halt {
    fn from(error: crate::stripe::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<SaveError> for Halt {
    fn from(error: SaveError) -> Self {
        match error {
            SaveError::LeaseLost => Self::LeaseLost,
            SaveError::Database(error) => error.into(),
        }
    }
}

/// Does as ordered.
pub(super) fn obey(order: Order) -> Result<(), Halt> {
    match order {
        Order::GoOn => Ok(()),
        Order::Cancel => Err(Halt::Canceled),
        Order::Pause => Err(Halt::Paused),
    }
}
