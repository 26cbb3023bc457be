//! Revenue, contracts and lists as of a day, and which objects tell them.

use std::time::Duration;

use sandbox::Kind;
use serde_json::{Value, json};

use super::support::{billed, connected, contract, invoice, look, pass, put_month, says};
use crate::support::TestApp;

const DAY: Duration = Duration::from_hours(24);
const REVENUE: &str =
    "query($day: Date) { revenue(asOf: $day) { contracts mrr { decimal } arr { decimal } basis warnings } }";

async fn revenue(app: &TestApp, day: Option<&str>) -> Value {
    app.graphql(REVENUE, json!({ "day": day })).await["revenue"].take()
}

fn told(contracts: i32, mrr: &str, arr: &str, basis: &str) -> Value {
    let money = |decimal: &str| json!({ "decimal": decimal });
    json!([{ "contracts": contracts, "mrr": money(mrr), "arr": money(arr), "basis": basis, "warnings": [] }])
}

/// Changes the subscription, and tells of it by an event.
fn change(app: &TestApp, event: &str, patch: Value) {
    let world = app.sandbox().world();
    world.update_untold(Kind::Subscription, "sub_month", patch);
    world.tell_of(event, world.get(Kind::Subscription, "sub_month").unwrap());
}

async fn invoices_alone(app: &TestApp, id: &str) {
    let update = "mutation($id: ID!) {
        updateSettings(input: {integrationId: $id, contractSources: [INVOICE]}) { userErrors { code } }
    }";
    app.admin().mutate("updateSettings", update, json!({ "id": id })).await;
}

/// Today is 2026-11-23 at noon; the month began on the 10th, and a server that comes now knows of the days before from the invoice.
#[tokio::test(flavor = "multi_thread")]
async fn before_a_subscription_was_seen_its_invoices_tell() {
    let (app, id) = connected().await;
    invoices_alone(&app, &id).await;
    put_month(app.sandbox().world());
    assert_eq!(app.admin().import(&id).await["state"], "SUCCEEDED");
    assert_eq!(revenue(&app, None).await, told(1, "20.00", "240.00", "SUBSCRIPTIONS"));
    let today = revenue(&app, Some("2026-11-23")).await;
    assert_eq!(today, told(1, "20.00", "240.00", "SUBSCRIPTIONS"));
    let before = revenue(&app, Some("2026-11-10")).await;
    assert_eq!(before, told(1, "20.00", "240.00", "INVOICES"));
    assert_eq!(revenue(&app, Some("2026-11-09")).await, json!([]), "nothing had begun");
    // A second one whose subscription Stripe does not give.
    let mut lone = invoice("in_lone", app.sandbox().world().now() - 60, 1_794_268_800);
    lone["parent"]["subscription_details"]["subscription"] = json!("sub_gone");
    app.sandbox().world().put(Kind::Invoice, lone);
    pass(&app, Duration::from_mins(2));
    assert_eq!(app.admin().import(&id).await["state"], "SUCCEEDED");
    assert_eq!(revenue(&app, None).await, told(2, "40.00", "480.00", "MIXED"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_stays_when_it_changes() {
    let (app, _id) = billed().await;
    let world = app.sandbox().world();
    pass(&app, DAY);
    let more = json!({ "items": { "data": [{ "id": "si_month", "quantity": 3, "current_period_start": 1_794_268_800, "current_period_end": 1_796_860_800,
        "discounts": [], "price": world.get(Kind::Price, "price_month").unwrap() }] } });
    change(&app, "customer.subscription.updated", more);
    look(&app).await;
    let mrr = |decimal: &str| json!({ "status": "ACTIVE", "mrr": { "decimal": decimal } });
    says(&app, "sub_month", "status mrr { decimal }", &mrr("60.00")).await;
    pass(&app, DAY);
    let end = world.now();
    let gone = json!({ "status": "canceled", "canceled_at": end, "ended_at": end });
    change(&app, "customer.subscription.deleted", gone);
    look(&app).await;
    says(&app, "sub_month", "status", &json!({ "status": "CHURNED" })).await;
    pass(&app, DAY);
    for (day, amount) in [
        ("2026-11-23", "20.00"),
        ("2026-11-24", "60.00"),
        ("2026-11-25", "0.00"),
        ("2026-11-26", "0.00"),
    ] {
        let found = revenue(&app, Some(day)).await;
        assert_eq!(found[0]["mrr"]["decimal"], amount, "{day}: {found}");
    }
    let list = "query($day: Date, $status: ContractStatus!) {
        contracts(asOf: $day, filter: {status: [$status], source: [SUBSCRIPTION]}) { totalCount nodes { stripeId status } }
    }";
    for (day, status) in [("2026-11-24", "ACTIVE"), ("2026-11-25", "CHURNED")] {
        let found = app.graphql(list, json!({ "day": day, "status": status })).await;
        let expected = json!({ "totalCount": 1, "nodes": [{ "stripeId": "sub_month", "status": status }] });
        assert_eq!(found["contracts"], expected, "{day}");
    }
    let one = "{ contract(ref: {stripe: {stripeId: \"sub_month\"}}, asOf: \"2026-11-24\") { status } }";
    assert_eq!(app.graphql(one, json!({})).await["contract"]["status"], "ACTIVE");
    assert_eq!(contract(&app, "sub_month", "status").await["status"], "CHURNED");
}

/// A subscription with a discount is read when an event tells of it; the change is as old as the event.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_after_midnight_has_been_so_since_its_event() {
    let (app, _id) = billed().await;
    let world = app.sandbox().world();
    world.give_discount(
        Kind::Subscription,
        "sub_month",
        &world.create_coupon(json!({ "percent_off": 50 })),
    );
    look(&app).await;
    // It is 12:02; two minutes before midnight:
    pass(&app, Duration::from_mins(11 * 60 + 56));
    let more = json!({ "items": { "data": [{ "id": "si_month", "quantity": 3, "current_period_start": 1_794_268_800, "current_period_end": 1_796_860_800,
        "discounts": [], "price": world.get(Kind::Price, "price_month").unwrap() }] } });
    change(&app, "customer.subscription.updated", more);
    pass(&app, Duration::from_mins(5));
    look(&app).await;
    let mrr = |decimal: &str| json!({ "mrr": { "decimal": decimal } });
    says(&app, "sub_month", "mrr { decimal }", &mrr("30.00")).await;
    assert_eq!(revenue(&app, Some("2026-11-23")).await[0]["mrr"]["decimal"], "30.00");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_to_come_and_one_that_is_none_are_refused() {
    let (app, _id) = billed().await;
    let queries = [
        "query($day: Date) { revenue(asOf: $day) { currency } }",
        "query($day: Date) { contracts(asOf: $day) { totalCount } }",
        "query($day: Date) { contract(ref: {stripe: {stripeId: \"sub_month\"}}, asOf: $day) { status } }",
        "query($day: Date) { clients { nodes { revenue(asOf: $day) { currency } } } }",
        "query($day: Date) { clients { nodes { contracts(asOf: $day) { totalCount } } } }",
    ];
    for query in queries {
        for day in [
            "2026-11-24",
            "9999-12-31",
            "2026-02-30",
            "yesterday",
            "2026-11-23T00:00:00Z",
            "",
        ] {
            let answer = app.admin().response(query, json!({ "day": day })).await;
            assert_eq!(
                answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT",
                "{query} {day}: {answer}"
            );
        }
        for day in ["2026-11-23", "0001-01-01"] {
            app.graphql(query, json!({ "day": day })).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_of_a_disconnected_account_say_so() {
    let (app, id) = billed().await;
    let name = app.graphql("{ integrations { name } }", json!({})).await["integrations"][0]["name"].take();
    let disconnect = "mutation($id: ID!, $name: String!) {
        disconnectStripe(input: {integrationId: $id, confirmName: $name}) { userErrors { code } }
    }";
    let variables = json!({ "id": id, "name": name });
    app.admin().mutate("disconnectStripe", disconnect, variables).await;
    let warnings = json!([format!(
        "The account {} is disconnected: its figures are those of the last time that Stripe was read.",
        name.as_str().unwrap()
    )]);
    let found = revenue(&app, None).await;
    assert_eq!(found[0]["mrr"]["decimal"], "20.00", "{found}");
    assert_eq!(found[0]["warnings"], warnings);
    let of_client = app
        .graphql(
            "{ clients(filter: {stripeIds: [\"cus_ada\"]}) { nodes { revenue { warnings } } } }",
            json!({}),
        )
        .await;
    assert_eq!(of_client["clients"]["nodes"][0]["revenue"][0]["warnings"], warnings);
}
