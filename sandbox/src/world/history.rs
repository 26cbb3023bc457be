//! What became of an invoice and when, told by its index alone so that filters
//! need not render it.

use super::currency::Currency;
use super::random::{below, signed};
use super::{DAY, Kind, World, subscription};

const FINALIZED_AFTER_SECONDS: i64 = 3_600;
const CHARGED_AFTER_SECONDS: i64 = 3_605;

/// Whether all lines of an invoice are free.
pub(crate) fn is_free(index: u64) -> bool {
    index % 23 == 12
}

/// Whether an invoice holds nothing but a credit for unused time.
pub(crate) fn is_refund(index: u64) -> bool {
    index % 41 == 30
}

impl World {
    /// The subscription an invoice bills. The newest invoices go through all
    /// subscriptions once, which makes each the latest of its own.
    pub(crate) fn invoice_subscription(&self, index: u64) -> Option<u64> {
        let (invoices, subscriptions) = (self.counts.invoices, self.counts.subscriptions);
        if let Some(newest) = (index + subscriptions).checked_sub(invoices) {
            return (!index.is_multiple_of(5) && newest < subscriptions).then_some(newest);
        }
        let chance = self.mix(30, index);
        let older = (chance >> 8) % (index * subscriptions / invoices).max(1);
        let billed = subscriptions > 0 && chance % 10 < 7;
        (billed && self.latest_invoice(older).is_some()).then_some(older)
    }

    /// The newest invoice of a subscription.
    pub(crate) fn latest_invoice(&self, subscription: u64) -> Option<u64> {
        let index = (subscription + self.counts.invoices).checked_sub(self.counts.subscriptions)?;
        (!index.is_multiple_of(5)).then_some(index)
    }

    /// Who was billed; rarely nobody.
    pub(crate) fn invoice_customer(&self, index: u64) -> Option<u64> {
        match self.invoice_subscription(index) {
            Some(subscription) => Some(self.subscriber(subscription)),
            None if index % 97 == 50 => None,
            None => Some(self.customer_before(self.mix(31, index), index, self.counts.invoices)),
        }
    }

    pub(crate) fn invoice_currency(&self, index: u64) -> Currency {
        self.invoice_customer(index)
            .map_or(Currency::Usd, |customer| self.customer_currency(customer))
    }

    /// Whether an invoice waited for more than 400 days and was paid lately.
    fn is_paid_very_late(&self, index: u64) -> bool {
        let stride = (self.counts.invoices / 20).max(1);
        let age = self.anchor - self.created(Kind::Invoice, index);
        index % stride == 1 % stride && age > 400 * DAY
    }

    pub(crate) fn invoice_collection(&self, index: u64) -> &'static str {
        if self.is_paid_very_late(index) {
            "send_invoice"
        } else {
            subscription::collection_method(index)
        }
    }

    /// When the money comes, if it comes at all; may lie in the future.
    pub(crate) fn payment_due(&self, index: u64) -> i64 {
        let created = self.created(Kind::Invoice, index);
        let chance = self.mix(32, index);
        if self.is_paid_very_late(index) {
            self.anchor - 3_600 - below(chance, 19 * 86_400)
        } else if self.invoice_collection(index) == "charge_automatically" {
            created + CHARGED_AFTER_SECONDS
        } else if index % 30 == 7 {
            created + 200 * DAY + below(chance, 86_400)
        } else {
            created + 5 * DAY + below(chance, 55 * 86_400)
        }
    }

    pub(crate) fn invoice_status(&self, index: u64) -> &'static str {
        let fate = match index % 25 {
            4 | 22 => "draft",
            9 => "void",
            14 => "uncollectible",
            19 | 24 => "open",
            _ => "paid",
        };
        let nothing_due = is_free(index) || is_refund(index);
        let paid = match fate {
            "draft" | "void" => self.is_paid_very_late(index),
            "paid" => true,
            _ => nothing_due || self.is_paid_very_late(index),
        };
        match paid {
            true if self.payment_due(index) < self.anchor => "paid",
            true => "open",
            false => fate,
        }
    }

    /// When a paid invoice was paid.
    pub(crate) fn invoice_paid_at(&self, index: u64) -> Option<i64> {
        (self.invoice_status(index) == "paid").then(|| self.payment_due(index))
    }

    /// When an invoice left the draft state.
    pub(crate) fn invoice_finalized_at(&self, index: u64) -> Option<i64> {
        let finalized = self.created(Kind::Invoice, index) + FINALIZED_AFTER_SECONDS;
        (self.invoice_status(index) != "draft").then_some(finalized)
    }

    /// When a void invoice was voided or an uncollectible one given up.
    pub(crate) fn invoice_given_up_at(&self, index: u64) -> i64 {
        let created = self.created(Kind::Invoice, index);
        created + ((self.anchor - created) / 2).min(signed(40) * DAY)
    }
}
