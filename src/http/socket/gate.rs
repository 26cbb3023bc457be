//! How many sockets each user has open, on this process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use uuid::Uuid;

/// Counts the sockets of each user.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gate(Arc<Mutex<HashMap<Uuid, usize>>>);

/// One socket; gives its place back when it is dropped.
#[derive(Debug)]
pub(super) struct Ticket {
    gate: Gate,
    user_id: Uuid,
}

impl Gate {
    /// Lets one more in, unless the user has `most` already.
    pub(super) fn enter(&self, user_id: Uuid, most: usize) -> Option<Ticket> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(user_id).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Ticket {
            gate: self.clone(),
            user_id,
        })
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut open = self.gate.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.user_id) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.user_id);
            }
        }
    }
}
