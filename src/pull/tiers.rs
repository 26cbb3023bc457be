//! Tiers of a price in another currency than its own: Stripe gives them only where the currency is asked for by name. Which currencies
//! subscriptions have is known once they are read; a price that was read before is read again.

use std::collections::{BTreeMap, BTreeSet};

use entity::kind::StripeKind;
use sea_orm::ConnectionTrait;
use serde_json::Value;
use uuid::Uuid;

use super::reading::Reading;
use crate::error::Error;
use crate::store::{SourceKey, source};

/// The currency of a subscription.
pub(super) fn currency_of(subscription: &Value) -> Option<String> {
    let currency = subscription["currency"].as_str()?;
    // It goes into a request.
    let is_code = currency.len() == 3 && currency.bytes().all(|letter| letter.is_ascii_alphabetic());
    is_code.then(|| currency.to_ascii_lowercase())
}

/// The currencies of the subscriptions among `readings`.
pub(super) fn currencies<'a>(readings: impl Iterator<Item = &'a Reading>) -> BTreeSet<String> {
    readings
        .filter(|reading| reading.kind == StripeKind::Subscription)
        .filter_map(|reading| currency_of(reading.value.as_ref()?))
        .collect()
}

/// The prices that are here without their tiers in the currency of one of `subscriptions`.
pub(super) async fn lacking(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    subscriptions: impl Iterator<Item = &Value>,
) -> Result<Vec<SourceKey>, Error> {
    let mut needed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for subscription in subscriptions {
        let Some(currency) = currency_of(subscription) else {
            continue;
        };
        let items = subscription["items"]["data"].as_array().into_iter().flatten();
        let prices = items.map(|item| &item["price"]);
        let foreign =
            prices.filter(|price| price["billing_scheme"] == "tiered" && price["currency"] != currency.as_str());
        for id in foreign.filter_map(|price| price["id"].as_str()) {
            needed.entry(id.to_owned()).or_default().insert(currency.clone());
        }
    }
    if needed.is_empty() {
        return Ok(Vec::new());
    }
    let ids = needed.keys().map(String::as_str).collect();
    let bodies = source::find_bodies(conn, integration_id, StripeKind::Price, ids).await?;
    let mut lacking = Vec::new();
    for (id, currencies) in needed {
        let Some(price) = bodies.get(&id).map(source::Body::value).transpose()? else {
            continue;
        };
        let is_short = |currency: &String| {
            let option = &price["currency_options"][currency];
            option.is_object() && option["tiers"].as_array().is_none_or(Vec::is_empty)
        };
        if currencies.iter().any(is_short) {
            lacking.push((StripeKind::Price, id));
        }
    }
    Ok(lacking)
}
