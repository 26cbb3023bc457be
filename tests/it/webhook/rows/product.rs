//! Products, prices and coupons.

use entity::kind::StripeKind;
use sandbox::{Kind, World};
use serde_json::json;

use super::{Look, Row, a_price, a_subscription, nothing, text};

pub(super) fn rows() -> Vec<Row> {
    [products(), prices(), coupons()].into_iter().flatten().collect()
}

fn a_product(world: &World) -> String {
    world.create_product(json!({ "name": "Before" }))
}

fn products() -> Vec<Row> {
    vec![
        Row {
            shows: "a new product",
            told_by: &["product.created"],
            before: nothing,
            act: |world, _, _| world.create_product(json!({ "name": "After" })),
            look: Look::Product,
            after: json!({ "name": "After", "active": true, "recurring": false }),
            requests: 0,
            thin: true,
        },
        Row {
            shows: "a product's new name",
            told_by: &["product.updated"],
            before: a_product,
            act: |world, id, _| {
                world.update(Kind::Product, id, json!({ "name": "After", "active": false }));
                id.to_owned()
            },
            look: Look::Product,
            after: json!({ "name": "After", "active": false }),
            requests: 0,
            thin: true,
        },
        Row {
            shows: "a product's new name on the contracts that sell it",
            told_by: &["product.updated"],
            before: a_subscription,
            act: |world, id, _| {
                let product = text(world, Kind::Subscription, id, "/items/data/0/price/product");
                world.update(Kind::Product, &product, json!({ "name": "After" }));
                id.to_owned()
            },
            look: Look::Contract,
            after: json!({ "products": ["After"], "name": "After" }),
            requests: 0,
            thin: true,
        },
        Row {
            shows: "a product that is gone stays, flagged",
            told_by: &["product.deleted"],
            before: a_product,
            act: |world, id, _| {
                world.delete_product(id);
                id.to_owned()
            },
            look: Look::Product,
            after: json!({ "name": "Before", "active": false, "deletedInStripe": true }),
            requests: 0,
            thin: true,
        },
    ]
}

/// A product is recurring while it has an active recurring price.
fn prices() -> Vec<Row> {
    let row = |shows, told_by, before, act, recurring: bool, requests| Row {
        shows,
        told_by,
        before,
        act,
        look: Look::Product,
        after: json!({ "recurring": recurring }),
        requests,
        thin: true,
    };
    vec![
        row(
            "a new price",
            &["price.created"],
            a_product,
            |world, id, _| {
                world.create_price(id, 1_000, json!({}));
                id.to_owned()
            },
            true,
            1,
        ),
        row(
            "a price that is no longer sold",
            &["price.updated"],
            a_price,
            |world, id, _| {
                world.update(Kind::Price, id, json!({ "active": false }));
                text(world, Kind::Price, id, "/product")
            },
            false,
            1,
        ),
        row(
            "a price that is gone",
            &["price.deleted"],
            a_price,
            |world, id, _| {
                let product = text(world, Kind::Price, id, "/product");
                world.delete_price(id);
                product
            },
            false,
            0,
        ),
    ]
}

fn a_coupon(world: &World) -> String {
    world.create_coupon(json!({ "percent_off": 10 }))
}

fn coupons() -> Vec<Row> {
    vec![
        Row {
            shows: "a new coupon is kept",
            told_by: &["coupon.created"],
            before: nothing,
            act: |world, _, _| world.create_coupon(json!({ "name": "After" })),
            look: Look::Source(StripeKind::Coupon),
            after: json!({ "name": "After", "gone": false }),
            requests: 1,
            thin: true,
        },
        Row {
            shows: "a coupon's change on the contracts that it is taken off",
            told_by: &["coupon.updated"],
            before: |world| {
                let subscription = a_subscription(world);
                world.give_discount(Kind::Subscription, &subscription, &a_coupon(world));
                subscription
            },
            act: |world, id, _| {
                let discount = text(world, Kind::Subscription, id, "/discounts/0");
                let events = world.events_after(0).into_iter();
                let mut given = events.filter(|event| event["data"]["object"]["id"] == discount.as_str());
                let coupon = given.next().unwrap()["data"]["object"]["source"]["coupon"].take();
                world.update(Kind::Coupon, coupon.as_str().unwrap(), json!({ "percent_off": 40 }));
                id.to_owned()
            },
            look: Look::Contract,
            after: json!({ "discount": "400", "total": "600" }),
            requests: 1,
            thin: true,
        },
        Row {
            shows: "a coupon that is gone is kept, flagged",
            told_by: &["coupon.deleted"],
            before: a_coupon,
            act: |world, id, _| {
                world.delete_coupon(id);
                id.to_owned()
            },
            look: Look::Source(StripeKind::Coupon),
            after: json!({ "percent_off": 10, "gone": true }),
            requests: 0,
            thin: true,
        },
    ]
}
