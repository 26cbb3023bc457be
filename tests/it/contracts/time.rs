//! What time alone changes: at its second, without a request to Stripe, whether sync is on or not, and told to those who watch.

use std::time::Duration;

use entity::kind::SyncObject;
use entity::{contract, record_change, source_object, subscription_state, sync_error};
use sandbox::Kind;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::json;
use tributary::store::source::pack;

use super::support::{billed, connected, contract, look, put_month, says};
use crate::support::{TestApp, until};

const DAY: Duration = Duration::from_hours(24);

async fn row(app: &TestApp, stripe_id: &str) -> contract::Model {
    let query = contract::Entity::find().filter(contract::Column::StripeId.eq(stripe_id));
    query.one(app.db().read()).await.unwrap().unwrap()
}

/// When `sub_month` changes by time alone.
async fn next_change(app: &TestApp) -> Option<i64> {
    use subscription_state::{Column, Entity};
    let states = Entity::find().filter(Column::StripeId.eq("sub_month"));
    let last = states.order_by_desc(Column::FromAt).one(app.db().read()).await.unwrap();
    last.unwrap().next_change_at
}

/// `sub_month` has 10 % off until noon tomorrow, and is imported.
async fn discounted() -> (TestApp, String) {
    let (app, id) = connected().await;
    let world = app.sandbox().world();
    put_month(world);
    world.put(
        Kind::Coupon,
        json!({ "id": "TEN", "percent_off": 10, "duration": "repeating", "duration_in_months": 1 }),
    );
    let end = world.now() + 86_400;
    let discount = json!({ "id": "di_ten", "object": "discount", "start": 0, "end": end, "source": { "type": "coupon", "coupon": "TEN" } });
    world.update(Kind::Subscription, "sub_month", json!({ "discounts": [discount] }));
    let run = app.admin().import(&id).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    (app, id)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_discount_ends_by_itself() {
    let (app, id) = discounted().await;
    let money = "mrr { decimal } discount { decimal }";
    let before = json!({ "mrr": { "decimal": "18.00" }, "discount": { "decimal": "2.00" } });
    assert_eq!(contract(&app, "sub_month", money).await, before);
    app.stop_sync(&id).await;
    let (asked, before) = (app.sandbox().request_count(), row(&app, "sub_month").await);
    app.clock.advance(DAY.checked_sub(Duration::from_secs(1)).unwrap());
    app.tick().await;
    assert_eq!(row(&app, "sub_month").await, before, "not a second before");
    app.clock.advance(Duration::from_secs(1));
    app.tick().await;
    let after = json!({ "mrr": { "decimal": "20.00" }, "discount": { "decimal": "0.00" } });
    says(&app, "sub_month", money, &after).await;
    assert_eq!(app.sandbox().request_count(), asked, "Stripe was asked");
    let row = row(&app, "sub_month").await;
    assert_eq!((next_change(&app).await, row.updated_at), (None, app.clock.now_ms()));
    let last = record_change::Entity::find()
        .filter(record_change::Column::Object.eq(SyncObject::Contract))
        .order_by_desc(record_change::Column::Seq);
    let last = last.one(app.db().read()).await.unwrap().unwrap();
    assert_eq!(last.updated.0, [row.id], "those who watch are told");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_while_sync_is_on_as_well() {
    let (app, _id) = discounted().await;
    // What its making has told is taken out first.
    look(&app).await;
    let asked = app.sandbox().request_count();
    app.clock.advance(DAY);
    app.tick().await;
    let after = json!({ "mrr": { "decimal": "20.00" }, "discount": { "decimal": "0.00" } });
    says(&app, "sub_month", "mrr { decimal } discount { decimal }", &after).await;
    until("nothing is due any more", async || {
        next_change(&app).await.is_none().then_some(())
    })
    .await;
    let read_alone = app.sandbox().requests().split_off(usize::try_from(asked).unwrap());
    assert!(
        read_alone
            .iter()
            .all(|request| !request.path_and_query.contains("sub_month")),
        "Stripe was asked for it: {read_alone:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn it_needs_no_key() {
    let (app, id) = discounted().await;
    let query = "query($id: ID!) { integration(id: $id) { name } }";
    let name = app.graphql(query, json!({ "id": id })).await["integration"]["name"].take();
    let disconnect = "mutation($id: ID!, $name: String!) {
        disconnectStripe(input: {integrationId: $id, confirmName: $name}) { userErrors { code message } }
    }";
    app.admin()
        .mutate("disconnectStripe", disconnect, json!({ "id": id, "name": name }))
        .await;
    app.clock.advance(DAY);
    app.tick().await;
    says(
        &app,
        "sub_month",
        "mrr { decimal }",
        &json!({ "mrr": { "decimal": "20.00" } }),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_mapped_is_not_due_for_ever() {
    let (app, id) = discounted().await;
    app.stop_sync(&id).await;
    let broken = pack(&json!({ "id": "sub_month", "object": "subscription", "livemode": false }));
    source_object::Entity::update_many()
        .col_expr(source_object::Column::Body, Expr::value(broken))
        .filter(source_object::Column::StripeId.eq("sub_month"))
        .exec(app.db().write())
        .await
        .unwrap();
    app.clock.advance(DAY);
    app.tick().await;
    until("the error is here", async || {
        sync_error::Entity::find()
            .one(app.db().read())
            .await
            .unwrap()
            .map(|_| ())
    })
    .await;
    let row = row(&app, "sub_month").await;
    assert_eq!((next_change(&app).await, row.mrr), (None, 1800), "what is known stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_of_an_invoice_follows_the_day_with_nothing_written() {
    let (app, id) = billed().await;
    app.stop_sync(&id).await;
    let before = row(&app, "in_month").await;
    assert_eq!(
        contract(&app, "in_month", "status").await,
        json!({ "status": "ACTIVE" })
    );
    let active = json!({ "filter": { "status": ["ACTIVE"] } });
    let query = "query($filter: ContractFilter) { contracts(filter: $filter) { nodes { stripeId } } }";
    app.clock.advance(DAY * 17);
    assert_eq!(contract(&app, "in_month", "status").await, json!({ "status": "ENDED" }));
    app.clock.advance(DAY);
    assert_eq!(
        contract(&app, "in_month", "status").await,
        json!({ "status": "OVERDUE" })
    );
    let found = app.graphql(query, active).await;
    assert_eq!(found["contracts"]["nodes"], json!([{ "stripeId": "sub_month" }]));
    assert_eq!(row(&app, "in_month").await, before);
}
