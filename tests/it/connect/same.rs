//! Another key of an account that is here takes the place of the one before, though it may not say which account it is of.

use sandbox::{Kind, Options};
use serde_json::{Value, json};

use super::support::{
    BLIND, FOREIGN, NEXT_BLIND, OPEN, RIGHTS, connect, connect_as_new, disconnect, integrations, kept, options,
    refusal, rotate, start,
};
use crate::support::TestApp;

/// Paths of single objects that Stripe was asked for.
fn asked_for(app: &TestApp) -> Vec<String> {
    let asked = app
        .sandbox()
        .requests()
        .into_iter()
        .map(|request| request.path_and_query);
    asked.filter(|path| path.matches('/').count() > 2).collect()
}

async fn imported_by(key: &str) -> (TestApp, Value) {
    let app = start(options()).await;
    let id = app.admin().connect_stripe(key, 3650).await;
    assert_eq!(app.admin().import(&id).await["state"], "SUCCEEDED");
    (app, json!(id))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rolled_key_renews_the_integration_whichever_of_the_two_may_read_the_account() {
    for (before, after) in [(BLIND, NEXT_BLIND), (OPEN, BLIND), (BLIND, OPEN)] {
        let (app, id) = imported_by(before).await;
        app.sandbox().expire_key(before);
        app.sandbox().clear_requests();
        let renewed = connect(&app, after).await;
        assert_eq!(renewed["integration"]["id"], id, "{before} {after}: {renewed}");
        let asked = asked_for(&app);
        assert!((1..=3).contains(&asked.len()), "{asked:?}");
        let has_id = [before, after].contains(&OPEN);
        assert_eq!(renewed["integration"]["stripeAccountId"].is_string(), has_id);
        assert_eq!(integrations(&app).await.len(), 1);
        assert_eq!(app.admin().import(id.as_str().unwrap()).await["state"], "SUCCEEDED");
        app.prove(id.as_str().unwrap()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_disconnected_is_found_again() {
    let (app, id) = imported_by(BLIND).await;
    disconnect(&app, &id, false).await;
    let again = connect(&app, NEXT_BLIND).await;
    assert_eq!(again["integration"]["id"], id, "{again}");
    app.admin().switch_sync(id.as_str().unwrap(), true).await;
    assert_eq!(app.admin().import(id.as_str().unwrap()).await["state"], "SUCCEEDED");
    app.prove(id.as_str().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_was_imported_the_admin_says_which_it_is() {
    for is_new in [false, true] {
        let app = start(options()).await;
        let first = connect(&app, BLIND).await["integration"]["id"].take();
        let before = kept(&app).await;
        let asked = connect(&app, NEXT_BLIND).await;
        assert_eq!(refusal(&asked), ("apiKey", "KEY_ACCOUNT_UNKNOWN"));
        let message = asked["userErrors"][0]["message"].as_str().unwrap();
        assert!(
            message.contains("rotateStripeKey") && message.contains("newAccount"),
            "{message}"
        );
        assert_eq!(kept(&app).await, before, "nothing was stored");
        let (answer, expected) = if is_new {
            (connect_as_new(&app, NEXT_BLIND).await, 2)
        } else {
            (rotate(&app, &first, NEXT_BLIND).await, 1)
        };
        assert_eq!(answer["userErrors"], json!([]));
        assert_eq!(answer["integration"]["id"] == first, !is_new);
        let after = integrations(&app).await;
        assert_eq!(after.len(), expected);
        assert_eq!(after.last().unwrap().key_display.as_deref(), Some("rk_test_…Key1"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_keys_at_once_make_one_integration() {
    for (keys, second) in [
        ([OPEN, ""], Value::Null),
        ([BLIND, NEXT_BLIND], json!("KEY_ACCOUNT_UNKNOWN")),
    ] {
        let app = start(options()).await;
        let secret = app.sandbox().key().to_owned();
        let keys = keys.map(|key| if key.is_empty() { secret.as_str() } else { key });
        // Both have asked before either is stored.
        app.sandbox()
            .faults()
            .set_latency(std::time::Duration::from_millis(100));
        let (one, other) = tokio::join!(connect(&app, keys[0]), connect(&app, keys[1]));
        assert_eq!(integrations(&app).await.len(), 1, "{one} {other}");
        let codes = [&one, &other].map(|answer| answer["userErrors"][0]["code"].clone());
        assert!(codes.contains(&Value::Null) && codes.contains(&second), "{codes:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_account_is_told_by_what_it_does_not_have() {
    let (app, id) = imported_by(BLIND).await;
    let other = connect(&app, FOREIGN).await;
    assert_ne!(other["integration"]["id"], id);
    assert_eq!(integrations(&app).await.len(), 2, "{other}");
    // Known accounts are compared by their ids, whatever is here.
    let app = start(options()).await;
    let first = connect(&app, OPEN).await["integration"]["id"].take();
    let neighbour = app.sandbox().neighbour_key().unwrap().to_owned();
    app.sandbox().clear_requests();
    let other = connect(&app, &neighbour).await["integration"].take();
    assert_ne!(other["id"], first);
    assert!(other["stripeAccountId"].is_string());
    assert_eq!(asked_for(&app), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_and_is_not_so_is_refused() {
    for key in [BLIND, OPEN] {
        let (app, id) = imported_by(key).await;
        let before = kept(&app).await;
        let neighbour = app.sandbox().neighbour_key().unwrap().to_owned();
        for foreign in [FOREIGN, &neighbour] {
            assert_eq!(
                refusal(&rotate(&app, &id, foreign).await),
                ("apiKey", "KEY_ACCOUNT_MISMATCH")
            );
        }
        for same in [key, NEXT_BLIND, app.sandbox().key()] {
            assert_eq!(
                refusal(&connect_as_new(&app, same).await),
                ("newAccount", "KEY_ACCOUNT_MISMATCH")
            );
        }
        assert_eq!(kept(&app).await, before, "nothing was stored");
        // Another integration's account is not this one's, though nothing is here of this one.
        let empty = connect(&app, FOREIGN).await["integration"]["id"].take();
        assert_eq!(
            refusal(&rotate(&app, &empty, NEXT_BLIND).await),
            ("apiKey", "KEY_ACCOUNT_MISMATCH")
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_may_read_none_of_it_proves_nothing() {
    let (app, id) = imported_by(BLIND).await;
    let only_coupons = "rk_test_ReadsOnlyCouponsNow";
    app.sandbox()
        .restrict_key(only_coupons, &["rak_coupon_read", "rak_event_read"]);
    assert_eq!(
        refusal(&connect(&app, only_coupons).await),
        ("apiKey", "KEY_ACCOUNT_UNKNOWN")
    );
    assert_eq!(
        refusal(&rotate(&app, &id, only_coupons).await),
        ("apiKey", "KEY_PERMISSION_MISSING")
    );
    // Any right that something was read with does.
    for right in [
        "rak_customer_read",
        "rak_product_read",
        "rak_invoice_read",
        "rak_subscription_read",
    ] {
        app.sandbox().restrict_key(only_coupons, &[right]);
        assert_eq!(connect(&app, only_coupons).await["integration"]["id"], id, "{right}");
    }
}

/// A company that has never sold anything.
fn customers_only() -> Options {
    let mut options = Options {
        customers: 1,
        invoices: 0,
        subscriptions: 0,
        ..options()
    };
    options.neighbour.as_mut().unwrap().invoices = 0;
    options.neighbour.as_mut().unwrap().subscriptions = 0;
    options
}

async fn with_customers(app: &TestApp) -> Value {
    let id = app.admin().connect_stripe(BLIND, 3650).await;
    let run = app.admin().start_import(&id, &["CUSTOMER"]).await;
    assert_eq!(app.admin().end_of_run(&run).await["state"], "SUCCEEDED");
    json!(id)
}

#[tokio::test(flavor = "multi_thread")]
async fn customers_that_were_copied_do_not_make_two_accounts_one() {
    let app = start(customers_only()).await;
    let (world, beside) = (app.sandbox().world(), app.sandbox().neighbour().unwrap());
    for (number, copied) in [("cus_0Copied", 1), ("cus_zCopied", 2)] {
        world.create_customer(json!({ "id": number, "created": world.now() - 5_000 }));
        beside.create_customer(json!({ "id": number, "created": world.now() - copied }));
    }
    let id = with_customers(&app).await;
    let other = connect(&app, FOREIGN).await["integration"]["id"].take();
    assert!(other.is_string() && other != id);
    app.admin().switch_sync(other.as_str().unwrap(), true).await;
    assert_eq!(app.admin().import(other.as_str().unwrap()).await["state"], "SUCCEEDED");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_of_deleted_customers_proves_nothing() {
    let app = start(customers_only()).await;
    let id = with_customers(&app).await;
    for customer in app.sandbox().world().truth(Kind::Customer) {
        app.sandbox().world().delete_customer(customer["id"].as_str().unwrap());
    }
    let key_of = |rights: &[&str]| app.sandbox().restrict_key(NEXT_BLIND, rights);
    // Nor are products asked for, while there are customers.
    key_of(&RIGHTS);
    assert_eq!(
        refusal(&connect(&app, NEXT_BLIND).await),
        ("apiKey", "KEY_ACCOUNT_UNKNOWN")
    );
    assert_eq!(rotate(&app, &id, NEXT_BLIND).await["integration"]["id"], id);
}
