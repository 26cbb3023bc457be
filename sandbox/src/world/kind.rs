//! The kinds of objects that the sandbox holds.

/// A kind of object the sandbox holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `cus_…`
    Customer,
    /// `prod_…` or an id of the merchant's choice
    Product,
    /// `price_…`, or `plan_…` for old ones
    Price,
    /// An id of the merchant's choice
    Coupon,
    /// `in_…`
    Invoice,
    /// `sub_…`
    Subscription,
    /// `cn_…`
    CreditNote,
    /// `re_…`
    Refund,
    /// `evt_…`
    Event,
}

impl Kind {
    /// Every kind, in the order of the objects' dependence.
    pub const ALL: [Self; 9] = [
        Self::Customer,
        Self::Product,
        Self::Price,
        Self::Coupon,
        Self::Invoice,
        Self::Subscription,
        Self::CreditNote,
        Self::Refund,
        Self::Event,
    ];

    /// The value of the objects' `object` field.
    pub fn object(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Product => "product",
            Self::Price => "price",
            Self::Coupon => "coupon",
            Self::Invoice => "invoice",
            Self::Subscription => "subscription",
            Self::CreditNote => "credit_note",
            Self::Refund => "refund",
            Self::Event => "event",
        }
    }

    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Customer => "cus_",
            Self::Product => "prod_",
            Self::Price => "price_",
            Self::Coupon => "co_",
            Self::Invoice => "in_",
            Self::Subscription => "sub_",
            Self::CreditNote => "cn_",
            Self::Refund => "re_",
            Self::Event => "evt_",
        }
    }
}
