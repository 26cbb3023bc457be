//! Coupons and the discounts that carry them. A discount's id holds its owner
//! and the owner's number, since Stripe has no way to fetch one by id.

use crate::json::{Json, json};

use super::currency::Currency;
use super::{DAY, Kind, World, ids, product};

/// Four percentages, then one fixed amount for each currency.
pub(crate) const COUNT: u64 = 10;
const IDS: [&str; 10] = [
    "FRIENDS255",
    "WELCOME10",
    "SPRING50",
    "TEAM20",
    "OFFUSD",
    "OFFEUR",
    "OFFGBP",
    "OFFJPY",
    "OFFKWD",
    "OFFISK",
];
/// Thousandths taken off by the first four coupons.
const PER_MILLE: [i64; 4] = [255, 100, 500, 200];
/// The coupon that holds for one invoice.
const ONCE: u64 = 1;
/// The coupon that holds for three months.
const REPEATING: u64 = 2;
/// The one coupon that holds for some products only.
const CHOOSY: u64 = 3;

pub(crate) fn id(index: u64) -> &'static str {
    usize::try_from(index)
        .ok()
        .and_then(|place| IDS.get(place))
        .copied()
        .unwrap_or("NONE")
}

pub(crate) fn index(id: &str) -> Option<u64> {
    let place = IDS.iter().position(|known| *known == id)?;
    u64::try_from(place).ok()
}

/// What a coupon takes off.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Worth {
    PerMille(i64),
    /// In the currency's steps.
    Steps(i64),
}

/// The worth of the coupon with this number.
pub(crate) fn worth(index: u64) -> Worth {
    usize::try_from(index)
        .ok()
        .and_then(|place| PER_MILLE.get(place))
        .map_or(Worth::Steps(500), |thousandths| Worth::PerMille(*thousandths))
}

/// Whether the coupon holds for a product.
pub(crate) fn covers(index: u64, product: u64) -> bool {
    index != CHOOSY || product < 6
}

/// Who holds a discount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    Customer(u64),
    Subscription(u64),
    /// Subscription and place of the item in it.
    Item(u64, u64),
    Invoice(u64),
}

impl Holder {
    /// The id of the holder's discount.
    pub(crate) fn discount_id(self) -> String {
        let number = match self {
            Self::Customer(index) => index << 2,
            Self::Subscription(index) => (index << 2) | 1,
            Self::Item(index, place) => (((index << 5) | place) << 2) | 2,
            Self::Invoice(index) => (index << 2) | 3,
        };
        ids::encode("di_", number)
    }

    fn of(discount_id: &str) -> Option<Self> {
        let number = ids::decode("di_", discount_id)?;
        let index = number >> 2;
        Some(match number & 3 {
            0 => Self::Customer(index),
            1 => Self::Subscription(index),
            2 => Self::Item(index >> 5, index & 31),
            _ => Self::Invoice(index),
        })
    }
}

impl World {
    /// The coupon behind a holder's discount; items always hold a percentage.
    pub(crate) fn coupon_of(&self, holder: Holder, currency: Currency) -> u64 {
        let (purpose, number) = match holder {
            Holder::Customer(index) => (50, index),
            Holder::Subscription(index) => (51, index),
            Holder::Item(index, place) => return self.mix(52, (index << 5) | place) % 4,
            Holder::Invoice(index) => (53, index),
        };
        let chance = self.mix(purpose, number) % 6;
        if chance < 4 { chance } else { 4 + currency.place() }
    }

    /// When a discount was given.
    fn discount_start(&self, holder: Holder) -> i64 {
        match holder {
            Holder::Customer(index) => self.created(Kind::Customer, index),
            Holder::Subscription(index) | Holder::Item(index, _) => self.created(Kind::Subscription, index),
            Holder::Invoice(index) => self.created(Kind::Invoice, index),
        }
    }

    /// Whether a discount is taken off an invoice of that time.
    pub(crate) fn holds_at(&self, holder: Holder, currency: Currency, created: i64) -> bool {
        let age = created - self.discount_start(holder);
        match self.coupon_of(holder, currency) {
            ONCE => age < 30 * DAY,
            REPEATING => age < 90 * DAY,
            _ => true,
        }
    }

    /// The discount with this id, its coupon as an id, whoever holds it.
    pub fn discount_of(&self, id: &str) -> Option<serde_json::Value> {
        self.discount(id).map(Into::into)
    }

    /// The discount with this id, its coupon as an id.
    pub(crate) fn discount(&self, id: &str) -> Option<Json> {
        if let Some(given) = self.changes().discounts.get(id) {
            return Some(given.clone());
        }
        let holder = Holder::of(id)?;
        let (customer, subscription, item, invoice) = match holder {
            Holder::Customer(index) => (Some(index), None, None, None),
            Holder::Subscription(index) => (Some(self.subscriber(index)), Some(index), None, None),
            Holder::Item(index, place) => (Some(self.subscriber(index)), Some(index), Some(place), None),
            Holder::Invoice(index) => (self.invoice_customer(index), None, None, Some(index)),
        };
        let currency = customer.map_or(Currency::Usd, |index| self.customer_currency(index));
        let coupon = self.coupon_of(holder, currency);
        let start = self.discount_start(holder);
        Some(json!({
            "id": id,
            "object": "discount",
            "checkout_session": null,
            "customer": customer.map(|index| Self::id(Kind::Customer, index)),
            "customer_account": null,
            "end": (coupon == REPEATING).then_some(start + 90 * DAY),
            "invoice": invoice.map(|index| Self::id(Kind::Invoice, index)),
            "invoice_item": null,
            "promotion_code": null,
            "source": {"type": "coupon", "coupon": self::id(coupon)},
            "start": start,
            "subscription": subscription.map(|index| Self::id(Kind::Subscription, index)),
            "subscription_item": subscription
                .zip(item)
                .map(|(index, place)| super::item::id(index, place)),
        }))
    }

    /// A coupon with its `applies_to`, which is served only on expansion.
    pub(crate) fn coupon(&self, index: u64) -> Json {
        let currency = Currency::nth(index.wrapping_sub(4));
        let (percent, amount) = match worth(index) {
            Worth::PerMille(255) => (Json::from(25.5), Json::Null),
            Worth::PerMille(thousandths) => (json!(thousandths / 10), Json::Null),
            Worth::Steps(steps) => (Json::Null, json!(steps * currency.step())),
        };
        let duration = match index {
            ONCE => "once",
            REPEATING => "repeating",
            _ => "forever",
        };
        let mut coupon = json!({
            "id": id(index),
            "object": "coupon",
            "currency": (!amount.is_null()).then(|| currency.code()),
            "amount_off": amount,
            "created": self.created(Kind::Coupon, index),
            "duration": duration,
            "duration_in_months": (index == REPEATING).then_some(3),
            "livemode": self.livemode,
            "max_redemptions": null,
            "metadata": {},
            "name": format!("{} {}", id(index), duration),
            "percent_off": percent,
            "redeem_by": null,
            "times_redeemed": 0,
            "valid": index != ONCE,
        });
        if index == CHOOSY {
            let products: Vec<String> = (0..6).map(product::id).collect();
            coupon["applies_to"] = json!({ "products": products });
        }
        coupon
    }
}
