//! Other servers that see the same at the end only: one that imports everything, and one that may not read subscriptions.

use std::time::Duration;

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::compare::{self, last_second, revenue, settle, statuses};
use super::record::Known;
use super::story::{Story, replay};
use crate::support::webhook::hold_looks;
use crate::support::{Course, NOW_MS, TestApp, WebhookSender};

const KEY: &str = "rk_test_AKeyThatReadsInvoices01";
const RIGHTS: [&str; 8] = [
    "rak_customer_read",
    "rak_product_read",
    "rak_plan_read",
    "rak_coupon_read",
    "rak_invoice_read",
    "rak_credit_note_read",
    "rak_event_read",
    "rak_subscription_read",
];

/// What does not depend on when it was seen.
const ROWS: &str = "query($after: String) { contracts(first: 50, after: $after) { nodes {
    stripeId source sourceStatus name status paymentState bookingDate termStart termEnd terminatedDate autoRenew currency
    total { decimal } net { decimal } mrr { decimal } arr { decimal } acv { decimal } warnings
    renewedBy { stripeId } renews { stripeId } } pageInfo { hasNextPage endCursor } } }";

async fn rows(app: &TestApp) -> Vec<Value> {
    let (mut all, mut after) = (Vec::new(), Value::Null);
    loop {
        let mut told = app.graphql(ROWS, json!({ "after": after })).await["contracts"].take();
        all.append(told["nodes"].as_array_mut().unwrap());
        if told["pageInfo"]["hasNextPage"] == false {
            all.sort_by_key(|row| row["stripeId"].to_string());
            return all;
        }
        after = told["pageInfo"]["endCursor"].clone();
    }
}

/// A server whose clock stands where the story's does, and its integration.
async fn beside(story: &Story, key: &str, sources: &[&str]) -> (TestApp, String) {
    let sandbox = story.app.sandbox();
    let app = TestApp::builder().pulls_from(sandbox).start().await;
    let passed = sandbox.world().now() - NOW_MS / 1000;
    app.clock.advance(Duration::from_secs(passed.try_into().unwrap()));
    let id = app.admin().connect_stripe_for(key, 3650, sources).await;
    (app, id)
}

/// A server that comes late has the same contracts and the same revenue today; what happened before does not touch them.
pub(super) async fn assert_fresh_import_is_the_same(story: &Story) {
    let (app, id) = beside(story, story.app.sandbox().key(), &["INVOICE", "SUBSCRIPTION"]).await;
    assert_eq!(app.admin().import(&id).await["state"], "SUCCEEDED");
    hold_looks(&app, &id).await;
    settle(&app).await;
    let (told, imported) = (rows(&story.app).await, rows(&app).await);
    // An invoice that is no longer paid is in no list of those that are.
    let told: Vec<Value> = told.into_iter().filter(is_imported).collect();
    assert_same_rows(&told, &imported);
    assert_eq!(revenue(&story.app, None).await, revenue(&app, None).await);
    let hooks = WebhookSender::connect(&app, &id).await;
    replay(&app, &hooks, story.app.sandbox().world().events_after(0)).await;
    settle(&app).await;
    assert_same_rows(&imported, &rows(&app).await);
}

fn is_imported(row: &Value) -> bool {
    row["source"] == "SUBSCRIPTION" || row["sourceStatus"] == "paid"
}

fn assert_same_rows(one: &[Value], other: &[Value]) {
    let differ: Vec<String> = one
        .iter()
        .zip(other)
        .filter(|(one, other)| one != other)
        .map(|(one, other)| format!("by events {one}\nby import {other}"))
        .collect();
    assert!(
        one.len() == other.len() && differ.is_empty(),
        "{} differ:\n{}",
        differ.len(),
        differ.join("\n")
    );
}

/// A server whose key may no longer read subscriptions says of every day what the spans of invoices say.
pub(super) async fn assert_invoices_alone_tell_it(
    story: &Story,
    known: &Known<'_>,
    course: &Course<'_>,
    days: &[NaiveDate],
) {
    let sandbox = story.app.sandbox();
    sandbox.restrict_key(KEY, &RIGHTS);
    let (app, id) = beside(story, KEY, &["INVOICE"]).await;
    sandbox.restrict_key(KEY, &RIGHTS[..7]);
    let again = "mutation($key: String!) { authenticateStripe(input: {apiKey: $key}) { userErrors { code } } }";
    app.admin()
        .mutate("authenticateStripe", again, json!({ "key": KEY }))
        .await;
    let run = app.admin().import(&id).await;
    assert_eq!(run["state"], "PARTIAL", "{run}");
    settle(&app).await;
    let said = statuses(&app, None).await;
    let is_paid = |invoice: &Value| invoice["status"] == "paid";
    let invoices = known.invoices.iter().filter(|(_, invoice)| is_paid(invoice));
    let invoices: Vec<&String> = invoices.map(|(id, _)| id).collect();
    assert_eq!(said.keys().collect::<Vec<_>>(), invoices, "which contracts there are");
    for day in days {
        let at = last_second(*day);
        let expected = compare::sums(known, |id| course.told_by_invoices(id, at));
        assert_eq!(revenue(&app, Some(*day)).await, expected, "by invoices on {day}");
    }
}
