//! What each event does, told by a webhook and nothing else: no look at the events, no import in between.

use std::collections::BTreeSet;

use sandbox::{Kind, World};
use serde_json::{Value, json};
use tributary::pull::inbox::effect::EVENT_TYPES;
use tributary::stripe::event::WEBHOOK_TYPES;

use super::rows::{Look, rows};
use super::stage::{Manner, Stage, holds};
use super::support::{MARK, imported, in_window, living, pass, requests_for};
use crate::support::assert_equals_truth;
use crate::support::webhook::{SECRET, until_taken_out};

async fn play_all(manner: Manner) {
    let mut stage = Stage::set(manner).await;
    for row in rows() {
        if manner == Manner::Thin && !row.thin {
            continue;
        }
        for told_by in row.told_by {
            stage.play(&row, told_by).await;
        }
    }
    let looks = requests_for(&stage.app, "/v1/events");
    assert_eq!(looks, 0, "webhooks alone have told");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_event_has_its_effect() {
    play_all(Manner::Today).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_event_has_its_effect_in_an_old_shape() {
    play_all(Manner::LongAgo).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_event_has_its_effect_when_it_is_thin() {
    play_all(Manner::Thin).await;
}

#[test]
fn every_type_that_is_asked_for_is_in_the_table() {
    let asked: BTreeSet<&str> = EVENT_TYPES.into_iter().chain(WEBHOOK_TYPES).collect();
    let told: BTreeSet<&str> = rows().iter().flat_map(|row| row.told_by.iter().copied()).collect();
    let missing: Vec<_> = asked.difference(&told).collect();
    let of_no_object = [&"account.updated", &"test_helpers.test_clock.deleted"];
    assert_eq!(missing, of_no_object, "they have tests of their own");
}

#[tokio::test(flavor = "multi_thread")]
async fn stripe_s_own_deliveries_are_heard() {
    let (app, _id, hooks) = imported(30).await;
    let world = app.sandbox().world();
    world.register_webhook(hooks.url(), SECRET);
    let customer = world.create_customer(json!({ "name": MARK }));
    world.create_paid_invoice(&customer, world.now(), world.now());
    for id in living(&app, Kind::Product, |_| true) {
        world.update(Kind::Product, &id, json!({ "name": "Renamed" }));
    }
    world.webhooks_settled().await;
    until_taken_out(&app).await;
    assert_equals_truth(app.db(), app.sandbox(), in_window).await;
}

/// A stage after these have happened and were told, and a moment has passed.
async fn stage_after(acts: impl Fn(&World) -> String) -> (Stage, String) {
    let mut stage = Stage::set(Manner::Today).await;
    let id = acts(stage.app.sandbox().world());
    stage.deliver(None).await;
    pass(&stage.app, 5);
    (stage, id)
}

fn sold(world: &World, coupon: &str) -> String {
    let product = world.create_product(json!({ "name": "Sold" }));
    let price = world.create_price(&product, 1_000, json!({}));
    let customer = world.create_customer(json!({ "name": "Buyer", "currency": "usd" }));
    let subscription = world.create_subscription(&customer, &[&price]);
    world.create_coupon(json!({ "id": coupon, "percent_off": 10 }));
    world.give_discount(Kind::Subscription, &subscription, coupon);
    subscription
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_coupon_s_discounts_live_on() {
    let (mut stage, id) = stage_after(|world| sold(world, "SPRING")).await;
    let discounted = json!({ "total": "900", "discount": "100" });
    assert!(holds(&stage.see(Look::Contract, &id).await, &discounted));
    let world = stage.app.sandbox().world();
    world.delete_coupon("SPRING");
    world.update(Kind::Subscription, &id, json!({ "status": "past_due" }));
    assert_eq!(stage.deliver(None).await, 2);
    let after = stage.see(Look::Contract, &id).await;
    assert!(holds(&after, &discounted) && after["status"] == "past_due", "{after}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_of_many_lines_is_read_with_all_of_them() {
    let (mut stage, id) = stage_after(|world| {
        let customer = world.create_customer(json!({ "name": "Buyer", "currency": "usd" }));
        let id = world.create_invoice(&customer, 13_000);
        let line = world.get(Kind::Invoice, &id).unwrap()["lines"]["data"][0].take();
        let lines: Vec<Value> = (0..130)
            .map(|number| {
                let mut line = line.clone();
                (line["id"], line["amount"]) = (json!(format!("il_{number}")), json!(100));
                line
            })
            .collect();
        world.update_untold(Kind::Invoice, &id, json!({ "lines": { "data": lines } }));
        id
    })
    .await;
    stage.app.sandbox().world().pay_invoice(&id);
    let requests = stage.app.sandbox().request_count();
    assert_eq!(stage.deliver(Some("invoice.paid")).await, 1);
    assert_eq!(
        stage.app.sandbox().request_count() - requests,
        3,
        "the invoice, and its lines by the hundred"
    );
    let after = stage.see(Look::Contract, &id).await;
    assert!(holds(&after, &json!({ "status": "paid", "total": "13000" })), "{after}");
    assert_equals_truth(stage.app.db(), stage.app.sandbox(), in_window).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_that_is_gone_keeps_its_contract_flagged() {
    let paid = |world: &World| {
        let customer = world.create_customer(json!({ "name": "Buyer" }));
        world.create_paid_invoice(&customer, world.now(), world.now())
    };
    let (mut stage, id) = stage_after(paid).await;
    stage.app.sandbox().world().delete_invoice(&id);
    assert_eq!(stage.deliver(None).await, 1);
    let query = "query($id: String!) { contract(ref: {stripe: {stripeId: $id}}) { deletedInStripe sourceStatus } }";
    let seen = stage.app.graphql(query, json!({ "id": id })).await;
    assert_eq!(
        seen["contract"],
        json!({ "deletedInStripe": true, "sourceStatus": "paid" })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_is_told_after_the_lookback_still_brings_the_invoice_in() {
    for manner in [Manner::Today, Manner::Thin] {
        let mut stage = Stage::set(manner).await;
        let world = stage.app.sandbox().world();
        let customer = world.create_customer(json!({ "name": "Buyer", "currency": "usd" }));
        let told = world.create_invoice(&customer, 1_000);
        stage.deliver(None).await;
        let world = stage.app.sandbox().world();
        let ids = [told, world.create_invoice(&customer, 2_000)];
        for id in &ids {
            world.pay_invoice(id);
        }
        pass(&stage.app, 31 * 86_400);
        let news = stage.app.sandbox().world().events_after(stage.known());
        for event in &news {
            let is_told = event["data"]["object"]["id"] == ids[0].as_str() || event["type"] == "invoice.updated";
            if is_told {
                stage.send(event).await;
            }
        }
        let (paid, updated) = (
            stage.see(Look::Contract, &ids[0]).await,
            stage.see(Look::Contract, &ids[1]).await,
        );
        assert!(
            holds(&paid, &json!({ "status": "paid", "total": "1000" })),
            "{manner:?}: {paid}"
        );
        assert_eq!(
            updated,
            Value::Null,
            "{manner:?}: what was never told and only changed stays out"
        );
    }
}
