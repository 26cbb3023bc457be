//! Subscriptions with their items, and what only hints at them.

use sandbox::{Kind, World};
use serde_json::{Value, json};

use super::{Look, Row, a_customer, a_price, a_subscription, change, text};

pub(super) fn rows() -> Vec<Row> {
    [life(), items(), hints()].into_iter().flatten().collect()
}

fn contract(shows: &'static str, told_by: &'static [&'static str], after: Value) -> Row {
    Row {
        shows,
        told_by,
        before: a_subscription,
        act: |_, id, _| id.to_owned(),
        look: Look::Contract,
        after,
        requests: 0,
        thin: true,
    }
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn life() -> Vec<Row> {
    vec![
        Row {
            before: a_price,
            act: |world, price, _| {
                let customer = world.truth(Kind::Customer).pop().unwrap();
                world.create_subscription(customer["id"].as_str().unwrap(), &[price])
            },
            ..contract(
                "a new contract",
                &["customer.subscription.created"],
                json!({ "status": "active", "total": "1000", "products": ["Before"] }),
            )
        },
        Row {
            act: |world, id, _| {
                let day = 86_400;
                let midnight = world.now() / day * day;
                world.update(Kind::Subscription, id, json!({ "cancel_at": midnight + 3 * day }));
                id.to_owned()
            },
            ..contract(
                "a contract's end, said beforehand",
                &["customer.subscription.updated"],
                json!({ "termEnd": "2026-11-26" }),
            )
        },
        Row {
            before: |world| {
                let subscription = a_subscription(world);
                world.give_discount(Kind::Subscription, &subscription, "FRIENDS255");
                subscription
            },
            act: |world, id, _| {
                world.update(Kind::Subscription, id, json!({ "status": "past_due" }));
                id.to_owned()
            },
            requests: 1,
            ..contract(
                "a contract with a discount, which a payload only names",
                &["customer.subscription.updated"],
                json!({ "status": "past_due", "discount": "255" }),
            )
        },
        Row {
            act: |world, id, _| {
                world.cancel_subscription(id);
                id.to_owned()
            },
            ..contract(
                "a contract that is over",
                &["customer.subscription.deleted"],
                json!({ "status": "canceled", "termEnd": "2026-11-23" }),
            )
        },
        Row {
            act: |world, id, told_by| {
                let patch = json!({ "status": "paused" });
                change(world, Kind::Subscription, id, patch, told_by)
            },
            ..contract(
                "a contract's new status, whatever tells of it",
                &[
                    "customer.subscription.paused",
                    "customer.subscription.resumed",
                    "customer.subscription.pending_update_applied",
                    "customer.subscription.pending_update_expired",
                    "customer.subscription.trial_will_end",
                    "customer.subscription.of_later_times",
                ],
                json!({ "status": "paused" }),
            )
        },
    ]
}

fn items() -> Vec<Row> {
    let two = |world: &World| {
        let prices = [a_price(world), a_price(world)];
        let prices: Vec<&str> = prices.iter().map(String::as_str).collect();
        world.create_subscription(&a_customer(world), &prices)
    };
    vec![
        Row {
            before: two,
            act: |world, id, _| {
                let item = text(world, Kind::Subscription, id, "/items/data/0/id");
                world.remove_item(id, &item);
                id.to_owned()
            },
            ..contract(
                "an item that was removed takes its line along",
                &["customer.subscription.updated"],
                json!({ "total": "1000", "products": ["Before"] }),
            )
        },
        Row {
            act: |world, id, _| {
                let mut items = world.get(Kind::Subscription, id).unwrap()["items"]["data"].take();
                items[0]["quantity"] = json!(7);
                world.update(Kind::Subscription, id, json!({ "items": { "data": items } }));
                id.to_owned()
            },
            ..contract(
                "an item's new quantity",
                &["customer.subscription.updated"],
                json!({ "total": "7000" }),
            )
        },
    ]
}

fn hints() -> Vec<Row> {
    vec![Row {
        act: |world, id, told_by| {
            world.update_untold(Kind::Subscription, id, json!({ "status": "past_due" }));
            world.tell_of(
                told_by,
                json!({ "id": "sub_sched_1", "object": "subscription_schedule", "subscription": id }),
            );
            id.to_owned()
        },
        requests: 1,
        thin: false,
        ..contract(
            "what a schedule did to a contract",
            &[
                "subscription_schedule.updated",
                "subscription_schedule.released",
                "subscription_schedule.canceled",
                "subscription_schedule.completed",
            ],
            json!({ "status": "past_due" }),
        )
    }]
}
