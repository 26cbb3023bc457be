//! A stretch of a list that is still to be read. Lists are newest first and serial by cursor; stretches of `created` are what
//! can be read side by side.

use serde::{Deserialize, Serialize};

use super::trail::{ListRepeats, Trail};

/// Stripe began in 2010. Older objects are read like all others; only progress and splitting count from here.
pub(super) const STRIPE_BEGAN: i64 = 1_262_304_000;

/// A stretch of one list: `low <= created < high`, read down to `edge`. Seconds of Stripe's clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Span {
    /// Unique in its phase.
    pub(super) id: u32,
    /// Which list of the phase.
    pub(super) list: usize,
    low: i64,
    high: i64,
    /// The last object read.
    cursor: Option<String>,
    /// When the last object read was created.
    edge: Option<i64>,
    /// The objects read that were created in the second `edge`: a restart there must not count them twice.
    edge_ids: Vec<String>,
    /// Whether the pages lead on.
    #[serde(default)]
    trail: Trail,
}

/// An object's id and when it was created.
pub(super) type Stamp = (String, Option<i64>);

impl Span {
    pub(super) fn new(id: u32, list: usize, low: i64, high: i64) -> Self {
        Self {
            id,
            list,
            low: low.max(0),
            high,
            cursor: None,
            edge: None,
            edge_ids: Vec::new(),
            trail: Trail::default(),
        }
    }

    /// The query of the next page.
    pub(super) fn filter(&self) -> Vec<(&'static str, String)> {
        let mut filter = vec![("created[lt]", self.high.to_string())];
        if self.low > 0 {
            filter.push(("created[gte]", self.low.to_string()));
        }
        if let Some(cursor) = &self.cursor {
            filter.push(("starting_after", cursor.clone()));
        }
        filter
    }

    /// Seconds that are not read yet.
    pub(super) fn seconds_left(&self) -> i64 {
        let top = self.edge.map_or(self.high, |edge| edge + 1);
        (top - self.floor()).max(0)
    }

    fn floor(&self) -> i64 {
        if self.low == 0 {
            STRIPE_BEGAN.min(self.high)
        } else {
            self.low
        }
    }

    /// The object's stamp, without a date that the list was not asked for: it cannot be Stripe's, and says nothing of how far the list
    /// is read.
    pub(super) fn believe(&self, (id, created): Stamp) -> Stamp {
        (id, created.filter(|created| (self.low..self.high).contains(created)))
    }

    /// Was this object read before a restart at its second?
    pub(super) fn was_read(&self, stamp: &Stamp) -> bool {
        stamp.1.is_some() && stamp.1 == self.edge && self.edge_ids.contains(&stamp.0)
    }

    /// The rest of the stretch after a page; `Err` when the page does not lead on.
    pub(super) fn after(&self, page: &[Stamp]) -> Result<Self, ListRepeats> {
        let Some((last_id, _)) = page.last() else {
            return Err(ListRepeats);
        };
        let last_created = page.iter().rev().find_map(|(_, created)| *created);
        if self.cursor.as_ref() == Some(last_id) || page.iter().any(|(id, _)| Some(id) == self.cursor.as_ref()) {
            return Err(ListRepeats);
        }
        let mut next = self.clone();
        next.trail = self.trail.after(page)?;
        next.cursor = Some(last_id.clone());
        if last_created.is_some() && last_created != self.edge {
            next.edge = last_created;
            next.edge_ids.clear();
        }
        let is_at_edge = |created: &Option<i64>| created.is_some() && *created == next.edge;
        let at_edge = page.iter().filter(|(_, created)| is_at_edge(created));
        next.edge_ids.extend(at_edge.map(|(id, _)| id.clone()));
        Ok(next)
    }

    /// Gives the older half of what is left away, when there is more to it than the page just read covered.
    pub(super) fn split(&mut self, page: &[Stamp], id: u32) -> Option<Self> {
        let (first, last) = (page.iter().find_map(|(_, created)| *created)?, self.edge?);
        let left = last - self.floor();
        if left < 2 || left < 2 * (first - last) {
            return None;
        }
        let middle = self.floor() + left / 2;
        let older = Self::new(id, self.list, self.low, middle);
        self.low = middle;
        Some(older)
    }

    /// Begins again where it stands, without the cursor: its object is gone from the list.
    pub(super) fn restart(&self) -> Self {
        let high = self.edge.map_or(self.high, |edge| (edge + 1).min(self.high));
        Self {
            high,
            cursor: None,
            // What was read in that second comes once more.
            trail: Trail::default(),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(objects: &[(&str, i64)]) -> Vec<Stamp> {
        objects
            .iter()
            .map(|(id, created)| ((*id).to_owned(), Some(*created)))
            .collect()
    }

    fn names(filter: &[(&'static str, String)]) -> String {
        filter
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join("&")
    }

    #[test]
    fn reads_down_by_cursor() {
        let span = Span::new(0, 0, 1000, 2000);
        assert_eq!(names(&span.filter()), "created[lt]=2000&created[gte]=1000");
        let next = span.after(&page(&[("a", 1900), ("b", 1800)])).unwrap();
        assert_eq!(
            names(&next.filter()),
            "created[lt]=2000&created[gte]=1000&starting_after=b"
        );
        assert_eq!(next.seconds_left(), 801);
    }

    #[test]
    fn halves_cover_the_whole_once() {
        let first = page(&[("a", 2_000_001_990), ("b", 2_000_001_900)]);
        let mut newer = Span::new(0, 0, 2_000_001_000, 2_000_002_000).after(&first).unwrap();
        let older = newer.split(&first, 1).unwrap();
        assert_eq!((newer.low, older.high), (2_000_001_450, 2_000_001_450));
        assert_eq!((older.low, older.cursor), (2_000_001_000, None));
        assert_eq!(newer.cursor.as_deref(), Some("b"));
    }

    #[test]
    fn does_not_split_what_one_page_may_hold() {
        let first = page(&[("a", 2_000_001_990), ("b", 2_000_001_100)]);
        let mut span = Span::new(0, 0, 2_000_001_000, 2_000_002_000).after(&first).unwrap();
        assert_eq!(span.split(&first, 1), None);
        let same_second = page(&[("c", 2_000_001_001), ("d", 2_000_001_001)]);
        let mut span = Span::new(0, 0, 2_000_001_001, 2_000_002_000)
            .after(&same_second)
            .unwrap();
        assert_eq!(span.split(&same_second, 1), None);
    }

    #[test]
    fn a_restart_knows_what_it_read_in_that_second() {
        let span = Span::new(0, 0, 0, 2000)
            .after(&page(&[("a", 1900), ("b", 1800), ("c", 1800)]))
            .unwrap();
        let span = span.after(&page(&[("d", 1800), ("e", 1800)])).unwrap().restart();
        assert_eq!(names(&span.filter()), "created[lt]=1801");
        for (id, read) in [
            ("a", false),
            ("b", true),
            ("c", true),
            ("d", true),
            ("e", true),
            ("f", false),
        ] {
            assert_eq!(span.was_read(&(id.to_owned(), Some(1800))), read, "{id}");
        }
    }

    #[test]
    fn a_page_that_repeats_is_refused() {
        let span = Span::new(0, 0, 0, 2000)
            .after(&page(&[("a", 1900), ("b", 1800)]))
            .unwrap();
        assert_eq!(span.after(&page(&[("b", 1800), ("c", 1700)])), Err(ListRepeats));
        assert_eq!(span.after(&[]), Err(ListRepeats));
    }

    #[test]
    fn dates_that_were_not_asked_for_are_not_believed() {
        let mut span = Span::new(0, 0, 1000, 2000);
        let odd = [i64::MIN, -1, 999, 2000, i64::MAX].map(|created| span.believe(("x".to_owned(), Some(created))));
        assert!(odd.iter().all(|(_, created)| created.is_none()));
        assert_eq!(span.believe(("a".to_owned(), Some(1999))).1, Some(1999));
        let page = vec![
            ("a".to_owned(), Some(1900)),
            ("b".to_owned(), Some(1800)),
            ("c".to_owned(), None),
        ];
        span = span.after(&page).unwrap();
        assert_eq!(
            names(&span.filter()),
            "created[lt]=2000&created[gte]=1000&starting_after=c"
        );
        assert_eq!(names(&span.restart().filter()), "created[lt]=1801&created[gte]=1000");
    }

    #[test]
    fn objects_without_a_date_are_read_by_cursor_alone() {
        let undated = vec![("a".to_owned(), None), ("b".to_owned(), None)];
        let mut span = Span::new(0, 0, 0, 2000).after(&undated).unwrap();
        assert_eq!(span.split(&undated, 1), None);
        assert_eq!(names(&span.filter()), "created[lt]=2000&starting_after=b");
    }
}
