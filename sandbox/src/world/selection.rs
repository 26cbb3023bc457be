//! Which objects a list shows, and walking them page by page. Objects are in
//! order of creation and, within a second, of their numbers.

use super::{Kind, World};

/// Where an object stands in its list.
pub(crate) type Place = (i64, u64);

/// One demand on a field.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub(crate) field: &'static str,
    /// Any of these will do; a trailing `*` stands for the rest of a word.
    pub(crate) wanted: Vec<String>,
    /// Turns the demand round.
    pub(crate) not: bool,
}

impl Condition {
    fn holds(&self, found: Option<&str>) -> bool {
        let matches = |wanted: &String| match (wanted.strip_suffix('*'), found) {
            (Some(start), Some(found)) => found.starts_with(start),
            (None, Some(found)) => found == wanted,
            (_, None) => false,
        };
        self.wanted.iter().any(matches) != self.not
    }
}

/// A list's scope: all conditions must hold.
#[derive(Clone, Debug)]
pub(crate) struct Selection {
    pub(crate) kind: Kind,
    pub(crate) conditions: Vec<Condition>,
    /// First second of creation included.
    pub(crate) since: i64,
    /// Last second of creation included.
    pub(crate) until: i64,
}

/// Where a page starts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Start {
    Newest,
    After(Place),
    Before(Place),
}

impl World {
    /// The numbers on a page, newest first, and whether more follow in the
    /// direction of travel.
    pub(crate) fn page(&self, selection: &Selection, start: Start, limit: usize) -> (Vec<u64>, bool) {
        let mut found: Vec<u64> = match start {
            Start::Newest => self.older(selection, (selection.until.saturating_add(1), 0), limit + 1),
            Start::After(place) => self.older(selection, place, limit + 1),
            Start::Before(place) => self.newer(selection, place, limit + 1),
        };
        let more = found.len() > limit;
        found.truncate(limit);
        if matches!(start, Start::Before(_)) {
            found.reverse();
        }
        (found, more)
    }

    /// Where an object stands, if the list shows it.
    pub(crate) fn place(&self, selection: &Selection, index: u64) -> Option<Place> {
        let created = self.created_of(selection.kind, index);
        let inside = (selection.since..=selection.until).contains(&created);
        (inside && self.selects(selection, index)).then_some((created, index))
    }

    fn selects(&self, selection: &Selection, index: u64) -> bool {
        self.is_listed(selection.kind, index)
            && selection
                .conditions
                .iter()
                .all(|condition| condition.holds(self.field(selection.kind, index, condition.field).as_deref()))
    }

    fn older(&self, selection: &Selection, below: Place, count: usize) -> Vec<u64> {
        let kind = selection.kind;
        let mut generated = self
            .candidates(selection, 0, self.first_from(kind, below))
            .rev()
            .peekable();
        let added = self.added_places(kind, ..below);
        let mut added = added.into_iter().rev().peekable();
        std::iter::from_fn(|| {
            let own = generated.peek().map(|index| (self.created(kind, *index), *index));
            if own > added.peek().copied() {
                generated.next().and(own)
            } else {
                added.next()
            }
        })
        .take_while(|(created, _)| *created >= selection.since)
        .map(|(_, index)| index)
        .filter(|index| self.selects(selection, *index))
        .take(count)
        .collect()
    }

    fn newer(&self, selection: &Selection, above: Place, count: usize) -> Vec<u64> {
        let kind = selection.kind;
        let next = (above.0, above.1 + 1);
        let first = self.first_from(kind, next);
        let mut generated = self.candidates(selection, first, self.generated(kind)).peekable();
        let mut added = self.added_places(kind, next..).into_iter().peekable();
        std::iter::from_fn(|| {
            let own = generated.peek().map(|index| (self.created(kind, *index), *index));
            match (own, added.peek()) {
                (Some(own), Some(other)) if *other < own => added.next(),
                (Some(own), _) => generated.next().and(Some(own)),
                (None, _) => added.next(),
            }
        })
        .take_while(|(created, _)| *created <= selection.until)
        .map(|(_, index)| index)
        .filter(|index| self.selects(selection, *index))
        .take(count)
        .collect()
    }

    /// The generated numbers from one to before another that may be selected.
    fn candidates<'a>(
        &'a self,
        selection: &Selection,
        from: u64,
        to: u64,
    ) -> Box<dyn DoubleEndedIterator<Item = u64> + 'a> {
        let owned = selection.conditions.iter().find_map(|condition| {
            let wanted = condition.wanted.first().filter(|_| !condition.not)?;
            self.owned_by(selection.kind, condition.field, wanted)
        });
        let Some(numbers) = owned else {
            return Box::new(from..to);
        };
        let place = |bound| numbers.partition_point(|number| u64::from(*number) < bound);
        Box::new(numbers[place(from)..place(to)].iter().map(|number| u64::from(*number)))
    }

    /// The first generated number at or above a place.
    pub(crate) fn first_from(&self, kind: Kind, place: Place) -> u64 {
        let (mut low, mut high) = (0, self.generated(kind));
        while low < high {
            let middle = u64::midpoint(low, high);
            if (self.created(kind, middle), middle) < place {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}
