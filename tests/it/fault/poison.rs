//! One record among thousands that cannot be mapped: it fails alone, is tried again further and further apart, and at last when a
//! person asks for it.

use std::time::Duration;

use sandbox::{Kind, Options};
use serde_json::{Value, json};

use super::support::{connected, mend, pass};
use crate::support::{TestApp, until};

const WAITS_MINUTES: [u64; 7] = [1, 4, 16, 64, 256, 1_024, 1_440];

/// The open errors.
async fn errors(app: &TestApp) -> Value {
    let query =
        "{ syncErrors(filter: {resolved: false}) { nodes { id kind stripeId code attempts lastAt nextRetryAt } } }";
    app.graphql(query, json!({})).await["syncErrors"]["nodes"].take()
}

/// Waits until the only open error was met so often; gives it.
async fn attempted(app: &TestApp, attempts: usize) -> Value {
    until("the record was tried again", async || {
        app.tick().await;
        let mut errors = errors(app).await;
        assert_eq!(errors.as_array().unwrap().len(), 1, "{errors}");
        (errors[0]["attempts"] == attempts).then(|| errors[0].take())
    })
    .await
}

fn minutes_to_retry(error: &Value) -> Option<i64> {
    let at = |field: &str| {
        let text = error[field].as_str()?;
        Some(chrono::DateTime::parse_from_rfc3339(text).unwrap())
    };
    Some((at("nextRetryAt")? - at("lastAt").unwrap()).num_minutes())
}

async fn contracts(app: &TestApp) -> u64 {
    let counted = app.graphql("{ contracts { totalCount } }", json!({})).await;
    counted["contracts"]["totalCount"].as_u64().unwrap()
}

/// How many retries there were.
async fn retries(app: &TestApp) -> Value {
    app.graphql("{ runs(filter: {kind: [RETRY]}) { totalCount } }", json!({}))
        .await["runs"]["totalCount"]
        .take()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_record_among_thousands_fails_alone_and_is_tried_eight_times() {
    let (app, id) = connected(Options {
        customers: 800,
        products: 20,
        invoices: 1_200,
        subscriptions: 300,
        ..Options::default()
    })
    .await;
    let world = app.sandbox().world();
    let is_paid = |invoice: &&Value| invoice["status"] == "paid" && invoice["total"].as_i64() > Some(0);
    let invoices = world.truth(Kind::Invoice);
    let mut poison = invoices.iter().filter(is_paid).nth(300).unwrap().clone();
    let stripe_id = poison["id"].as_str().unwrap().to_owned();
    let stripe_id = stripe_id.as_str();
    poison["currency"] = json!(5);
    world.poison(Kind::Invoice, stripe_id, poison);

    let run = app.admin().import(&id).await;
    let failed: Vec<u64> = run["phases"].as_array().unwrap().iter().map(failed).collect();
    assert_eq!((&run["state"], failed), (&json!("PARTIAL"), vec![0, 0, 1]), "{run}");
    // A comparison would try it once more.
    let off = "mutation($id: ID!) {
        updateSettings(input: {integrationId: $id, reconcileSchedule: \"off\"}) { userErrors { code } }
    }";
    app.admin().mutate("updateSettings", off, json!({ "id": id })).await;
    for (wait, attempts) in WAITS_MINUTES.into_iter().zip(1..) {
        let error = attempted(&app, attempts).await;
        assert_eq!(
            (&error["kind"], &error["stripeId"], &error["code"]),
            (&json!("INVOICE"), &json!(stripe_id), &json!("INVALID_OBJECT"))
        );
        assert_eq!(minutes_to_retry(&error), Some(wait.try_into().unwrap()), "{error}");
        pass(&app, Duration::from_mins(wait));
    }
    let given_up = attempted(&app, 8).await;
    assert_eq!(given_up["nextRetryAt"], Value::Null);
    assert_eq!(retries(&app).await, 7);
    let of_all_others = contracts(&app).await;
    assert_eq!(run["phases"][2]["created"], of_all_others);

    world.cure(Kind::Invoice, stripe_id);
    pass(&app, Duration::from_hours(48));
    app.tick().await;
    assert_eq!(
        errors(&app).await,
        json!([given_up]),
        "nobody tries it by itself any more"
    );
    let retry = "mutation($id: ID!) { retryErrors(input: {integrationId: $id}) { run { id } userErrors { code } } }";
    let asked = app.admin().mutate("retryErrors", retry, json!({ "id": id })).await;
    let run = app.admin().end_of_run(asked["run"]["id"].as_str().unwrap()).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    assert_eq!(errors(&app).await, json!([]));
    assert_eq!(contracts(&app).await, of_all_others + 1);
    mend(&app).await;
    app.prove(&id).await;
}

fn failed(phase: &Value) -> u64 {
    phase["failed"].as_u64().unwrap()
}
