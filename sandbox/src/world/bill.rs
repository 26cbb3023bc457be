//! What an invoice is made of before it is written out: whom it is for, what
//! became of it and its money.

use super::coupon::Holder;
use super::currency::Currency;
use super::ledger::{Ledger, Line};
use super::{Kind, World};

/// One invoice's facts.
#[derive(Debug)]
pub(crate) struct Bill {
    pub(crate) index: u64,
    pub(crate) id: String,
    pub(crate) created: i64,
    pub(crate) status: &'static str,
    pub(crate) collection: &'static str,
    pub(crate) customer: Option<u64>,
    pub(crate) subscription: Option<u64>,
    pub(crate) finalized_at: Option<i64>,
    pub(crate) paid_at: Option<i64>,
    /// When it was voided or marked uncollectible, should it be.
    pub(crate) given_up_at: i64,
    pub(crate) ledger: Ledger,
    /// Id of the discount on the whole invoice.
    pub(crate) discount: Option<String>,
    /// What the customer's balance paid, in steps.
    pub(crate) from_balance: i64,
    /// What credit notes gave back after payment, in steps.
    pub(crate) credited: i64,
}

impl Bill {
    /// Minor units in one of the ledger's steps.
    pub(crate) fn step(&self) -> i64 {
        self.ledger.currency.step()
    }

    /// What is to be paid, in steps.
    pub(crate) fn due(&self) -> i64 {
        (self.ledger.total() - self.from_balance).max(0)
    }
}

impl World {
    /// The facts of a generated invoice.
    pub(crate) fn bill(&self, index: u64) -> Bill {
        let ledger = self.ledger(index);
        let total = ledger.total();
        Bill {
            index,
            id: Self::id(Kind::Invoice, index),
            created: self.created(Kind::Invoice, index),
            status: self.invoice_status(index),
            collection: self.invoice_collection(index),
            customer: self.invoice_customer(index),
            subscription: self.invoice_subscription(index),
            finalized_at: self.invoice_finalized_at(index),
            paid_at: self.invoice_paid_at(index),
            given_up_at: self.invoice_given_up_at(index),
            discount: ledger.discount.map(Holder::discount_id),
            from_balance: if index % 19 == 8 { total.clamp(0, 300) } else { 0 },
            credited: self.credited_steps(index, total),
            ledger,
        }
    }

    /// An open bill to nobody with one line of so many US cents.
    pub(crate) fn blank_bill(index: u64, amount: i64, created: i64) -> Bill {
        let line = Line {
            amount,
            quantity: 1,
            ..Line::default()
        };
        Bill {
            index,
            id: Self::encoded(Kind::Invoice, index),
            created,
            status: "open",
            collection: "charge_automatically",
            customer: None,
            subscription: None,
            finalized_at: Some(created),
            paid_at: None,
            given_up_at: created,
            ledger: Ledger {
                currency: Currency::Usd,
                lines: vec![line],
                discount: None,
                shipping: None,
                taxed: false,
            },
            discount: None,
            from_balance: 0,
            credited: 0,
        }
    }
}
