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

/// A reading against what is stored.
pub fn judge(read: State<'_>, stored: State<'_>) -> News {
    let later = read.seen.min_ms >= stored.seen.max_ms;
    if read.deleted == stored.deleted && (read.deleted || read.digest == stored.digest) {
        News::Same { later }
    } else if later {
        News::Apply
    } else if read.seen.max_ms <= stored.seen.min_ms {
        News::Drop
    } else {
        News::ReadAlone
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
            assert_eq!(judge(read, stored), news, "{shows}");
        }
    }

    #[test]
    fn a_deletion_is_a_state_of_its_own() {
        let stored = state(10, 20, b"a");
        let gone = |min_ms, max_ms| State {
            deleted: true,
            ..state(min_ms, max_ms, b"a")
        };
        assert_eq!(judge(gone(20, 30), stored), News::Apply);
        assert_eq!(judge(gone(0, 5), stored), News::Drop);
        assert_eq!(judge(gone(15, 25), stored), News::ReadAlone);
        assert_eq!(
            judge(
                State {
                    digest: b"b",
                    ..gone(20, 30)
                },
                gone(10, 20)
            ),
            News::Same { later: true }
        );
        assert_eq!(judge(state(20, 30, b"a"), gone(10, 20)), News::Apply);
    }
}
