//! The table of effects: what happens at Stripe, which event alone tells of it, and what has to be seen here then.

mod client;
mod invoice;
mod product;
mod subscription;

use entity::kind::StripeKind;
use sandbox::{Kind, World};
use serde_json::{Value, json};

/// One effect.
pub(in crate::webhook) struct Row {
    /// What it shows.
    pub(in crate::webhook) shows: &'static str,
    /// The types of events that tell of it, each by itself.
    pub(in crate::webhook) told_by: &'static [&'static str],
    /// Makes what it happens to; gives an id of it. All of that is told.
    pub(in crate::webhook) before: fn(&World) -> String,
    /// Happens to that id, told by an event of the given type and perhaps by others; gives the id of what shows it.
    pub(in crate::webhook) act: fn(&World, &str, &str) -> String,
    /// Where it is seen.
    pub(in crate::webhook) look: Look,
    /// What is seen there, and was not before.
    pub(in crate::webhook) after: Value,
    /// Requests that it costs when the event carries the object in today's shape.
    pub(in crate::webhook) requests: u64,
    /// A thin event tells of it, too.
    pub(in crate::webhook) thin: bool,
}

/// Where an effect is seen.
#[derive(Debug, Clone, Copy)]
pub(in crate::webhook) enum Look {
    Client,
    Product,
    Contract,
    /// What is kept of Stripe's own JSON, with `gone` for what Stripe has deleted.
    Source(StripeKind),
}

/// All of them.
pub(in crate::webhook) fn rows() -> Vec<Row> {
    [client::rows(), product::rows(), subscription::rows(), invoice::rows()]
        .into_iter()
        .flatten()
        .collect()
}

fn nothing(_world: &World) -> String {
    String::new()
}

fn a_customer(world: &World) -> String {
    world.create_customer(json!({ "name": "Before", "currency": "usd" }))
}

fn a_price(world: &World) -> String {
    let product = world.create_product(json!({ "name": "Before" }));
    world.create_price(&product, 1_000, json!({}))
}

/// 10.00 a month, to a new customer.
fn a_subscription(world: &World) -> String {
    world.create_subscription(&a_customer(world), &[&a_price(world)])
}

fn customer_of(world: &World, subscription: &str) -> String {
    text(world, Kind::Subscription, subscription, "/customer")
}

fn text(world: &World, kind: Kind, id: &str, pointer: &str) -> String {
    let object = world.get(kind, id).unwrap();
    object.pointer(pointer).unwrap().as_str().unwrap().to_owned()
}

/// Changes an object silently; then an event of this type tells of it as it is.
fn change(world: &World, kind: Kind, id: &str, patch: Value, told_by: &str) -> String {
    world.update_untold(kind, id, patch);
    world.tell_of(told_by, world.get(kind, id).unwrap());
    id.to_owned()
}
