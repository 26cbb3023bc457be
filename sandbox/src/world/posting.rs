//! Which generated objects belong to which owner, so that a list filtered by
//! customer or subscription need not look at every object.

use super::{Kind, World};

/// The numbers of the objects of each owner, ascending.
#[derive(Debug)]
pub(crate) struct Postings {
    /// Where each owner's part of `numbers` begins; one more entry than owners.
    starts: Vec<u32>,
    numbers: Vec<u32>,
}

impl Postings {
    /// Sorts `count` objects by owner, by counting.
    fn new(owners: u64, count: u64, owner_of: impl Fn(u64) -> Option<u64>) -> Self {
        let mut starts = vec![0u32; usize::try_from(owners).unwrap_or_default() + 2];
        let place = |index| owner_of(index).and_then(|owner| usize::try_from(owner).ok());
        for owner in (0..count).filter_map(place) {
            starts[owner + 2] += 1;
        }
        for owner in 2..starts.len() {
            starts[owner] += starts[owner - 1];
        }
        let all = starts.last().copied().unwrap_or_default();
        let mut numbers = vec![0u32; usize::try_from(all).unwrap_or_default()];
        for index in 0..count {
            if let Some(owner) = place(index) {
                let next = &mut starts[owner + 1];
                numbers[usize::try_from(*next).unwrap_or_default()] = u32::try_from(index).unwrap_or(u32::MAX);
                *next += 1;
            }
        }
        starts.pop();
        Self { starts, numbers }
    }

    fn of(&self, owner: u64) -> &[u32] {
        let bound = |place: usize| usize::try_from(*self.starts.get(place)?).ok();
        let found = usize::try_from(owner)
            .ok()
            .and_then(|owner| self.numbers.get(bound(owner)?..bound(owner + 1)?));
        found.unwrap_or_default()
    }
}

impl World {
    /// The generated objects whose field names this owner; `None` when that
    /// field has no postings.
    pub(crate) fn owned_by(&self, kind: Kind, field: &str, owner_id: &str) -> Option<&[u32]> {
        let (postings, owner) = match (kind, field) {
            (Kind::Invoice, "customer") => (&self.invoices_by_customer, Kind::Customer),
            (Kind::Invoice, "subscription") => (&self.invoices_by_subscription, Kind::Subscription),
            (Kind::Subscription, "customer") => (&self.subscriptions_by_customer, Kind::Customer),
            _ => return None,
        };
        let found = self
            .resolve(owner, owner_id)
            .filter(|found| *found < self.generated(owner));
        let postings = postings.get_or_init(|| {
            Postings::new(self.generated(owner), self.generated(kind), |index| {
                match (kind, owner) {
                    (Kind::Subscription, _) => Some(self.subscriber(index)),
                    (_, Kind::Customer) => self.invoice_customer(index),
                    _ => self.invoice_subscription(index),
                }
            })
        });
        Some(found.map_or(&[], |found| postings.of(found)))
    }
}

#[cfg(test)]
mod tests {
    use super::Postings;

    #[test]
    fn each_owner_gets_its_own_in_order() {
        let owners = [Some(2), None, Some(0), Some(2), Some(0)];
        let postings = Postings::new(3, 5, |index| owners[usize::try_from(index).unwrap()]);
        assert_eq!(postings.of(0), [2, 4]);
        assert!(postings.of(1).is_empty());
        assert_eq!(postings.of(2), [0, 3]);
        assert!(postings.of(9).is_empty());
    }
}
