//! Acts of the company between two requests, so that a test decides what
//! changes while lists are being read.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::world::World;

/// What happens before a request is answered, by the request's number.
type Act = Arc<dyn Fn(u64, &World) + Send + Sync>;

/// What happens before requests are answered.
#[derive(Default)]
pub(crate) struct Acts {
    act: Mutex<Option<Act>>,
    requests: AtomicU64,
}

impl std::fmt::Debug for Acts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Acts").finish_non_exhaustive()
    }
}

impl Acts {
    pub(crate) fn set(&self, act: impl Fn(u64, &World) + Send + Sync + 'static) {
        *self.act.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(act));
    }

    pub(crate) fn clear(&self) {
        *self.act.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub(crate) fn before_request(&self, world: &World) {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let act = self.act.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(act) = act {
            act(number, world);
        }
    }
}
