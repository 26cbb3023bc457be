//! Work beside the runs that failed or broke down: who rests, and for how long.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Mutex, PoisonError};

use futures_util::FutureExt;
use uuid::Uuid;

use crate::error::Error;
use crate::pull::halt::Halt;
use crate::store::free::LONGEST_REST_MS;

const FIRST_MS: i64 = 2_000;
const LONGEST_MS: i64 = 60_000;

/// Who rests, by what is worked on.
#[derive(Debug, Default)]
pub(super) struct Pauses {
    resting: Mutex<HashMap<Uuid, Pause>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Pause {
    failures: u32,
    until_ms: i64,
}

impl Pauses {
    /// It is to be left alone for now.
    pub(super) fn rests(&self, id: Uuid, now_ms: i64) -> bool {
        let resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        // Further away than any rest: our clock was set back.
        resting
            .get(&id)
            .is_some_and(|pause| (1..=LONGEST_REST_MS).contains(&(pause.until_ms - now_ms)))
    }

    /// Begins a rest, longer than the one before, and of at least so many milliseconds.
    pub(super) fn begin(&self, id: Uuid, now_ms: i64, at_least_ms: i64) {
        let mut resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        let pause = resting.entry(id).or_default();
        let wait = FIRST_MS.saturating_mul(1 << pause.failures.min(8)).min(LONGEST_MS);
        pause.failures += 1;
        pause.until_ms = now_ms + wait.max(at_least_ms);
    }

    /// It went well: the next failure is the first again.
    pub(super) fn forget(&self, id: Uuid) {
        let mut resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        resting.remove(&id);
    }
}

/// What `work` comes to; where it breaks down, that is a failure like others.
pub(super) async fn unbroken(work: impl Future<Output = Result<(), Halt>>) -> Result<(), Halt> {
    let worked = AssertUnwindSafe(work).catch_unwind().await;
    worked.unwrap_or_else(|_panic| Err(Halt::Failed(Error::Internal("the work broke down".to_owned()))))
}

/// Logs a failure that is tried again: an error where only we can mend it.
pub(super) fn log(error: &Error, id: Uuid, what: &'static str) {
    let integration = id.simple();
    if matches!(error, Error::Internal(_)) {
        tracing::error!(%integration, %error, "{what}");
    } else {
        tracing::warn!(%integration, %error, "{what}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_grow_until_it_goes_well() {
        let (pauses, id) = (Pauses::default(), Uuid::nil());
        let mut seconds = Vec::new();
        for _ in 0..7 {
            pauses.begin(id, 0, 0);
            seconds.push((0..100).find(|second| !pauses.rests(id, second * 1000)).unwrap());
        }
        assert_eq!(seconds, [2, 4, 8, 16, 32, 60, 60]);
        pauses.forget(id);
        assert!(!pauses.rests(id, 0));
        pauses.begin(id, 0, 0);
        assert!(!pauses.rests(id, 2_000), "the first again");
    }

    #[test]
    fn a_rest_is_as_long_as_stripe_asks_and_no_clock_prolongs_it() {
        let (pauses, id) = (Pauses::default(), Uuid::nil());
        pauses.begin(id, 0, 120_000);
        assert!(pauses.rests(id, 119_999));
        assert!(!pauses.rests(id, 120_000));
        assert!(!pauses.rests(id, -3_600_000), "our clock was set back");
        assert!(!pauses.rests(Uuid::max(), 0), "another one");
    }

    #[tokio::test]
    async fn what_breaks_down_has_failed() {
        let broken = unbroken(async { panic!("on purpose") }).await;
        assert!(matches!(broken, Err(Halt::Failed(Error::Internal(_)))), "{broken:?}");
        assert!(unbroken(async { Ok(()) }).await.is_ok());
        assert!(matches!(unbroken(async { Err(Halt::Paused) }).await, Err(Halt::Paused)));
    }
}
