//! What happened to generated objects in the thirty days before the world was
//! made; Stripe still lists events of that.

use super::{EVENT_LIFETIME_SECONDS, Extent, Kind, World};
use crate::json::{Json, json};

/// What happened, in the order in which Stripe tells of it within a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    CustomerCreated,
    SubscriptionCreated,
    InvoiceFinalized,
    InvoicePaid,
    PaymentSucceeded,
    InvoiceVoided,
    CreditNoteCreated,
}

impl What {
    /// The event's type.
    pub(crate) fn event_type(self) -> &'static str {
        match self {
            Self::CustomerCreated => "customer.created",
            Self::SubscriptionCreated => "customer.subscription.created",
            Self::InvoiceFinalized => "invoice.finalized",
            Self::InvoicePaid => "invoice.paid",
            Self::PaymentSucceeded => "invoice.payment_succeeded",
            Self::InvoiceVoided => "invoice.voided",
            Self::CreditNoteCreated => "credit_note.created",
        }
    }
}

/// When it happened, what, and the number of the object.
pub(crate) type Recent = (i64, What, u32);

impl World {
    /// What happened in the thirty days before the anchor, oldest first.
    pub(crate) fn recent(&self) -> Vec<Recent> {
        let mut recent = Vec::new();
        self.add_new(Kind::Customer, What::CustomerCreated, &mut recent);
        self.add_new(Kind::Subscription, What::SubscriptionCreated, &mut recent);
        self.add_new(Kind::CreditNote, What::CreditNoteCreated, &mut recent);
        self.add_invoices(&mut recent);
        let since = self.anchor - EVENT_LIFETIME_SECONDS;
        recent.retain(|(at, ..)| (since..=self.anchor).contains(at));
        recent.sort_unstable();
        recent.shrink_to_fit();
        recent
    }

    fn add_new(&self, kind: Kind, what: What, recent: &mut Vec<Recent>) {
        let since = self.anchor - EVENT_LIFETIME_SECONDS;
        let listed =
            (self.first_from(kind, (since, 0))..self.generated(kind)).filter(|index| self.is_listed(kind, *index));
        recent.extend(listed.filter_map(|index| Some((self.created(kind, index), what, u32::try_from(index).ok()?))));
    }

    fn add_invoices(&self, recent: &mut Vec<Recent>) {
        let since = self.anchor - EVENT_LIFETIME_SECONDS;
        for index in 0..self.counts.invoices {
            let Ok(number) = u32::try_from(index) else { return };
            if self.created(Kind::Invoice, index) + 3_600 >= since {
                let finalized = self.invoice_finalized_at(index);
                recent.extend(finalized.map(|at| (at, What::InvoiceFinalized, number)));
            }
            if self.payment_due(index) >= since
                && let Some(at) = self.invoice_paid_at(index)
            {
                recent.push((at, What::InvoicePaid, number));
                recent.push((at, What::PaymentSucceeded, number));
            }
            if self.invoice_given_up_at(index) >= since && self.invoice_status(index) == "void" {
                recent.push((self.invoice_given_up_at(index), What::InvoiceVoided, number));
            }
        }
    }

    /// The object of an event as it was when it happened.
    pub(crate) fn as_it_was(&self, what: What, index: u64) -> Json {
        let mut bill = match what {
            What::CustomerCreated => return self.customer(index),
            What::SubscriptionCreated => return self.subscription_as_begun(index),
            What::CreditNoteCreated => return self.credit_note_as_given(index).unwrap_or_default(),
            _ => self.bill(index),
        };
        bill.credited = 0;
        if what == What::InvoiceFinalized {
            bill.status = "open";
            bill.paid_at = None;
        }
        self.write_invoice(&bill, Extent::Embedded)
    }

    fn subscription_as_begun(&self, index: u64) -> Json {
        let mut subscription = self.subscription(index);
        if subscription["status"] != "trialing" && subscription["status"] != "incomplete" {
            subscription["status"] = json!("active");
        }
        for ending in ["cancel_at", "canceled_at", "ended_at", "pause_collection"] {
            subscription[ending] = Json::Null;
        }
        subscription["cancel_at_period_end"] = json!(false);
        subscription["cancellation_details"]["reason"] = Json::Null;
        subscription
    }
}
