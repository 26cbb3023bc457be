//! What happens at the end of a period.

use super::super::World;
use super::Life;
use super::invoice::Put;
use super::line::Line;

impl Life {
    pub(super) fn renew(&mut self, world: &World, at: usize) {
        let now = world.now();
        let plan = &self.plans[at];
        // It was changed since this was awaited, and something else is awaited now.
        if plan.is_over() || plan.next_end() != now {
            return;
        }
        let mut lines = self.used(at, now);
        if self.plans[at].cancel_at == Some(now) {
            let plan = &mut self.plans[at];
            (plan.status, plan.ended_at) = ("canceled", Some(now));
            self.tell("it ends");
        } else {
            self.drop_ended_discount(world, at);
            lines.extend(self.next_periods(at, now));
        }
        self.show(world, at);
        let has_regular = lines.iter().any(|line| !line.is_proration && line.discount != 0);
        self.bill(world, at, &lines, Put::Draft);
        if has_regular {
            self.drop_once(world, at);
        }
        self.expect(at);
    }

    /// What was used in the periods that end now.
    fn used(&mut self, at: usize, now: i64) -> Vec<Line> {
        let plan = &self.plans[at];
        let metered = plan
            .items
            .iter()
            .filter(|item| item.price.is_metered && item.end() == now && !plan.is_in_trial());
        let metered: Vec<_> = metered.cloned().collect();
        let lines = metered.iter().map(|item| {
            let used = self.chance.between(0, 900);
            Line::usage(&self.plans[at], item, used)
        });
        lines.collect()
    }

    /// The periods that begin now, and what is charged for them.
    fn next_periods(&mut self, at: usize, now: i64) -> Vec<Line> {
        let plan = &mut self.plans[at];
        if plan.is_in_trial() {
            plan.status = "active";
            for item in &mut plan.items {
                (item.anchor, item.passed, item.billed_until) = (now, 0, now);
            }
        } else {
            for item in plan.items.iter_mut().filter(|item| item.end() == now) {
                item.passed += 1;
            }
        }
        let plan = &self.plans[at];
        let begun = plan
            .items
            .iter()
            .filter(|item| item.start() == now && !item.price.is_metered);
        let owed: Vec<_> = begun.filter(|item| item.billed_until <= now).cloned().collect();
        let lines: Vec<Line> = owed
            .iter()
            .map(|item| Line::regular(plan, item, (now, item.end()), 1))
            .collect();
        for item in self.plans[at].items.iter_mut().filter(|item| item.start() == now) {
            item.billed_until = item.billed_until.max(item.end());
        }
        lines
    }
}
