//! Whether the pages of a list lead on, or in a circle.

use serde::{Deserialize, Serialize};

use super::span::Stamp;

/// A page that does not lead on: following it would never end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ListRepeats;

/// Remembers one object of a page before: to meet it again means to go in a circle. The object is taken anew after twice as many
/// pages each time, so that a circle of any length is noticed, and soon after it has been walked once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Trail {
    mark: Option<String>,
    pages: u32,
    mark_at: u32,
}

impl Trail {
    /// The trail after another page; `Err` when it has been there before.
    pub(super) fn after(&self, page: &[Stamp]) -> Result<Self, ListRepeats> {
        if self.mark.is_some() && page.iter().any(|(id, _)| Some(id) == self.mark.as_ref()) {
            return Err(ListRepeats);
        }
        let mut next = self.clone();
        next.pages = self.pages.saturating_add(1);
        if next.pages > self.mark_at {
            next.mark = page.last().map(|(id, _)| id.clone());
            next.mark_at = next.pages.saturating_mul(2);
        }
        Ok(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circle_of_pages_is_noticed_soon_after_it_was_walked() {
        for circle in 1..40 {
            let page = |step: usize| {
                vec![
                    (format!("first{}", step % circle), None),
                    (format!("last{}", step % circle), None),
                ]
            };
            let mut trail = Trail::default();
            let walked = (0..200).find(|step| match trail.after(&page(*step)) {
                Ok(next) => {
                    trail = next;
                    false
                }
                Err(ListRepeats) => true,
            });
            assert!(
                walked.is_some_and(|pages| (circle..=3 * circle + 1).contains(&pages)),
                "{circle}: {walked:?}"
            );
        }
    }
}
