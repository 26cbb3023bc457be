//! Answers that come too slowly, too late or without an end: each is given up at its deadline, and nobody else waits for it.

use std::time::Duration;

use entity::contract;
use entity::kind::RunKind;
use futures_util::future::join_all;
use sandbox::{Fault, Options};
use sea_orm::{EntityTrait, QuerySelect};
use serde_json::json;
use tributary::stripe::Patience;

use super::support::{MINUTE, QUICK, connected_with, halted, large, pass, rest_until};
use crate::support::{EVERYTHING, until};

/// Far from what honest answers take, far from what the faults here would take.
const HURRIED: Patience = Patience {
    answer: Duration::from_secs(5),
    repetitions: 1,
    ..QUICK
};

/// No length, no pace and no end of a body goes past the deadline or the bound.
const SLOW: [Fault; 5] = [
    Fault::Trickle(1),
    Fault::Late(60),
    Fault::Endless,
    Fault::Flood(200),
    Fault::Flood(500),
];

async fn is_given_up(fault: Fault) {
    let (app, id) = connected_with(large(), HURRIED).await;
    app.sandbox().clear_requests();
    // Nothing else is read beside the customers: what is committed meanwhile would count as progress.
    app.sandbox().faults().fail_some(1_000, 1, fault, Some("/v1/customers"));
    app.admin().start_import(&id, &EVERYTHING).await;
    let rests = rest_until(&app, RunKind::Import, |run| {
        assert!(run.finished_at.is_none(), "{fault:?}: {run:?}");
        run.rests == 2
    })
    .await;
    assert_eq!(rests.len(), 1, "{fault:?}");
    let requests = app.sandbox().requests();
    let asked = requests
        .iter()
        .filter(|request| request.path_and_query.starts_with("/v1/customers"))
        .count();
    assert_eq!(
        asked, 4,
        "{fault:?}: asked and asked again, before the rest and after it"
    );
    app.sandbox().faults().clear();
    rest_until(&app, RunKind::Import, |run| run.finished_at.is_some()).await;
    app.prove(&id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_does_not_end_in_time_is_given_up() {
    join_all(SLOW.map(is_given_up)).await;
}

async fn holds_up_nobody_else(fault: Fault) {
    let options = Options {
        neighbour: Some(Box::new(Options {
            seed: 2,
            ..Options::default()
        })),
        ..Options::default()
    };
    let (app, slow) = connected_with(options, HURRIED).await;
    let other = app.sandbox().neighbour_key().unwrap().to_owned();
    let other = app.admin().connect_stripe(&other, 3650).await;
    assert_ne!(slow, other, "another account is an integration of its own");
    let own_key = app.sandbox().key().to_owned();
    app.sandbox().faults().fail_key(&own_key, fault, None);
    let held_up = app.admin().start_import(&slow, &EVERYTHING).await;
    let run = app.admin().import(&other).await;
    assert_eq!(run["state"], "SUCCEEDED", "{fault:?}: {run}");
    let run = app.admin().run(&held_up).await;
    assert_eq!(run["state"], "RUNNING", "{fault:?}: {run}");
    until("it rests", async || {
        let run = app.admin().run(&held_up).await;
        (run["failureCode"] != json!(null)).then_some(())
    })
    .await;
    app.sandbox().faults().clear();
    pass(&app, MINUTE);
    app.tick().await;
    let run = app.admin().end_of_run(&held_up).await;
    assert_eq!(run["state"], "SUCCEEDED", "{fault:?}: {run}");
    let found = contract::Entity::find()
        .select_only()
        .column(contract::Column::IntegrationId);
    let owners: Vec<uuid::Uuid> = found.into_tuple().all(app.db().read()).await.unwrap();
    let of_one = owners.iter().filter(|owner| **owner == owners[0]).count();
    let of_other = owners.len() - of_one;
    assert!(of_one > 20 && of_other > 20, "{fault:?}: each has everything");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_integration_that_waits_holds_up_no_other() {
    join_all(SLOW.map(holds_up_nobody_else)).await;
}

async fn is_bounded(fault: Fault) {
    let patience = Patience {
        answer: Duration::from_secs(10),
        ..HURRIED
    };
    let (app, id) = connected_with(Options::default(), patience).await;
    app.sandbox().clear_requests();
    // Nothing else is read beside the customers: what is committed meanwhile would count as progress.
    app.sandbox().faults().fail_some(1_000, 1, fault, Some("/v1/customers"));
    app.admin().start_import(&id, &EVERYTHING).await;
    halted(&app, RunKind::Import).await;
    let requests = app.sandbox().requests();
    let asked_at: Vec<_> = requests.iter().map(|request| request.received_at).collect();
    assert_eq!(asked_at.len(), 2, "{fault:?}");
    let taken = asked_at[1] - asked_at[0];
    assert!(
        taken < Duration::from_secs(8),
        "{fault:?} was taken in until the deadline: {taken:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_body_without_an_end_only_so_much_is_taken() {
    join_all([200, 500].map(Fault::Flood).map(is_bounded)).await;
}
