//! What an admin changes in the midst of a run: the run goes on by what it began with, and nothing is left behind.

use std::time::Duration;

use sandbox::Options;
use serde_json::{Value, json};

use crate::support::{Office, until};

/// An office whose import has read some of the customers and not yet all.
async fn in_the_midst_of_an_import(office: &Office) -> String {
    let app = &office.app;
    app.sandbox().faults().set_latency(Duration::from_millis(150));
    let run = app.admin().start_import(&office.id, &["CUSTOMER", "PRODUCT"]).await;
    until("some customers are in", async || {
        (seen(&app.admin().run(&run).await) > 0).then_some(())
    })
    .await;
    run
}

fn seen(run: &Value) -> u64 {
    run["phases"][0]["seen"].as_u64().unwrap()
}

/// Fails when the import had read all customers before the change: then the test would show nothing.
async fn assert_went_on(office: &Office, run: &str, before: u64) -> Value {
    office.app.sandbox().faults().set_latency(Duration::ZERO);
    let run = office.app.admin().end_of_run(run).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    assert!(seen(&run) > before, "it had ended before: {run}");
    office.rest().await;
    run
}

async fn open() -> Office {
    let office = Office::open_on(Options {
        customers: 1_000,
        products: 6,
        invoices: 0,
        subscriptions: 0,
        ..Options::default()
    })
    .await;
    office.direction("CUSTOMER", "DISABLED").await;
    office
}

#[tokio::test(flavor = "multi_thread")]
async fn pulling_again_catches_what_the_import_still_left_aside() {
    let office = open().await;
    office.direction("PRODUCT", "DISABLED").await;
    let run = in_the_midst_of_an_import(&office).await;
    office.direction("CUSTOMER", "PULL").await;
    office.direction("PRODUCT", "PULL").await;
    let before = seen(&office.app.admin().run(&run).await);
    assert_went_on(&office, &run, before).await;
    let here = office
        .app
        .graphql("{ clients { totalCount } products { totalCount } }", json!({}))
        .await;
    let living = office.world().truth(sandbox::Kind::Customer).into_iter();
    let living = living.filter(|customer| customer["deleted"] != true).count();
    assert_eq!(
        here,
        json!({ "clients": { "totalCount": living }, "products": { "totalCount": 6 } })
    );
    assert_eq!((office.stale("CUSTOMER").await, office.stale("PRODUCT").await), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_rule_matches_what_the_import_reads_after_it() {
    let office = open().await;
    let customers = office.world().truth(sandbox::Kind::Customer);
    let mut emails: Vec<&str> = customers
        .iter()
        .filter_map(|customer| customer["email"].as_str())
        .collect();
    emails.sort_unstable();
    emails.dedup();
    let clients: Vec<Value> = emails
        .iter()
        .map(|email| json!({ "name": email, "email": email }))
        .collect();
    for clients in clients.chunks(250) {
        office.save(json!(clients)).await;
    }
    let run = in_the_midst_of_an_import(&office).await;
    office.matching(&["STRIPE_ID", "EMAIL"], None).await;
    let before = seen(&office.app.admin().run(&run).await);
    assert_went_on(&office, &run, before).await;
    for customer in &customers {
        let Some(email) = customer["email"].as_str().filter(|_| customer["deleted"] != true) else {
            continue;
        };
        let client = office.client_of(customer["id"].as_str().unwrap()).await;
        assert_eq!(client["email"], email, "{customer}");
    }
}
