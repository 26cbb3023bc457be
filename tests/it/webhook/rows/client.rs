//! Customers, and the discounts on them and on their subscriptions.

use sandbox::{Kind, World};
use serde_json::json;

use super::{Look, Row, a_customer, a_subscription, customer_of, nothing, text};

/// A quarter and a bit off, for ever.
const QUARTER: &str = "FRIENDS255";

pub(super) fn rows() -> Vec<Row> {
    [customers(), of_customers(), of_subscriptions()]
        .into_iter()
        .flatten()
        .collect()
}

fn customers() -> Vec<Row> {
    vec![
        Row {
            shows: "a new client",
            told_by: &["customer.created"],
            before: nothing,
            act: |world, _, _| world.create_customer(json!({ "name": "After", "email": "after@example.com" })),
            look: Look::Client,
            after: json!({ "name": "After", "email": "after@example.com", "deletedInStripe": false }),
            requests: 0,
            thin: true,
        },
        Row {
            shows: "a client's new name",
            told_by: &["customer.updated"],
            before: a_customer,
            act: |world, id, _| {
                world.update(Kind::Customer, id, json!({ "name": "After" }));
                id.to_owned()
            },
            look: Look::Client,
            after: json!({ "name": "After" }),
            requests: 0,
            thin: true,
        },
        Row {
            shows: "a client that is gone stays, flagged",
            told_by: &["customer.deleted"],
            before: a_customer,
            act: |world, id, _| {
                world.delete_customer(id);
                id.to_owned()
            },
            look: Look::Client,
            after: json!({ "name": "Before", "deletedInStripe": true }),
            requests: 0,
            thin: true,
        },
        Row {
            shows: "the subscriptions of a client that is gone are over",
            told_by: &["customer.deleted"],
            before: a_subscription,
            act: |world, id, _| {
                world.delete_customer(&customer_of(world, id));
                id.to_owned()
            },
            look: Look::Contract,
            after: json!({ "status": "canceled" }),
            requests: 1,
            thin: true,
        },
    ]
}

/// On a customer: its subscriptions show it.
fn of_customers() -> Vec<Row> {
    let row = |shows, told_by, before, act, discount: i64| Row {
        shows,
        told_by,
        before,
        act,
        look: Look::Contract,
        after: json!({ "discount": discount.to_string(), "total": (1_000 - discount).to_string() }),
        requests: 1,
        thin: false,
    };
    vec![
        row(
            "a discount given to a customer",
            &["customer.discount.created"],
            a_subscription,
            |world, id, _| {
                world.give_discount(Kind::Customer, &customer_of(world, id), QUARTER);
                id.to_owned()
            },
            255,
        ),
        row(
            "a customer's discount moved to another coupon",
            &["customer.discount.updated"],
            with_discount_on_customer,
            |world, id, _| {
                world.switch_discount(&discount_of_customer(world, id), "HALF");
                id.to_owned()
            },
            500,
        ),
        row(
            "a customer's discount taken away",
            &["customer.discount.deleted"],
            with_discount_on_customer,
            |world, id, _| {
                world.end_discount(&discount_of_customer(world, id));
                id.to_owned()
            },
            0,
        ),
    ]
}

/// On a subscription. The event names the customer, too, and does not say which of both is meant.
fn of_subscriptions() -> Vec<Row> {
    let row = |shows, told_by, before, act, discount: i64| Row {
        shows,
        told_by,
        before,
        act,
        look: Look::Contract,
        after: json!({ "discount": discount.to_string(), "total": (1_000 - discount).to_string() }),
        requests: 2,
        thin: false,
    };
    vec![
        row(
            "a discount given to a subscription",
            &["customer.discount.created"],
            a_subscription,
            |world, id, _| {
                world.give_discount(Kind::Subscription, id, QUARTER);
                id.to_owned()
            },
            255,
        ),
        row(
            "a subscription's discount moved to another coupon",
            &["customer.discount.updated"],
            with_discount,
            |world, id, _| {
                world.switch_discount(&discount_of(world, id), "HALF");
                id.to_owned()
            },
            500,
        ),
        row(
            "a subscription's discount taken away",
            &["customer.discount.deleted"],
            with_discount,
            |world, id, _| {
                world.end_discount(&discount_of(world, id));
                id.to_owned()
            },
            0,
        ),
    ]
}

/// A coupon to move discounts to.
fn half(world: &World) {
    if world.get(Kind::Coupon, "HALF").is_none() {
        world.create_coupon(json!({ "id": "HALF", "percent_off": 50 }));
    }
}

fn with_discount_on_customer(world: &World) -> String {
    half(world);
    let subscription = a_subscription(world);
    world.give_discount(Kind::Customer, &customer_of(world, &subscription), QUARTER);
    subscription
}

fn with_discount(world: &World) -> String {
    half(world);
    let subscription = a_subscription(world);
    world.give_discount(Kind::Subscription, &subscription, QUARTER);
    subscription
}

fn discount_of_customer(world: &World, subscription: &str) -> String {
    text(world, Kind::Customer, &customer_of(world, subscription), "/discount/id")
}

fn discount_of(world: &World, subscription: &str) -> String {
    text(world, Kind::Subscription, subscription, "/discounts/0")
}
