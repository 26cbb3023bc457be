//! What happens in the company.

use sandbox::{Kind, World};
use serde_json::{Value, json};

use super::dice::Dice;

/// One thing, by the dice.
pub(super) fn happen(world: &World, dice: &mut Dice) {
    match dice.below(24) {
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
        15 if dice.chance(40) => lose_coupon(world, dice),
        15 => coupon(world, dice),
        16 => give_discount(world, dice, Kind::Customer),
        17 => give_discount(world, dice, Kind::Subscription),
        18 => switch_discount(world, dice),
        19 => end_discount(world, dice),
        20 | 21 => change_items(world, dice),
        22 => bill_of_many_lines(world, dice),
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
    let Some(product) = one(world, dice, Kind::Product) else {
        return;
    };
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
    let (first, second) = (dice.pick(&prices), dice.pick(&prices));
    if let (Some(customer), Some(first), Some(second)) = (one(world, dice, Kind::Customer), first, second) {
        let both = [first.as_str(), second.as_str()];
        let count = if first != second && dice.chance(50) { 2 } else { 1 };
        world.create_subscription(&customer, &both[..count]);
    }
}

/// A coupon goes, and its discounts run on; at times another has its id from the same day on.
fn lose_coupon(world: &World, dice: &mut Dice) {
    let Some(id) = one(world, dice, Kind::Coupon) else {
        return;
    };
    world.delete_coupon(&id);
    if dice.chance(60) {
        world.create_coupon(json!({ "id": id, "percent_off": 5 + dice.below(90) }));
    }
}

/// Off for ever, some percent or a fixed amount.
fn coupon(world: &World, dice: &mut Dice) {
    let terms = [
        json!({ "percent_off": 25 }),
        json!({ "percent_off": 12.5 }),
        json!({ "percent_off": null, "amount_off": 500, "currency": "usd" }),
    ];
    if let Some(terms) = dice.pick(&terms) {
        world.create_coupon(terms.clone());
    }
}

/// A customer has one discount, a subscription may have several.
fn give_discount(world: &World, dice: &mut Dice, kind: Kind) {
    let holders = ids(world, kind, |holder| holder["discount"].is_null());
    if let (Some(holder), Some(coupon)) = (dice.pick(&holders), one(world, dice, Kind::Coupon)) {
        world.give_discount(kind, holder, &coupon);
    }
}

fn discounts(world: &World) -> Vec<String> {
    let text = |id: &Value| id.as_str().map(str::to_owned);
    let living = |kind| world.truth(kind).into_iter().filter(|object| object["deleted"] != true);
    let of_customers = living(Kind::Customer).filter_map(|customer| text(&customer["discount"]["id"]));
    let of_subscriptions = living(Kind::Subscription).flat_map(|subscription| {
        let held = subscription["discounts"].as_array().cloned().unwrap_or_default();
        held.iter().filter_map(text).collect::<Vec<_>>()
    });
    of_customers.chain(of_subscriptions).collect()
}

fn switch_discount(world: &World, dice: &mut Dice) {
    if let (Some(discount), Some(coupon)) = (dice.pick(&discounts(world)), one(world, dice, Kind::Coupon)) {
        world.switch_discount(discount, &coupon);
    }
}

fn end_discount(world: &World, dice: &mut Dice) {
    if let Some(discount) = dice.pick(&discounts(world)) {
        world.end_discount(discount);
    }
}

/// One more or less of something, or an item less.
fn change_items(world: &World, dice: &mut Dice) {
    let active = ids(world, Kind::Subscription, |subscription| {
        subscription["status"] == "active"
    });
    let Some(id) = dice.pick(&active) else { return };
    let subscription = world.get(Kind::Subscription, id).unwrap_or_default();
    let mut items = subscription["items"]["data"].as_array().cloned().unwrap_or_default();
    let at = dice.below(items.len());
    if items.len() > 1 && dice.chance(30) {
        world.remove_item(id, items[at]["id"].as_str().unwrap());
    } else if let Some(item) = items.get_mut(at).filter(|item| item["quantity"].is_number()) {
        item["quantity"] = json!(1 + dice.below(5));
        world.update(Kind::Subscription, id, json!({ "items": { "data": items } }));
    }
}

/// More lines than Stripe embeds, some of them paid at once.
fn bill_of_many_lines(world: &World, dice: &mut Dice) {
    let Some(customer) = one(world, dice, Kind::Customer) else {
        return;
    };
    let (count, amount) = (11 + dice.below(12), 100 + i64::try_from(dice.below(100)).unwrap());
    let id = world.create_invoice(&customer, amount * i64::try_from(count).unwrap());
    let invoice = world.get(Kind::Invoice, &id).unwrap_or_default();
    let one = &invoice["lines"]["data"][0];
    let lines: Vec<Value> = (0..count)
        .map(|place| {
            let mut line = one.clone();
            line["id"] = json!(format!("{}_{place}", one["id"].as_str().unwrap()));
            (line["amount"], line["subtotal"]) = (json!(amount), json!(amount));
            line
        })
        .collect();
    world.update(Kind::Invoice, &id, json!({ "lines": { "data": lines } }));
    if dice.chance(50) {
        world.pay_invoice(&id);
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
    let kind = if dice.chance(50) {
        Kind::Invoice
    } else {
        Kind::Subscription
    };
    if let Some(id) = one(world, dice, kind) {
        world.update(
            kind,
            &id,
            json!({ "metadata": { "label": dice.below(1000).to_string() } }),
        );
    }
}
