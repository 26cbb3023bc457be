//! How many bytes of bodies are held at a time, of all requests together. Whoever has shown a good token or session has a share of its
//! own, which neither strangers nor webhooks can fill.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const MIB: usize = 1024 * 1024;

/// The bytes that are held, by who sends them. 32 MiB in all.
#[derive(Debug, Clone)]
pub(super) struct Bodies {
    /// Of signed-in callers.
    pub(super) callers: Share,
    /// Of those who have shown nothing.
    pub(super) strangers: Share,
    /// Of webhooks, to endpoints that there are.
    pub(super) webhooks: Share,
}

impl Default for Bodies {
    fn default() -> Self {
        Self {
            callers: Share::of(16 * MIB, MIB),
            // They may ask who they are, and sign in.
            strangers: Share::of(4 * MIB, MIB / 64),
            webhooks: Share::of(12 * MIB, MIB),
        }
    }
}

/// A part of the bytes, and what one body may have of it.
#[derive(Debug, Clone)]
pub(super) struct Share {
    /// Bytes of one body.
    pub(super) of_one: usize,
    of_all: usize,
    held: Arc<AtomicUsize>,
}

/// A body, or as much of it as has come. What it holds is given back when it is dropped, however that comes about.
#[derive(Debug)]
pub(super) struct Body {
    bytes: Vec<u8>,
    share: Share,
}

/// Too much is held already.
#[derive(Debug)]
pub(super) struct Full;

impl Share {
    fn of(of_all: usize, of_one: usize) -> Self {
        Self {
            of_one,
            of_all,
            held: Arc::default(),
        }
    }

    /// The beginning of a body. What it will be is not known, whatever it says: bytes count as they come.
    pub(super) fn begin(&self) -> Body {
        Body {
            bytes: Vec::new(),
            share: self.clone(),
        }
    }
}

impl Body {
    /// Adds what has come, if there is room for it.
    pub(super) fn add(&mut self, chunk: &[u8]) -> Result<(), Full> {
        let room = |held: usize| held.checked_add(chunk.len()).filter(|held| *held <= self.share.of_all);
        let held = &self.share.held;
        held.fetch_update(Ordering::AcqRel, Ordering::Acquire, room)
            .map_err(|_held| Full)?;
        self.bytes.extend_from_slice(chunk);
        Ok(())
    }
}

impl Deref for Body {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        self.share.held.fetch_sub(self.bytes.len(), Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_held_meets_its_limit_and_is_given_back() {
        let share = Share::of(10, 8);
        let (mut one, mut other) = (share.begin(), share.begin());
        assert!(one.add(b"12345").is_ok() && other.add(b"67890").is_ok());
        assert!(one.add(b"1").is_err() && share.begin().add(b"1").is_err());
        assert!(share.begin().add(b"").is_ok());
        drop(other);
        assert!(one.add(b"67890").is_ok());
        assert_eq!(&*one, b"1234567890");
        let panics = std::thread::spawn(move || {
            let _held = one;
            std::panic::panic_any("while a body is held");
        });
        assert!(panics.join().is_err());
        assert_eq!(share.held.load(Ordering::Acquire), 0);
    }

    #[test]
    fn no_share_takes_from_another() {
        let bodies = Bodies::default();
        let all = [&bodies.callers, &bodies.strangers, &bodies.webhooks];
        assert_eq!(all.map(|share| share.of_all).iter().sum::<usize>(), 32 * MIB);
        assert!(bodies.strangers.begin().add(&vec![0; 4 * MIB + 1]).is_err());
        let mut full = bodies.webhooks.begin();
        assert!(full.add(&vec![0; 12 * MIB]).is_ok());
        assert!(bodies.callers.begin().add(&[0]).is_ok());
    }
}
