//! Which objects tell whose they are: by them an account is known again that a key may not name.
//!
//! An id of Stripe's making is in one account only, with one exception: customers that were copied to another account keep theirs, and
//! are new there. Ids of the merchant's choice, as coupons and some products have them, tell nothing.

use entity::kind::StripeKind;
use serde_json::Value;

/// What the ids of Stripe's making of a kind begin with; `None` where merchants choose them.
pub fn prefix(kind: StripeKind) -> Option<&'static str> {
    match kind {
        StripeKind::Customer => Some("cus_"),
        StripeKind::Product => Some("prod_"),
        StripeKind::Price => Some("price_"),
        StripeKind::Invoice => Some("in_"),
        StripeKind::Subscription => Some("sub_"),
        StripeKind::CreditNote => Some("cn_"),
        // Some ways of paying have a prefix of their own.
        StripeKind::Coupon | StripeKind::Refund => None,
    }
}

/// Signs that Stripe puts behind a prefix, at least.
const MADE: usize = 14;

/// The kind of the object that an id of Stripe's making is of; `None` for ids that a merchant may have chosen.
pub fn kind_of(id: &str) -> Option<StripeKind> {
    let is_made = |sign: u8| sign.is_ascii_alphanumeric() || sign == b'_';
    PREFIXED.into_iter().find(|kind| {
        let rest = prefix(*kind).and_then(|prefix| id.strip_prefix(prefix));
        rest.is_some_and(|rest| rest.len() >= MADE && rest.bytes().all(is_made))
    })
}

const PREFIXED: [StripeKind; 6] = [
    StripeKind::Customer,
    StripeKind::Product,
    StripeKind::Price,
    StripeKind::Invoice,
    StripeKind::Subscription,
    StripeKind::CreditNote,
];

/// Whether an object of the kind that Stripe does not have is another account's: what was deleted of the others is not there, either.
pub fn outlives_deletion(kind: StripeKind) -> bool {
    match kind {
        // A stub is left of a customer. What was paid and what was subscribed to cannot be deleted.
        StripeKind::Customer
        | StripeKind::Invoice
        | StripeKind::Subscription
        | StripeKind::CreditNote
        | StripeKind::Refund => true,
        StripeKind::Product | StripeKind::Price | StripeKind::Coupon => false,
    }
}

/// Whether two bodies with one id are of one object: it was made in one second, and a customer that was copied is likely to number its
/// invoices otherwise. `None` where that does not tell: a merchant may choose the letters of the numbers, and of an erased customer
/// nothing is known.
pub fn is_same(one: &Value, other: &Value) -> Option<bool> {
    let made = (one["created"].as_i64()?, other["created"].as_i64()?);
    if made.0 != made.1 {
        return Some(false);
    }
    (one["invoice_prefix"] == other["invoice_prefix"]).then_some(true)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use entity::kind::StripeKind;

    use super::{is_same, kind_of};

    #[test]
    fn an_id_of_stripes_making_tells_its_kind() {
        for (id, kind) in [
            ("cus_NffrFeUfNV2Hib", Some(StripeKind::Customer)),
            ("in_1MtHbELkdIwHu7ixl4OzzPMv", Some(StripeKind::Invoice)),
            ("cn_1MxvRqLkdIwHu7ixY0xbUcxk", Some(StripeKind::CreditNote)),
            ("in_touch", None),
            ("sub_and_more_ltd.", None),
            ("price", None),
            ("ch_1MtHbELkdIwHu7ixl4OzzPMv", None),
        ] {
            assert_eq!(kind_of(id), kind, "{id}");
        }
    }

    #[test]
    fn a_copied_customer_is_another_one() {
        let original = json!({"id": "cus_1", "created": 5, "invoice_prefix": "AAAA", "name": "Acme"});
        let renamed = json!({"id": "cus_1", "created": 5, "invoice_prefix": "AAAA", "name": "Acme Inc."});
        assert_eq!(is_same(&original, &renamed), Some(true));
        let later = json!({"id": "cus_1", "created": 6, "invoice_prefix": "AAAA"});
        let numbered_anew = json!({"id": "cus_1", "created": 5, "invoice_prefix": "BBBB"});
        assert_eq!(is_same(&original, &later), Some(false));
        assert_eq!(is_same(&original, &numbered_anew), None);
        assert_eq!(is_same(&json!({}), &json!({})), None);
    }
}
