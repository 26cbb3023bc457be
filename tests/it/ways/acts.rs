//! What happens in the company: each kind of change once, some of it within one second.

use std::collections::BTreeMap;
use std::time::Duration;

use sandbox::{Kind, World};
use serde_json::{Value, json};
use tributary::clock::Clock;

use crate::support::TestApp;

const DAY: i64 = 86_400;

/// Who and what later acts are about.
pub(super) type Cast = BTreeMap<&'static str, String>;

/// One change, so many seconds after the one before.
pub(super) struct Act(u32, fn(&World, &mut Cast));

impl Act {
    pub(super) fn play(&self, app: &TestApp, cast: &mut Cast) {
        self.play_in(app.sandbox().world(), &app.clock, cast);
    }

    /// The same where there is no server at hand, but its clock.
    pub(super) fn play_in(&self, world: &World, clock: &Clock, cast: &mut Cast) {
        advance(world, clock, self.0);
        (self.1)(world, cast);
    }
}

/// Lets time pass, at Stripe and here.
pub(super) fn pass(app: &TestApp, seconds: u32) {
    advance(app.sandbox().world(), &app.clock, seconds);
}

fn advance(world: &World, clock: &Clock, seconds: u32) {
    world.advance_clock(seconds.into());
    clock.advance(Duration::from_secs(seconds.into()));
}

/// All of them.
pub(super) const ACTS: &[Act] = &[
    Act(5, newcomer),
    Act(0, rename_newcomer),
    Act(0, subscribe),
    Act(2, give_discount),
    Act(1, switch_discount),
    Act(1, rename_coupon),
    Act(3, change_customer),
    Act(0, rename_product),
    Act(1, discount_customer),
    Act(0, pay),
    Act(1, pay_what_is_old),
    Act(0, relabel_invoice),
    Act(2, credit),
    Act(0, credit_and_take_back),
    Act(1, void),
    Act(0, delete_draft),
    Act(3, remove_item),
    Act(0, end_discount),
    Act(0, cancel),
    Act(2, delete_customer),
    Act(1, come_and_go),
    Act(1, retire_price),
    Act(0, archive_product),
];

fn newcomer(world: &World, cast: &mut Cast) {
    let customer = world.create_customer(json!({ "name": "Newcomer", "currency": "usd" }));
    cast.insert("newcomer", customer);
    let product = world.create_product(json!({ "name": "New" }));
    cast.insert("price", world.create_price(&product, 1_000, json!({})));
    cast.insert("product", product);
}

/// Two states of one second.
fn rename_newcomer(world: &World, cast: &mut Cast) {
    for name in ["Newcomer & Co", "Newcomer Inc"] {
        world.update(Kind::Customer, &cast["newcomer"], json!({ "name": name }));
    }
}

fn subscribe(world: &World, cast: &mut Cast) {
    let subscription = world.create_subscription(&cast["newcomer"], &[&cast["price"]]);
    cast.insert("subscription", subscription);
}

fn give_discount(world: &World, cast: &mut Cast) {
    world.create_coupon(json!({ "id": "AUTUMN", "percent_off": 30 }));
    let discount = world.give_discount(Kind::Subscription, &cast["subscription"], "AUTUMN");
    cast.insert("discount", discount);
    let second = world.give_discount(Kind::Subscription, &cast["subscription"], "AUTUMN");
    cast.insert("second discount", second);
}

fn switch_discount(world: &World, cast: &mut Cast) {
    world.switch_discount(&cast["discount"], "FRIENDS255");
}

fn rename_coupon(world: &World, _: &mut Cast) {
    world.update(Kind::Coupon, "AUTUMN", json!({ "name": "Autumn at last" }));
}

fn change_customer(world: &World, _: &mut Cast) {
    let customer = one(world, Kind::Customer, 0, |_| true);
    let patch = json!({ "name": "Changed", "email": "new@example.com", "address": { "city": "Graz" } });
    world.update(Kind::Customer, &customer, patch);
}

/// Of what is sold: its name stands on lines.
fn rename_product(world: &World, _: &mut Cast) {
    let sold = one(world, Kind::Subscription, 0, is_active);
    let product = text(world, Kind::Subscription, &sold, "/items/data/0/price/product");
    world.update(Kind::Product, &product, json!({ "name": "Sold by another name" }));
}

/// Its subscription has no discount of its own.
fn discount_customer(world: &World, _: &mut Cast) {
    let plain = one(world, Kind::Subscription, 0, |subscription| {
        is_active(subscription) && subscription["discounts"] == json!([])
    });
    let customer = text(world, Kind::Subscription, &plain, "/customer");
    world.give_discount(Kind::Customer, &customer, "FRIENDS255");
}

fn pay(world: &World, cast: &mut Cast) {
    world.pay_invoice(&one(world, Kind::Invoice, 0, |invoice| {
        invoice["status"] == "open" && invoice["total"] != 0
    }));
    let invoice = world.create_invoice(&cast["newcomer"], 12_000);
    world.pay_invoice(&invoice);
    cast.insert("invoice", invoice);
}

fn pay_what_is_old(world: &World, cast: &mut Cast) {
    let invoice = world.create_invoice_at(&cast["newcomer"], 7_000, world.now() - 4_000 * DAY);
    world.pay_invoice(&invoice);
}

/// Two states of one second.
fn relabel_invoice(world: &World, cast: &mut Cast) {
    for number in ["NEW-1", "NEW-2"] {
        world.update(Kind::Invoice, &cast["invoice"], json!({ "number": number }));
    }
}

fn credit(world: &World, cast: &mut Cast) {
    world.create_credit_note(&cast["invoice"]);
}

fn credit_and_take_back(world: &World, cast: &mut Cast) {
    let note = world.create_credit_note(&cast["invoice"]);
    world.void_credit_note(&note);
}

fn void(world: &World, _: &mut Cast) {
    world.void_invoice(&one(world, Kind::Invoice, 0, |invoice| invoice["status"] == "open"));
}

fn delete_draft(world: &World, _: &mut Cast) {
    world.delete_invoice(&one(world, Kind::Invoice, 0, |invoice| invoice["status"] == "draft"));
}

fn remove_item(world: &World, _: &mut Cast) {
    let many = one(world, Kind::Subscription, 0, |subscription| {
        is_active(subscription) && subscription["items"]["data"].as_array().unwrap().len() > 1
    });
    let item = text(world, Kind::Subscription, &many, "/items/data/1/id");
    world.remove_item(&many, &item);
}

fn end_discount(world: &World, cast: &mut Cast) {
    world.end_discount(&cast["second discount"]);
}

fn cancel(world: &World, _: &mut Cast) {
    world.cancel_subscription(&one(world, Kind::Subscription, 3, is_active));
}

/// Whose subscriptions end with it.
fn delete_customer(world: &World, _: &mut Cast) {
    let subscription = one(world, Kind::Subscription, 5, is_active);
    world.delete_customer(&text(world, Kind::Subscription, &subscription, "/customer"));
}

fn come_and_go(world: &World, _: &mut Cast) {
    let customer = world.create_customer(json!({ "name": "Passing by" }));
    world.update(Kind::Customer, &customer, json!({ "name": "Passing" }));
    world.delete_customer(&customer);
    let product = world.create_product(json!({ "name": "Short-lived" }));
    world.delete_product(&product);
}

/// One is no longer sold, and another is gone: their product sells nothing recurring any more.
fn retire_price(world: &World, _: &mut Cast) {
    let product = world.create_product(json!({ "name": "Once recurring" }));
    let prices = [1_000, 2_000].map(|amount| world.create_price(&product, amount, json!({})));
    world.update(Kind::Price, &prices[0], json!({ "active": false }));
    world.delete_price(&prices[1]);
}

fn archive_product(world: &World, cast: &mut Cast) {
    world.update(Kind::Product, &cast["product"], json!({ "active": false }));
}

fn is_active(subscription: &Value) -> bool {
    subscription["status"] == "active"
}

/// The `nth` living object of those that are meant.
fn one(world: &World, kind: Kind, nth: usize, is_meant: fn(&Value) -> bool) -> String {
    let living = world.truth(kind).into_iter().filter(|object| object["deleted"] != true);
    let found = living.filter(is_meant).nth(nth).unwrap();
    found["id"].as_str().unwrap().to_owned()
}

fn text(world: &World, kind: Kind, id: &str, pointer: &str) -> String {
    let object = world.get(kind, id).unwrap();
    object.pointer(pointer).unwrap().as_str().unwrap().to_owned()
}
