//! What a quantity costs by a price, in whole minor units.

use rust_decimal::Decimal;

use crate::map::MapError;
use crate::map::fraction::Fraction;
use crate::map::money::too_large;
use crate::stripe::object::{Exact, Price, Tier};

/// What a quantity costs, and the price of one where there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cost {
    pub(super) amount: i64,
    pub(super) unit_price: Option<Decimal>,
}

/// What is lacking to reckon it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Incomplete {
    Amount,
    Tiers,
}

/// What `quantity` costs in `currency`. The whole price is needed where it is tiered or of another currency.
pub(super) fn cost(price: &Price, quantity: i64, currency: &str) -> Result<Result<Cost, Incomplete>, MapError> {
    let (unit, tiers) = if price.currency.eq_ignore_ascii_case(currency) {
        (exact(price.unit_amount, price.unit_amount_decimal), &price.tiers)
    } else {
        match price
            .currency_options
            .as_ref()
            .and_then(|options| options.get(&currency.to_ascii_lowercase()))
        {
            Some(option) => (exact(option.unit_amount, option.unit_amount_decimal), &option.tiers),
            None => return Ok(Err(Incomplete::Amount)),
        }
    };
    let units = packages(price, quantity);
    if price.is_tiered() {
        if tiers.is_empty() {
            return Ok(Err(Incomplete::Tiers));
        }
        let amount = if price.tiers_mode.as_deref() == Some("volume") {
            volume(tiers, units)?
        } else {
            graduated(tiers, units)?
        };
        return Ok(Ok(Cost {
            amount,
            unit_price: None,
        }));
    }
    match unit {
        Some(unit) => Ok(Ok(Cost {
            amount: times(unit, units)?.half_up()?,
            unit_price: Some(unit),
        })),
        None => Ok(Err(Incomplete::Amount)),
    }
}

fn exact(whole: Option<i64>, decimal: Option<Exact>) -> Option<Decimal> {
    decimal.map(|exact| exact.0).or_else(|| whole.map(Decimal::from))
}

fn times(unit: Decimal, units: i64) -> Result<Fraction, MapError> {
    Fraction::of_decimal(unit).times(Fraction::whole(units))
}

/// Units as the price counts them: by the package, begun ones whole or not at all.
fn packages(price: &Price, quantity: i64) -> i64 {
    match &price.transform_quantity {
        Some(transform) if transform.divide_by > 0 => {
            let whole = quantity.div_euclid(transform.divide_by);
            let begun = quantity.rem_euclid(transform.divide_by) != 0;
            if begun && transform.round.as_deref() == Some("up") {
                whole.saturating_add(1)
            } else {
                whole
            }
        }
        _ => quantity,
    }
}

/// All units at the price of the step that the last one falls in.
fn volume(tiers: &[Tier], units: i64) -> Result<i64, MapError> {
    let Some(tier) = tiers
        .iter()
        .find(|tier| tier.up_to.is_none_or(|up_to| units <= up_to))
        .or(tiers.last())
    else {
        return Ok(0);
    };
    step(tier, units)
}

/// Each unit at the price of its own step; every step is rounded by itself.
fn graduated(tiers: &[Tier], units: i64) -> Result<i64, MapError> {
    let (mut below, mut total) = (0, 0_i64);
    for tier in tiers {
        let up_to = tier.up_to.unwrap_or(i64::MAX).min(units);
        // The flat amount of the first step is due without a single unit.
        if up_to <= below && !(units == 0 && below == 0) {
            break;
        }
        total = total.checked_add(step(tier, up_to - below)?).ok_or_else(too_large)?;
        if units == 0 {
            break;
        }
        below = up_to;
    }
    Ok(total)
}

fn step(tier: &Tier, units: i64) -> Result<i64, MapError> {
    let flat = exact(tier.flat_amount, tier.flat_amount_decimal).unwrap_or_default();
    let unit = exact(tier.unit_amount, tier.unit_amount_decimal).unwrap_or_default();
    times(unit, units)?.plus(Fraction::of_decimal(flat))?.half_up()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::*;

    fn amount(price: &Value, quantity: i64) -> i64 {
        let mut whole = json!({"id": "p", "currency": "usd"});
        whole
            .as_object_mut()
            .unwrap()
            .append(&mut price.as_object().unwrap().clone());
        cost(&Price::deserialize(whole).unwrap(), quantity, "usd")
            .unwrap()
            .unwrap()
            .amount
    }

    fn tiered(mode: &str) -> Value {
        json!({"billing_scheme": "tiered", "tiers_mode": mode, "tiers": [
            {"up_to": 10, "flat_amount": 500, "unit_amount_decimal": "0"},
            {"up_to": 20, "unit_amount_decimal": "12.5"},
            {"up_to": null, "flat_amount": 7, "unit_amount": 3},
        ]})
    }

    #[test]
    fn a_unit_price_is_rounded_once() {
        assert_eq!(amount(&json!({"unit_amount": 2000}), 3), 6000);
        assert_eq!(
            amount(&json!({"unit_amount": null, "unit_amount_decimal": "0.125"}), 3),
            0
        );
        assert_eq!(
            amount(&json!({"unit_amount": null, "unit_amount_decimal": "0.125"}), 4),
            1
        );
        assert_eq!(amount(&json!({"unit_amount": 1, "unit_amount_decimal": "1.5"}), 1), 2);
        assert_eq!(amount(&json!({"unit_amount": 100}), 0), 0);
    }

    #[test]
    fn packages_are_begun_or_whole() {
        let of = |round: &str| json!({"unit_amount": 100, "transform_quantity": {"divide_by": 10, "round": round}});
        assert_eq!(
            [
                amount(&of("up"), 21),
                amount(&of("down"), 21),
                amount(&of("up"), 20),
                amount(&of("down"), 9)
            ],
            [300, 200, 200, 0]
        );
    }

    #[test]
    fn graduated_steps_add_up() {
        for (units, expected) in [
            (0, 500),
            (1, 500),
            (10, 500),
            (11, 513),
            (12, 525),
            (20, 625),
            (21, 635),
            (30, 662),
        ] {
            assert_eq!(amount(&tiered("graduated"), units), expected, "{units}");
        }
    }

    #[test]
    fn volume_takes_one_step_for_all() {
        for (units, expected) in [(0, 500), (10, 500), (11, 138), (20, 250), (21, 70)] {
            assert_eq!(amount(&tiered("volume"), units), expected, "{units}");
        }
    }

    #[test]
    fn what_is_not_expanded_is_incomplete() {
        for (price, lacking) in [
            (
                json!({"id": "p", "currency": "usd", "billing_scheme": "tiered", "tiers_mode": "volume"}),
                Incomplete::Tiers,
            ),
            (
                json!({"id": "p", "currency": "eur", "unit_amount": 5}),
                Incomplete::Amount,
            ),
            (json!({"id": "p", "currency": "usd"}), Incomplete::Amount),
        ] {
            assert_eq!(
                cost(&Price::deserialize(&price).unwrap(), 1, "usd").unwrap(),
                Err(lacking),
                "{price}"
            );
        }
        let options =
            json!({"id": "p", "currency": "eur", "unit_amount": 5, "currency_options": {"usd": {"unit_amount": 7}}});
        assert_eq!(
            cost(&Price::deserialize(&options).unwrap(), 2, "USD")
                .unwrap()
                .unwrap()
                .amount,
            14
        );
    }

    #[test]
    fn too_much_is_an_error() {
        let price = json!({"id": "p", "currency": "usd", "unit_amount_decimal": "999999999999.999999999999"});
        assert_eq!(
            cost(&Price::deserialize(&price).unwrap(), i64::MAX, "usd")
                .unwrap_err()
                .code,
            "AMOUNT_TOO_LARGE"
        );
    }
}
