//! Answers that are not Stripe's: torn, in another format, or lists that lead nowhere. None is taken for the end of a list.

use std::time::Duration;

use entity::kind::{RunKind, RunState};
use futures_util::future::join_all;
use sandbox::{Fault, Kind, Options};
use serde_json::json;

use super::support::{
    HOUR, MINUTE, connected, halted, imported, integration, look, mend, pass, rest_until, runs, shown,
};
use crate::support::{EVERYTHING, TestApp, until};

/// What Stripe would never answer.
const GARBLED: [Fault; 8] = [
    Fault::TruncatedJson,
    Fault::InvalidJson,
    Fault::Html,
    Fault::PlainText,
    Fault::EmptyPageWithMore,
    Fault::SamePage,
    Fault::MoreForEver,
    Fault::Circle,
];
const LISTS: [&str; 4] = ["/v1/customers", "/v1/prices", "/v1/subscriptions", "/v1/invoices"];

/// Lists of two pages.
fn two_pages() -> Options {
    Options {
        customers: 110,
        invoices: 220,
        subscriptions: 110,
        ..Options::default()
    }
}

fn requests_for(app: &TestApp, path: &str) -> usize {
    let requests = app.sandbox().requests();
    requests
        .iter()
        .filter(|request| request.path_and_query.starts_with(path))
        .count()
}

async fn fails_and_can_begin_anew(fault: Fault, list: &str) {
    let (app, id) = connected(two_pages()).await;
    app.sandbox().faults().fail_some(1_000, 1, fault, Some(list));
    app.admin().start_import(&id, &EVERYTHING).await;
    let rests = rest_until(&app, RunKind::Import, |run| run.finished_at.is_some()).await;
    let run = runs(&app, RunKind::Import).await.remove(0);
    let expected = (RunState::Failed, Some("STRIPE_GARBLED"));
    assert_eq!(
        (run.state, run.failure_code.as_deref()),
        expected,
        "{fault:?} of {list}: {run:?}"
    );
    // More often than three times where other lists were read on between.
    assert!(rests.len() >= 3, "{fault:?} of {list}: it was tried again, {rests:?}");
    assert!(
        requests_for(&app, list) < 500,
        "{fault:?} of {list}: a list that leads nowhere is not followed for long"
    );
    app.sandbox().faults().clear();
    let run = app.admin().import(&id).await;
    assert_eq!(run["state"], "SUCCEEDED", "{fault:?} of {list}: {run}");
    app.prove(&id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_stays_garbled_fails_the_run_and_nothing_is_lost() {
    for (fault, place) in GARBLED.into_iter().zip(0..) {
        let two = [LISTS[place % 4], LISTS[(place + 1) % 4]];
        join_all(two.map(|list| fails_and_can_begin_anew(fault, list))).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_garbled_once_is_asked_for_again() {
    let (app, id) = connected(two_pages()).await;
    for fault in GARBLED {
        for list in LISTS {
            app.sandbox().faults().fail_next(1, fault, Some(list));
        }
        app.admin().start_import(&id, &EVERYTHING).await;
        rest_until(&app, RunKind::Import, |run| run.finished_at.is_some()).await;
        let run = runs(&app, RunKind::Import).await.remove(0);
        assert_eq!(run.state, RunState::Succeeded, "{fault:?}: {run:?}");
    }
    app.prove(&id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_stay_garbled_fail_the_look_and_the_next_one_finds_them() {
    for fault in GARBLED {
        let (app, id) = imported(Options::default()).await;
        let world = app.sandbox().world();
        for number in 0..120 {
            world.create_customer(json!({ "name": format!("Number {number}") }));
        }
        app.sandbox().faults().fail_some(1_000, 1, fault, Some("/v1/events"));
        app.clock.advance(MINUTE);
        rest_until(&app, RunKind::CatchUp, |run| run.state == RunState::Failed).await;
        let run = runs(&app, RunKind::CatchUp).await.remove(0);
        assert_eq!(
            run.failure_code.as_deref(),
            Some("STRIPE_GARBLED"),
            "{fault:?}: {run:?}"
        );
        app.sandbox().faults().clear();
        assert_eq!(look(&app).await.state, RunState::Succeeded, "{fault:?}");
        app.prove(&id).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_whose_rest_stays_garbled_fails_alone_and_is_mended_by_itself() {
    for fault in GARBLED.into_iter().chain([Fault::HalfBody]) {
        let (app, id) = connected(Options::default()).await;
        let long = app
            .sandbox()
            .world()
            .truth(Kind::Invoice)
            .into_iter()
            .find(|invoice| invoice["status"] == "paid" && invoice["lines"]["data"].as_array().unwrap().len() > 10);
        let lines = format!("/v1/invoices/{}/lines", long.unwrap()["id"].as_str().unwrap());
        app.sandbox().faults().fail_some(1_000, 1, fault, Some(&lines));
        app.admin().start_import(&id, &EVERYTHING).await;
        let run = halted(&app, RunKind::Import).await;
        assert_eq!(run.state, RunState::Partial, "{fault:?}: {run:?}");
        let query = "{ syncErrors(filter: {resolved: false}) { nodes { kind code hint } } }";
        let errors = app.graphql(query, json!({})).await["syncErrors"]["nodes"].take();
        let code = if fault == Fault::HalfBody {
            "STRIPE_UNAVAILABLE"
        } else {
            "STRIPE_GARBLED"
        };
        let hint = "Stripe gives everything else; it is tried again by itself.";
        assert_eq!(
            errors,
            json!([{ "kind": "INVOICE", "code": code, "hint": hint }]),
            "{fault:?}"
        );
        app.sandbox().faults().clear();
        mend(&app).await;
        app.prove(&id).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comparison_that_fails_or_is_called_off_is_not_begun_again_before_the_next_night() {
    let (app, id) = connected(Options::default()).await;
    app.admin().import(&id).await;
    app.tick().await;
    pass(&app, HOUR * 16);
    app.sandbox()
        .faults()
        .fail_some(1_000, 1, Fault::Html, Some("/v1/customers"));
    rest_until(&app, RunKind::Reconcile, |run| run.state == RunState::Failed).await;
    app.sandbox().faults().clear();
    assert_waits_for_the_night(&app, 1).await;
    pass(&app, HOUR * 24);
    app.sandbox().faults().set_latency(Duration::from_millis(200));
    let cancel = "mutation($id: ID!) { cancelRun(input: {id: $id}) { userErrors { code } } }";
    let begun = until("another is at work", async || {
        app.tick().await;
        let run = shown(&app, "RECONCILE").await;
        (run["state"] == "RUNNING").then_some(run["id"].clone())
    })
    .await;
    app.admin().mutate("cancelRun", cancel, json!({ "id": begun })).await;
    assert_eq!(
        app.admin().end_of_run(begun.as_str().unwrap()).await["state"],
        "CANCELED"
    );
    app.sandbox().faults().clear();
    assert_waits_for_the_night(&app, 2).await;
}

async fn assert_waits_for_the_night(app: &TestApp, so_far: usize) {
    for _ in 0..5 {
        pass(app, MINUTE);
        app.tick().await;
    }
    assert_eq!(runs(app, RunKind::Reconcile).await.len(), so_far);
    let next = integration(app).await.next_reconcile_at.unwrap() - app.clock.now_ms();
    assert!((20 * 3_600_000..24 * 3_600_000).contains(&next), "in {next} ms");
}
