//! Is what was read newer than what is here? One pure decision from the bounds of both.

use crate::stripe::Seen;

/// What to do with something that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// It is newer: write it.
    Apply,
    /// It is older: leave what is here.
    Drop,
    /// It is the same state. `later`: it was surely seen later than before.
    Same {
        /// The stored bounds can move up.
        later: bool,
    },
    /// It differs and cannot be placed in time: read it alone, then that reading applies.
    ReadAlone,
}

/// A state with the bounds of when Stripe held it.
#[derive(Debug, Clone, Copy)]
pub struct State<'a> {
    /// When.
    pub seen: Seen,
    /// Of the canonical JSON.
    pub digest: &'a [u8],
    /// Stripe had deleted it.
    pub deleted: bool,
}

/// How a state came to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Stripe was asked.
    Read,
    /// An event told it.
    Told,
}

/// An event this much older than what is here is surely older, whatever Stripe's clocks say to each other.
const SURELY_OLDER_MS: i64 = 10_000;

/// A state against what is stored.
pub fn judge(way: Way, new: State<'_>, stored: State<'_>) -> News {
    let (later, earlier) = order(way, new.seen, stored.seen);
    if new.deleted == stored.deleted && (new.deleted || new.digest == stored.digest) {
        News::Same { later }
    } else if later {
        News::Apply
    } else if earlier {
        News::Drop
    } else {
        News::ReadAlone
    }
}

/// Whether a state was surely held after the stored one, or surely before. An event's second is told, not measured: it takes a
/// whole second more to be later.
pub fn order(way: Way, new: Seen, stored: Seen) -> (bool, bool) {
    match way {
        Way::Read => (new.min_ms >= stored.max_ms, new.max_ms <= stored.min_ms),
        Way::Told => (new.min_ms > stored.max_ms, new.min_ms < stored.min_ms - SURELY_OLDER_MS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(min_ms: i64, max_ms: i64, digest: &[u8]) -> State<'_> {
        State {
            seen: Seen { min_ms, max_ms },
            digest,
            deleted: false,
        }
    }

    #[test]
    fn a_reading_against_what_is_stored() {
        let stored = state(10, 20, b"a");
        for (shows, read, news) in [
            ("after it, different", state(20, 30, b"b"), News::Apply),
            ("long after it, different", state(50, 60, b"b"), News::Apply),
            ("before it, different", state(0, 10, b"b"), News::Drop),
            ("long before it, different", state(0, 5, b"b"), News::Drop),
            ("overlaps its end", state(19, 30, b"b"), News::ReadAlone),
            ("overlaps its beginning", state(0, 11, b"b"), News::ReadAlone),
            ("around it: a slow answer", state(5, 25, b"b"), News::ReadAlone),
            ("inside it", state(12, 18, b"b"), News::ReadAlone),
            ("the same bounds", state(10, 20, b"b"), News::ReadAlone),
            ("after it, the same", state(20, 30, b"a"), News::Same { later: true }),
            ("overlaps, the same", state(15, 30, b"a"), News::Same { later: false }),
            ("before it, the same", state(0, 5, b"a"), News::Same { later: false }),
        ] {
            assert_eq!(judge(Way::Read, read, stored), news, "{shows}");
        }
    }

    #[test]
    fn a_deletion_is_a_state_of_its_own() {
        let stored = state(10, 20, b"a");
        let gone = |min_ms, max_ms| State {
            deleted: true,
            ..state(min_ms, max_ms, b"a")
        };
        assert_eq!(judge(Way::Read, gone(20, 30), stored), News::Apply);
        assert_eq!(judge(Way::Read, gone(0, 5), stored), News::Drop);
        assert_eq!(judge(Way::Read, gone(15, 25), stored), News::ReadAlone);
        assert_eq!(
            judge(
                Way::Read,
                State {
                    digest: b"b",
                    ..gone(20, 30)
                },
                gone(10, 20)
            ),
            News::Same { later: true }
        );
        assert_eq!(judge(Way::Read, state(20, 30, b"a"), gone(10, 20)), News::Apply);
    }

    #[test]
    fn an_event_against_what_is_stored() {
        let stored = state(100_000, 102_000, b"a");
        for (shows, second, digest, news) in [
            ("after it", 103, b"b", News::Apply),
            ("in its last second", 102, b"b", News::ReadAlone),
            ("inside it", 101, b"b", News::ReadAlone),
            ("shortly before it", 95, b"b", News::ReadAlone),
            ("ten seconds before it", 90, b"b", News::ReadAlone),
            ("longer before it", 89, b"b", News::Drop),
            ("after it, the same", 103, b"a", News::Same { later: true }),
            ("inside it, the same", 101, b"a", News::Same { later: false }),
        ] {
            let told = State {
                seen: Seen::of_event(second),
                ..state(0, 0, digest)
            };
            assert_eq!(judge(Way::Told, told, stored), news, "{shows}");
        }
    }

    #[test]
    fn two_events_of_one_second_cannot_be_told_apart() {
        let first = State {
            seen: Seen::of_event(100),
            ..state(0, 0, b"a")
        };
        let second = State { digest: b"b", ..first };
        assert_eq!(judge(Way::Told, second, first), News::ReadAlone);
    }
}
