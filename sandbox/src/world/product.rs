//! Products: sold in one currency each, some archived, some with an id of the
//! merchant's choice or a stock-keeping unit in their metadata.

use crate::json::{Json, json};

use super::currency::Currency;
use super::random::pick;
use super::{DAY, Kind, World, ids, price};

const NAMES: [&str; 8] = [
    "Team",
    "Enterprise",
    "Storage",
    "Support ☎",
    "Sito – Prémium",
    "Usage",
    "Onboarding",
    "寿司",
];

/// The id of a generated product.
pub(crate) fn id(index: u64) -> String {
    if index % 5 == 3 {
        format!("sandbox-product-{index}")
    } else {
        ids::encode("prod_", index)
    }
}

/// The number of the generated product with this id.
pub(crate) fn index(id: &str) -> Option<u64> {
    let number = match id.strip_prefix("sandbox-product-") {
        Some(digits) => digits.parse().ok()?,
        None => ids::decode("prod_", id)?,
    };
    (self::id(number) == id).then_some(number)
}

/// The currency all prices of a product are in.
pub(crate) fn currency(index: u64) -> Currency {
    Currency::nth(index)
}

/// Whether a generated product is on sale.
pub(crate) fn is_active(index: u64) -> bool {
    index % 11 != 5
}

impl World {
    /// A product sold in the currency, chosen by a number.
    pub(crate) fn product_in(&self, currency: Currency, number: u64) -> u64 {
        let first = currency.place();
        let choices = (self.counts.products - first).div_ceil(6);
        first + 6 * (number % choices.max(1))
    }

    pub(crate) fn product_name(index: u64) -> String {
        format!("{} {index}", pick(&NAMES, index))
    }

    pub(crate) fn product(&self, index: u64) -> Json {
        let created = self.created(Kind::Product, index);
        let mut metadata = json!({});
        if index.is_multiple_of(3) {
            metadata["sku"] = json!(format!("SKU-{index:05}"));
        }
        json!({
            "id": id(index),
            "object": "product",
            "active": is_active(index),
            "created": created,
            "default_price": (index % 4 != 2).then(|| price::id(index * price::SLOTS)),
            "description": (index.is_multiple_of(2)).then(|| format!("Product no. {index}")),
            "images": [],
            "livemode": self.livemode,
            "marketing_features": [],
            "metadata": metadata,
            "name": Self::product_name(index),
            "package_dimensions": null,
            "shippable": null,
            "statement_descriptor": null,
            "tax_code": (index.is_multiple_of(4)).then_some("txcd_10103001"),
            "tax_details": null,
            "type": if index % 13 == 12 { "good" } else { "service" },
            "unit_label": (index % 3 == 1).then_some("seat"),
            "updated": created + if is_active(index) { 0 } else { DAY },
            "url": null,
        })
    }
}
