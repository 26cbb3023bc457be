//! How what is billed is paid, or not.

use super::super::{DAY, Kind, World};
use super::invoice::finalize;
use super::{Deed, Life};

impl Life {
    /// A draft is finalized and charged, by how the subscription stands.
    pub(super) fn charge(&mut self, world: &World, at: usize, invoice: &str) {
        let total = world.find(Kind::Invoice, invoice).unwrap_or_default()["total"]
            .as_i64()
            .unwrap_or_default();
        let plan = &self.plans[at];
        let (pause, is_sent, is_unpaid) = (plan.pause, plan.is_sent, plan.status == "unpaid");
        if is_unpaid || pause == Some("keep_as_draft") {
            return;
        }
        match pause {
            _ if total <= 0 => finalize(world, invoice, "paid"),
            Some("void") => finalize(world, invoice, "void"),
            Some(_) => finalize(world, invoice, "uncollectible"),
            None if is_sent => {
                finalize(world, invoice, "open");
                self.wait_for_payment(world, at, invoice.to_owned());
            }
            None if self.chance.percent(85) => {
                finalize(world, invoice, "paid");
                self.perhaps_give_back(world, at, invoice.to_owned());
            }
            None => self.fail(world, at, invoice),
        }
    }

    fn fail(&mut self, world: &World, at: usize, invoice: &str) {
        self.tell("the payment fails");
        finalize(world, invoice, "open");
        if !self.plans[at].is_over() {
            self.plans[at].status = "past_due";
            self.show(world, at);
        }
        self.plan_at(world.now() + 3 * DAY, Deed::Retry(at, invoice.to_owned(), 1));
    }

    pub(super) fn retry(&mut self, world: &World, at: usize, invoice: &str, time: u8) {
        let is_over = self.plans[at].is_over();
        if self.chance.percent(if time == 4 { 100 } else { 55 }) && !is_over {
            self.tell("it is paid");
            world.pay_invoice(invoice);
            self.plans[at].status = "active";
            self.show(world, at);
            return;
        }
        if is_over {
            return;
        }
        match time {
            1 => self.plan_at(world.now() + 5 * DAY, Deed::Retry(at, invoice.to_owned(), 2)),
            2 if self.chance.percent(40) => {
                self.tell("it is canceled for it");
                let plan = &mut self.plans[at];
                (plan.status, plan.canceled_at, plan.ended_at) = ("canceled", Some(world.now()), Some(world.now()));
                self.show(world, at);
            }
            2 => {
                self.tell("it is unpaid");
                self.plans[at].status = "unpaid";
                self.show(world, at);
                let wait = self.chance.between(5, 40) * DAY;
                self.plan_at(world.now() + wait, Deed::Retry(at, invoice.to_owned(), 4));
            }
            _ => {}
        }
    }

    /// An invoice that was sent is paid sooner or later.
    pub(super) fn wait_for_payment(&mut self, world: &World, at: usize, invoice: String) {
        let days = if self.chance.percent(85) {
            self.chance.between(2, 29)
        } else {
            self.chance.between(32, 50)
        };
        self.plan_at(world.now() + days * DAY + 77, Deed::Pay(at, invoice));
    }

    pub(super) fn pay(&mut self, world: &World, at: usize, invoice: &str) {
        world.pay_invoice(invoice);
        self.perhaps_give_back(world, at, invoice.to_owned());
    }

    /// Now and then money goes back some days later.
    pub(super) fn perhaps_give_back(&mut self, world: &World, at: usize, invoice: String) {
        if self.chance.percent(7) {
            let wait = self.chance.between(DAY, 25 * DAY);
            self.plan_at(world.now() + wait, Deed::GiveBack(at, invoice));
        }
    }

    pub(super) fn give_back(&mut self, world: &World, _at: usize, invoice: &str) {
        let total = world.find(Kind::Invoice, invoice).unwrap_or_default()["total"]
            .as_i64()
            .unwrap_or_default();
        if total <= 4 {
            return;
        }
        match self.chance.between(0, 4) {
            0 => {
                self.tell("all of it");
                world.give_back(invoice, total);
            }
            1 => {
                self.tell("voided");
                world.void_invoice(invoice);
            }
            _ => {
                self.tell("a part");
                world.create_credit_note(invoice);
            }
        }
    }
}
