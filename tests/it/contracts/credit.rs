//! Credit that is older than what is listed: an invoice that is paid late brings its credit notes with it.

use std::time::Duration;

use sandbox::{Fault, Kind, Options, World};
use serde_json::{Value, json};

use super::support::{contract, invoice, look, look_each_minute, pass, put_month};
use crate::support::{TestApp, until};

const KEY: &str = "rk_test_NoRightToCreditNote";
const RIGHTS: [&str; 8] = [
    "rak_customer_read",
    "rak_product_read",
    "rak_plan_read",
    "rak_coupon_read",
    "rak_invoice_read",
    "rak_subscription_read",
    "rak_event_read",
    "rak_accounts_kyc_id_numbers_read",
];
const FIELDS: &str = "credited { decimal } net { decimal } warnings";
const DAY: i64 = 86_400;

fn whole() -> Value {
    json!({ "credited": { "decimal": "7.00" }, "net": { "decimal": "13.00" }, "warnings": [] })
}

fn waiting() -> Value {
    json!({ "credited": { "decimal": "0.00" }, "net": { "decimal": "20.00" },
        "warnings": ["PENDING: Stripe states credit notes of 700 in the smallest unit; those that are here come to 0."] })
}

/// `in_old` was sent fourteen months ago, credited two weeks later, and is open. The window is of thirty days.
async fn open_for_long(key: Option<&str>) -> (TestApp, String) {
    let options = Options {
        customers: 1,
        invoices: 0,
        subscriptions: 0,
        restricted_keys: vec![(KEY.to_owned(), RIGHTS.map(str::to_owned).into())],
        ..Options::default()
    };
    let app = TestApp::builder().sandbox(options).start().await;
    put_old(app.sandbox().world());
    let id = app.admin().connect_stripe(key.unwrap_or(app.sandbox().key()), 30).await;
    look_each_minute(&app, &id).await;
    (app, id)
}

fn put_old(world: &World) {
    put_month(world);
    let sent = world.now() - 425 * DAY;
    let mut old = invoice("in_old", sent, sent);
    old["collection_method"] = json!("send_invoice");
    old["status"] = json!("open");
    old["status_transitions"]["paid_at"] = json!(null);
    old["amount_due"] = json!(1300);
    old["pre_payment_credit_notes_amount"] = json!(700);
    world.put(Kind::Invoice, old);
    for (id, status, total) in [
        ("cn_old", "issued", 300),
        ("cn_void", "void", 100),
        ("cn_older", "issued", 400),
    ] {
        let note = json!({ "id": id, "invoice": "in_old", "status": status, "currency": "usd", "total": total,
            "total_excluding_tax": total, "created": sent + 15 * DAY });
        world.put(Kind::CreditNote, note);
    }
}

fn lists_by_invoice(app: &TestApp) -> usize {
    let requests = app.sandbox().requests();
    requests
        .iter()
        .filter(|request| {
            request.path_and_query.starts_with("/v1/credit_notes?") && request.path_and_query.contains("invoice=in_old")
        })
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_brings_the_notes_of_what_was_paid_late() {
    let (app, id) = open_for_long(None).await;
    app.sandbox().world().pay_invoice("in_old");
    pass(&app, Duration::from_mins(1));
    assert_eq!(app.admin().import(&id).await["state"], "SUCCEEDED");
    assert_eq!(contract(&app, "in_old", FIELDS).await, whole());
    assert_eq!(lists_by_invoice(&app), 1);
    assert_eq!(app.admin().import(&id).await["state"], "SUCCEEDED");
    assert_eq!(lists_by_invoice(&app), 1, "what is here is not asked for");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_brings_them_and_until_they_come_the_contract_waits() {
    let (app, id) = open_for_long(None).await;
    assert_eq!(app.admin().import(&id).await["state"], "SUCCEEDED");
    // The look that follows an import is over; the next one begins after the payment.
    look(&app).await;
    app.sandbox().world().pay_invoice("in_old");
    app.sandbox()
        .faults()
        .fail_some(1_000, 1, Fault::ServerError(400), Some("/v1/credit_notes"));
    pass(&app, Duration::from_mins(6));
    until("its event has been taken", async || {
        app.tick().await;
        (contract(&app, "in_old", FIELDS).await == waiting()).then_some(())
    })
    .await;
    let query = "query($id: ID!) { explain(integrationId: $id, kind: INVOICE, stripeId: \"in_old\") { state } }";
    let told = app.graphql(query, json!({ "id": id })).await;
    assert_eq!(told["explain"]["state"], "PENDING");
    app.sandbox().faults().clear();
    assert_eq!(app.admin().import(&id).await["state"], "SUCCEEDED");
    assert_eq!(contract(&app, "in_old", FIELDS).await, whole());
    let told = app.graphql(query, json!({ "id": id })).await;
    assert_eq!(told["explain"]["state"], "IMPORTED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_may_not_read_them_leaves_the_warning() {
    let (app, id) = open_for_long(Some(KEY)).await;
    app.sandbox().world().pay_invoice("in_old");
    pass(&app, Duration::from_mins(1));
    app.admin().import(&id).await;
    assert_eq!(contract(&app, "in_old", FIELDS).await, waiting());
    assert_eq!(lists_by_invoice(&app), 0);
}
