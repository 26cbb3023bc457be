//! Events that name an account while ours is not known: they may be of another one, so that only Stripe is believed.

use sandbox::{Kind, Options};
use serde_json::{Value, json};

use super::support::{in_window, living, pass, requests_for};
use crate::support::webhook::{hold_looks, thin, until_taken_out};
use crate::support::{TestApp, WebhookSender, assert_equals_truth};

const KEY: &str = "rk_test_WithoutTheAccountRight1";
const RIGHTS: [&str; 9] = [
    "rak_customer_read",
    "rak_product_read",
    "rak_plan_read",
    "rak_coupon_read",
    "rak_invoice_read",
    "rak_subscription_read",
    "rak_credit_note_read",
    "rak_charge_read",
    "rak_event_read",
];

/// A server with everything imported by a key that may not say whose it is.
async fn nameless() -> (TestApp, WebhookSender) {
    let options = Options {
        restricted_keys: [(KEY.to_owned(), RIGHTS.map(str::to_owned).into())].into(),
        ..Options::default()
    };
    let app = TestApp::builder().sandbox(options).start().await;
    let id = app.admin().connect_stripe(KEY, 30).await;
    let hooks = WebhookSender::connect(&app, &id).await;
    let run = app.admin().import(&id).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    hold_looks(&app, &id).await;
    pass(&app, 5);
    (app, hooks)
}

/// Has Stripe send what the world tells by `act`, as an event that names `account`.
async fn send_as(app: &TestApp, hooks: &WebhookSender, account: &str, act: impl FnOnce()) {
    let known = app.sandbox().world().events_after(0).len();
    act();
    for mut event in app.sandbox().world().events_after(known) {
        event["account"] = json!(account);
        hooks.send(app, &event).await;
    }
    until_taken_out(app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_event_of_some_account_tells_is_looked_up_where_ours_is_not_known() {
    let (app, hooks) = nameless().await;
    let world = app.sandbox().world();
    let own = living(&app, Kind::Customer, |_| true).remove(0);
    let theirs = json!({ "id": "cus_ofAnother", "object": "customer", "name": "Of another", "livemode": false });
    send_as(&app, &hooks, "acct_another", || {
        world.tell_of("customer.created", theirs.clone());
        world.tell_of("customer.deleted", json!({ "id": own, "object": "customer" }));
    })
    .await;
    assert_eq!(requests_for(&app, "/v1/customers/cus_ofAnother"), 1);
    let query = "query($id: String!) { client(ref: {stripe: {stripeId: $id}}) { name deletedInStripe } }";
    let shown = async |id: &str| app.graphql(query, json!({ "id": id })).await["client"].take();
    assert_eq!(shown("cus_ofAnother").await, Value::Null);
    assert_eq!(shown(&own).await["deletedInStripe"], false);
    // Merchants choose the ids of coupons, and thin events call the account their context.
    let coupon = world.create_coupon(json!({ "percent_off": 10 }));
    let known = world.events_after(0).len();
    world.tell_of(
        "coupon.deleted",
        json!({ "id": coupon, "object": "coupon", "deleted": true }),
    );
    let mut deleted = thin(&world.events_after(known)[0]);
    deleted["context"] = json!("acct_another");
    hooks.send(&app, &deleted).await;
    until_taken_out(&app).await;
    let asked = requests_for(&app, &format!("/v1/coupons/{coupon}"));
    assert_eq!(asked, 1, "another account's word is not enough");
    send_as(&app, &hooks, &world.account_id(), || {
        world.update(Kind::Customer, &own, json!({ "name": "Renamed" }));
    })
    .await;
    assert_eq!(shown(&own).await["name"], "Renamed", "it may as well be ours");
    assert_equals_truth(app.db(), app.sandbox(), in_window).await;
}
