//! Prices: five for each product, among them tiered, metered, one-time and old
//! ones, and one made inline that no list shows.

use std::borrow::Cow;

use crate::json::{Json, json};

use super::currency::Currency;
use super::random::below;
use super::{DAY, Kind, World, ids, product};

/// Prices per product. Slot 0 is monthly, 1 yearly, 2 tiered or metered, 3
/// inactive or one-time, 4 inline.
pub(crate) const SLOTS: u64 = 5;
pub(crate) const YEARLY: u64 = 1;
pub(crate) const SPECIAL: u64 = 2;
pub(crate) const ONE_TIME: u64 = 3;
pub(crate) const INLINE: u64 = 4;
/// A package of a price with `transform_quantity`.
const PACKAGE: i64 = 10;

/// How a price turns a quantity into an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Model {
    PerUnit,
    Packages,
    Graduated,
    Volume,
    /// An eighth of a step per unit, so less than a cent.
    Metered,
}

/// The id of a generated price; some go back to the time of plans.
pub(crate) fn id(index: u64) -> String {
    ids::encode(if is_old(index) { "plan_" } else { "price_" }, index)
}

fn is_old(index: u64) -> bool {
    index % SLOTS == YEARLY && (index / SLOTS) % 3 == 1
}

/// The number of the generated price with this id.
pub(crate) fn index(id: &str) -> Option<u64> {
    let number = ids::decode("price_", id).or_else(|| ids::decode("plan_", id))?;
    (self::id(number) == id).then_some(number)
}

pub(crate) fn product_of(index: u64) -> u64 {
    index / SLOTS
}

pub(crate) fn currency(index: u64) -> Currency {
    product::currency(product_of(index))
}

pub(crate) fn model(index: u64) -> Model {
    let product = product_of(index);
    match (index % SLOTS, (product + product / 6) % 3) {
        (SPECIAL, 0) => Model::Graduated,
        (SPECIAL, 1) => Model::Volume,
        (SPECIAL, _) => Model::Metered,
        (YEARLY, 0) => Model::Packages,
        _ => Model::PerUnit,
    }
}

pub(crate) fn is_active(index: u64) -> bool {
    index % SLOTS != ONE_TIME || !product_of(index).is_multiple_of(2)
}

pub(crate) fn is_one_time(index: u64) -> bool {
    index % SLOTS == ONE_TIME && is_active(index)
}

/// So many eighths of a step in minor units, as a decimal.
fn eighths(count: i64, step: i64) -> String {
    let thousandths = count * step * 125;
    let decimal = format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000);
    decimal.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A tier by its flat amount and its unit amount, each whole and as a decimal.
fn tier(flat: (Json, Json), unit: (Json, Json), up_to: Option<i64>) -> Json {
    json!({
        "flat_amount": flat.0, "flat_amount_decimal": flat.1, "unit_amount": unit.0,
        "unit_amount_decimal": unit.1, "up_to": up_to,
    })
}

/// How often a recurring price is billed.
fn interval(index: u64) -> &'static str {
    match (index % SLOTS, product_of(index) % 7) {
        (YEARLY, _) => "year",
        (_, 4) => "week",
        _ => "month",
    }
}

fn interval_count(index: u64) -> i64 {
    if index.is_multiple_of(35) { 3 } else { 1 }
}

/// How long a recurring price is paid for at once; a month has thirty days here.
pub(crate) fn period_seconds(index: u64) -> i64 {
    let days = match interval(index) {
        "year" => 365,
        "week" => 7,
        _ => 30,
    };
    days * interval_count(index) * DAY
}

/// Whether any list shows the price.
pub(crate) fn is_listed(index: u64) -> bool {
    index % SLOTS != INLINE
}

impl World {
    /// The price of one unit in the currency's steps.
    pub(crate) fn unit_steps(&self, index: u64) -> i64 {
        let monthly = 500 + 100 * below(self.mix(10, product_of(index)), 200);
        match index % SLOTS {
            YEARLY => monthly * 10,
            INLINE => monthly - 37,
            _ => monthly,
        }
    }

    /// What a quantity costs, in the currency's steps.
    pub(crate) fn cost_steps(&self, index: u64, quantity: i64) -> i64 {
        match model(index) {
            Model::PerUnit => self.unit_steps(index) * quantity,
            Model::Packages => self.unit_steps(index) * ((quantity + PACKAGE - 1) / PACKAGE),
            Model::Graduated => 500 + (3 * (quantity - 10).max(0) + 4) / 8,
            Model::Volume if quantity <= 10 => 50 * quantity,
            Model::Volume => 100 + 40 * quantity,
            Model::Metered => (quantity + 4) / 8,
        }
    }

    /// The decimal amount of one unit in minor units, where there is one.
    pub(crate) fn unit_decimal(&self, index: u64) -> Option<String> {
        let step = currency(index).step();
        match model(index) {
            Model::PerUnit | Model::Packages => Some((self.unit_steps(index) * step).to_string()),
            Model::Metered => Some(eighths(1, step)),
            Model::Graduated | Model::Volume => None,
        }
    }

    fn tiers(index: u64) -> Option<Json> {
        let step = currency(index).step();
        let whole = |steps: i64| (Json::from(steps * step), Json::from((steps * step).to_string()));
        let none = || (Json::Null, Json::Null);
        match model(index) {
            Model::Graduated => Some(json!([
                tier(whole(500), none(), Some(10)),
                tier(none(), (Json::Null, Json::from(eighths(3, step))), None)
            ])),
            Model::Volume => Some(json!([
                tier(none(), whole(50), Some(10)),
                tier(whole(100), whole(40), None)
            ])),
            _ => None,
        }
    }

    fn currency_options(&self, index: u64) -> Json {
        let option = |currency: Currency| {
            let amount = self.unit_steps(index) * currency.step();
            json!({
                "custom_unit_amount": null, "tax_behavior": "unspecified",
                "unit_amount": amount, "unit_amount_decimal": amount.to_string(),
            })
        };
        let own = currency(index);
        let other = Currency::nth(own.place() + 1);
        let options = [own, other].map(|currency| (Cow::Borrowed(currency.code()), option(currency)));
        Json::Object(options.into_iter().collect())
    }

    fn recurring(index: u64) -> Json {
        if is_one_time(index) {
            return Json::Null;
        }
        let metered = model(index) == Model::Metered;
        json!({
            "interval": interval(index),
            "interval_count": interval_count(index),
            "meter": metered.then(|| ids::encode("mtr_", index)),
            "trial_period_days": null,
            "usage_type": if metered { "metered" } else { "licensed" },
        })
    }

    /// A price with its `tiers` and `currency_options`, which are served only
    /// on expansion.
    pub(crate) fn price(&self, index: u64) -> Json {
        let model = model(index);
        let whole = matches!(model, Model::PerUnit | Model::Packages);
        let mut price = json!({
            "id": id(index),
            "object": "price",
            "active": is_active(index),
            "billing_scheme": "per_unit",
            "created": self.created(Kind::Price, index),
            "currency": currency(index).code(),
            "custom_unit_amount": null,
            "livemode": self.livemode,
            "lookup_key": (index % 35 == 10).then(|| format!("lookup-{index}")),
            "metadata": if index.is_multiple_of(6) { json!({"tier": "gold"}) } else { json!({}) },
            "nickname": (index % 4 == 1).then(|| format!("Nickname {index}")),
            "product": product::id(product_of(index)),
            "recurring": Self::recurring(index),
            "tax_behavior": (if index.is_multiple_of(2) { "exclusive" } else { "unspecified" }),
            "tiers_mode": null,
            "transform_quantity": null,
            "type": if is_one_time(index) { "one_time" } else { "recurring" },
            "unit_amount": whole.then(|| self.unit_steps(index) * currency(index).step()),
            "unit_amount_decimal": self.unit_decimal(index),
        });
        if model == Model::Packages {
            price["transform_quantity"] = json!({"divide_by": PACKAGE, "round": "up"});
        }
        if index % SLOTS == YEARLY && model == Model::PerUnit {
            price["currency_options"] = self.currency_options(index);
        }
        if let Some(tiers) = Self::tiers(index) {
            let graduated = model == Model::Graduated;
            price["billing_scheme"] = json!("tiered");
            price["tiers_mode"] = json!(if graduated { "graduated" } else { "volume" });
            price["tiers"] = tiers;
        }
        price
    }
}
