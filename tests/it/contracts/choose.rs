//! The settings by which contracts and recurring revenue are reckoned: a changed one has its effect by itself, on what is kept, without
//! a request to Stripe.

use std::time::Duration;

use entity::remap_queue;
use sandbox::Kind;
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};

use super::support::{connected, contract, invoice, pass, put_month};
use crate::support::webhook::hold_looks;
use crate::support::{TestApp, until};

/// A company of one subscription, with something to show for `change`.
async fn company(change: impl FnOnce(&TestApp)) -> (TestApp, String) {
    let (app, id) = connected().await;
    put_month(app.sandbox().world());
    change(&app);
    pass(&app, Duration::from_mins(1));
    assert_eq!(app.admin().import(&id).await["state"], "SUCCEEDED");
    hold_looks(&app, &id).await;
    (app, id)
}

/// Saves settings, and waits until they have had their effect. Stripe is asked for nothing.
async fn choose(app: &TestApp, id: &str, settings: &str) {
    let asked = app.sandbox().request_count();
    let update = format!(
        "mutation($id: ID!) {{ updateSettings(input: {{integrationId: $id, {settings}}}) {{ userErrors {{ code field message }} }} }}"
    );
    app.admin().mutate("updateSettings", &update, json!({ "id": id })).await;
    until("all is mapped again", async || {
        app.tick().await;
        let told = app.graphql("{ integrations { waitingToBeMapped } }", json!({})).await;
        let waiting = remap_queue::Entity::find().count(app.db().read()).await.unwrap();
        (waiting == 0 && told["integrations"][0]["waitingToBeMapped"] == 0).then_some(())
    })
    .await;
    assert_eq!(app.sandbox().request_count(), asked, "Stripe was asked: {settings}");
}

async fn mrr(app: &TestApp) -> Value {
    app.graphql("{ revenue { mrr { decimal } } }", json!({})).await["revenue"][0]["mrr"]["decimal"].take()
}

fn discounted(app: &TestApp, duration: &str) {
    let world = app.sandbox().world();
    let coupon = json!({ "id": "co_quarter", "object": "coupon", "percent_off": 25, "duration": duration, "duration_in_months": 3, "created": 1 });
    world.put(Kind::Coupon, coupon);
    world.give_discount(Kind::Subscription, "sub_month", "co_quarter");
}

#[tokio::test(flavor = "multi_thread")]
async fn discounts_lower_what_recurs_or_not() {
    for (duration, setting, default, other) in [
        ("repeating", "repeating", "15.00", ("NEVER", "20.00")),
        ("once", "once", "20.00", ("WHILE_RUNNING", "15.00")),
    ] {
        let (app, id) = company(|app| discounted(app, duration)).await;
        assert_eq!(mrr(&app).await, default, "{duration}");
        choose(&app, &id, &format!("discountsInMrr: {{{setting}: {}}}", other.0)).await;
        assert_eq!(mrr(&app).await, other.1, "{duration}");
        let chosen = app
            .graphql(
                "{ integrations { settings { discountsInMrr { repeating once } } } }",
                json!({}),
            )
            .await;
        assert_eq!(
            chosen["integrations"][0]["settings"]["discountsInMrr"][setting],
            other.0
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_past_due_counts_for_some_days() {
    let past_due = |app: &TestApp| {
        let world = app.sandbox().world();
        world.update_untold(Kind::Subscription, "sub_month", json!({ "status": "past_due" }));
    };
    let (app, id) = company(past_due).await;
    assert_eq!(mrr(&app).await, "20.00");
    // The period began thirteen days ago.
    choose(&app, &id, "pastDueCountsForDays: 13").await;
    assert_eq!(mrr(&app).await, "0.00");
    choose(&app, &id, "pastDueCountsForDays: 20").await;
    assert_eq!(mrr(&app).await, "20.00");
    pass(&app, Duration::from_hours(8 * 24));
    until("the days are over", async || {
        app.tick().await;
        (mrr(&app).await == "0.00").then_some(())
    })
    .await;
    choose(&app, &id, "pastDueCountsForDays: null").await;
    assert_eq!(mrr(&app).await, "20.00");
    let update = "mutation($id: ID!, $days: Int) { updateSettings(input: {integrationId: $id, pastDueCountsForDays: $days}) { userErrors { field } } }";
    for days in [-1, 366] {
        let refused = app.admin().graphql(update, json!({ "id": id, "days": days })).await;
        assert_eq!(
            refused["updateSettings"]["userErrors"][0]["field"],
            json!(["pastDueCountsForDays"]),
            "{days}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_will_end_brings_something_until_then_or_no_more() {
    let ending = |app: &TestApp| {
        let will_end = json!({ "cancel_at_period_end": true, "cancel_at": 1_796_860_800 });
        app.sandbox()
            .world()
            .update_untold(Kind::Subscription, "sub_month", will_end);
    };
    let (app, id) = company(ending).await;
    assert_eq!(mrr(&app).await, "20.00");
    pass(&app, Duration::from_hours(24));
    choose(&app, &id, "churnAt: WHEN_SCHEDULED").await;
    assert_eq!(mrr(&app).await, "0.00");
    let yesterday = "{ revenue(asOf: \"2026-11-23\") { mrr { decimal } } }";
    let yesterday = app.graphql(yesterday, json!({})).await;
    assert_eq!(yesterday["revenue"][0]["mrr"]["decimal"], "20.00", "what was stays");
    assert_eq!(contract(&app, "sub_month", "status").await["status"], "ACTIVE");
    choose(&app, &id, "churnAt: END").await;
    assert_eq!(mrr(&app).await, "20.00");
}

#[tokio::test(flavor = "multi_thread")]
async fn open_invoices_are_contracts_or_not() {
    let open = |app: &TestApp| {
        let mut open = invoice("in_open", 1_795_000_000, 1_796_860_800);
        (open["status"], open["status_transitions"]["paid_at"]) = (json!("open"), Value::Null);
        open["status_transitions"]["finalized_at"] = json!(1_795_000_000);
        app.sandbox().world().put(Kind::Invoice, open);
    };
    let (app, id) = company(open).await;
    assert_eq!(contract(&app, "in_open", "status").await, Value::Null);
    choose(&app, &id, "countOpenInvoices: ISSUED").await;
    let found = contract(
        &app,
        "in_open",
        "status sourceStatus bookingDate total { decimal } renews { stripeId } warnings",
    )
    .await;
    let expected = json!({ "status": "BOOKED", "sourceStatus": "open", "bookingDate": "2026-11-18", "total": { "decimal": "20.00" },
        "renews": { "stripeId": "in_month" }, "warnings": [] });
    assert_eq!(found, expected);
    let sums = "{ revenue { contracts total { decimal } } }";
    let told = app.graphql(sums, json!({})).await["revenue"].take();
    assert_eq!(told, json!([{ "contracts": 2, "total": { "decimal": "40.00" } }]));
    // What is here once stays, and says so, in no sum.
    choose(&app, &id, "countOpenInvoices: PAID").await;
    let found = contract(&app, "in_open", "sourceStatus warnings").await;
    let expected = json!({ "sourceStatus": "open", "warnings": ["Stripe's invoice is not paid but open."] });
    assert_eq!(found, expected);
    let told = app.graphql(sums, json!({})).await["revenue"].take();
    assert_eq!(told, json!([{ "contracts": 1, "total": { "decimal": "20.00" } }]));
}

#[tokio::test(flavor = "multi_thread")]
async fn days_are_those_of_utc_or_of_the_account() {
    let late = |app: &TestApp| {
        // 2026-11-20T23:30Z: half past midnight of the 21st in Berlin.
        app.sandbox()
            .world()
            .put(Kind::Invoice, invoice("in_late", 1_795_217_400, 1_795_217_400));
    };
    let (app, id) = company(late).await;
    let dates = "bookingDate termStart";
    let of = |day: &str| json!({ "bookingDate": day, "termStart": day });
    let zone = app
        .graphql("{ integrations { timezone settings { days } } }", json!({}))
        .await;
    assert_eq!(zone["integrations"][0]["settings"]["days"], "ACCOUNT", "{zone}");
    choose(&app, &id, "days: UTC").await;
    assert_eq!(contract(&app, "in_late", dates).await, of("2026-11-20"));
    entity::integration::Entity::update_many()
        .col_expr(
            entity::integration::Column::Timezone,
            sea_orm::sea_query::Expr::value("Europe/Berlin"),
        )
        .exec(app.db().write())
        .await
        .unwrap();
    choose(&app, &id, "days: ACCOUNT").await;
    assert_eq!(contract(&app, "in_late", dates).await, of("2026-11-21"));
}
