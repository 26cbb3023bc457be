//! What happens in the company.

use sandbox::{Kind, World};
use serde_json::{Value, json};

use super::dice::Dice;

/// One thing, by the dice.
pub(super) fn happen(world: &World, dice: &mut Dice) {
    match dice.below(16) {
        0 => {
            world.create_customer(json!({ "name": format!("Customer {}", dice.below(1000)) }));
        }
        1 | 2 => rename(world, dice, Kind::Customer),
        3 => rename(world, dice, Kind::Product),
        4 => {
            if dice.chance(30)
                && let Some(id) = one(world, dice, Kind::Customer)
            {
                world.delete_customer(&id);
            }
        }
        5 => {
            world.create_product(json!({ "name": format!("Product {}", dice.below(1000)) }));
        }
        6 => price(world, dice),
        7 | 8 => subscribe(world, dice),
        9 => {
            if let Some(id) = one(world, dice, Kind::Subscription) {
                world.cancel_subscription(&id);
            }
        }
        10 => bill(world, dice),
        11 | 12 => pay(world, dice),
        13 => credit(world, dice),
        14 => relabel(world, dice),
        _ => bill_of_long_ago(world, dice),
    }
}

fn ids(world: &World, kind: Kind, is_meant: impl Fn(&Value) -> bool) -> Vec<String> {
    let living = world.truth(kind).into_iter().filter(|object| object["deleted"] != true);
    living
        .filter(is_meant)
        .filter_map(|object| object["id"].as_str().map(str::to_owned))
        .collect()
}

fn one(world: &World, dice: &mut Dice, kind: Kind) -> Option<String> {
    dice.pick(&ids(world, kind, |_| true)).cloned()
}

fn rename(world: &World, dice: &mut Dice, kind: Kind) {
    if let Some(id) = one(world, dice, kind) {
        world.update(kind, &id, json!({ "name": format!("Renamed {}", dice.below(1000)) }));
    }
}

fn price(world: &World, dice: &mut Dice) {
    let Some(product) = one(world, dice, Kind::Product) else { return };
    if dice.chance(50) {
        world.create_price(&product, 1_000, json!({}));
    } else if let Some(id) = one(world, dice, Kind::Price) {
        world.update(Kind::Price, &id, json!({ "active": dice.chance(50) }));
    }
}

fn subscribe(world: &World, dice: &mut Dice) {
    let prices = ids(world, Kind::Price, |price| {
        price["active"] == true && price["recurring"].is_object() && price["currency"] == "usd"
    });
    if let (Some(customer), Some(price)) = (one(world, dice, Kind::Customer), dice.pick(&prices)) {
        world.create_subscription(&customer, &[price]);
    }
}

fn bill(world: &World, dice: &mut Dice) {
    if let Some(customer) = one(world, dice, Kind::Customer) {
        world.create_invoice(&customer, 1_000 + i64::try_from(dice.below(1000)).unwrap());
    }
}

fn bill_of_long_ago(world: &World, dice: &mut Dice) {
    if let Some(customer) = one(world, dice, Kind::Customer) {
        world.create_paid_invoice(&customer, world.now() - 400 * 86_400, world.now());
    }
}

fn pay(world: &World, dice: &mut Dice) {
    let open = ids(world, Kind::Invoice, |invoice| invoice["status"] == "open");
    if let Some(id) = dice.pick(&open) {
        world.pay_invoice(id);
    }
}

fn credit(world: &World, dice: &mut Dice) {
    let paid = ids(world, Kind::Invoice, |invoice| {
        invoice["status"] == "paid" && invoice["total"].as_i64().is_some_and(|total| total > 100)
    });
    if let Some(id) = dice.pick(&paid) {
        world.create_credit_note(id);
    }
}

fn relabel(world: &World, dice: &mut Dice) {
    let kind = if dice.chance(50) { Kind::Invoice } else { Kind::Subscription };
    if let Some(id) = one(world, dice, kind) {
        world.update(kind, &id, json!({ "metadata": { "label": dice.below(1000).to_string() } }));
    }
}
