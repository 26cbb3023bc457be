//! Stripe's rate limits: kept by ourselves, and given way to where Stripe says that it is too much. These take real time: what
//! counts is how many requests came in a second.

use std::time::{Duration, Instant};

use entity::kind::{RunKind, RunState};
use futures_util::future::join_all;
use sandbox::{Fault, Kind, Options, RateLimits, Request};
use serde_json::{Value, json};

use super::support::{QUICK, connected, halted, imported, integration, large, mend, pass, rest_until, runs};
use crate::support::{EVERYTHING, TestApp, WebhookSender, until};

const SECOND: Duration = Duration::from_secs(1);

/// Connected with a bound of so many requests a second; `None` = what the product does by itself.
async fn bounded(options: Options, per_second: Option<u32>) -> (TestApp, String) {
    let app = TestApp::builder().sandbox(options).config(move |config| {
        config.stripe_patience = QUICK;
        (config.stripe_rate_limit, config.stripe_endpoint_rate_limit) = (per_second, per_second.map(|_| 0));
    });
    let app = app.start().await;
    let id = app.admin().connect_stripe(app.sandbox().key(), 3650).await;
    app.sandbox().clear_requests();
    (app, id)
}

fn times(app: &TestApp) -> Vec<Instant> {
    app.sandbox()
        .requests()
        .iter()
        .map(|request| request.received_at)
        .collect()
}

/// The most requests that came within any second.
fn most_in_a_second(times: &[Instant]) -> usize {
    let within = |first: &Instant| {
        times
            .iter()
            .filter(|&&at| (*first..*first + SECOND).contains(&at))
            .count()
    };
    times.iter().map(within).max().unwrap_or_default()
}

fn is_limited(request: &Request) -> bool {
    matches!(request.status, 400 | 429)
}

/// Imports, resting where it rests, until the end; gives how that is.
async fn import(app: &TestApp, id: &str) -> RunState {
    app.admin().start_import(id, &EVERYTHING).await;
    rest_until(app, RunKind::Import, |run| run.finished_at.is_some()).await;
    runs(app, RunKind::Import).await[0].state
}

async fn refuse_half(fault: Fault) {
    let (app, id) = connected(Options::default()).await;
    app.sandbox().clear_requests();
    app.sandbox().faults().fail_some(500, 3, fault, None);
    // A single object that was refused each time fails alone, and is read again by itself.
    let state = import(&app, &id).await;
    assert!(
        matches!(state, RunState::Succeeded | RunState::Partial),
        "{fault:?}: {state:?}"
    );
    let requests = app.sandbox().requests();
    let refused = requests.iter().filter(|request| is_limited(request)).count();
    assert!(
        refused * 4 >= requests.len(),
        "{fault:?}: {refused} of {}",
        requests.len()
    );
    app.sandbox().faults().clear();
    mend(&app).await;
    app.prove(&id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn half_of_all_requests_refused_for_too_many_still_end_with_everything_here() {
    let faults = [
        Fault::RateLimited,
        Fault::GloballyRateLimited,
        Fault::RateLimitedFor(1),
        Fault::RateLimitedAsInvalid,
        Fault::LockTimeout,
    ];
    join_all(faults.map(refuse_half)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bound_holds_in_each_second_and_over_all() {
    const BOUND: u32 = 10;
    let (app, id) = bounded(large(), Some(BOUND)).await;
    assert_eq!(import(&app, &id).await, RunState::Succeeded);
    let times = times(&app);
    assert!(times.len() > 25, "{} requests tell nothing", times.len());
    let most = most_in_a_second(&times);
    assert!(most <= usize::try_from(BOUND).unwrap() + 1, "{most} in a second");
    let took = times[times.len() - 1] - times[0];
    let at_least = SECOND * u32::try_from(times.len() - 1).unwrap() / BOUND;
    assert!(
        took.as_secs_f64() >= at_least.as_secs_f64() * 0.95,
        "{} requests in {took:?}",
        times.len()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_of_refusals_halves_the_pace_and_the_bound_still_holds() {
    const BOUND: usize = 20;
    let (app, id) = bounded(large(), Some(20)).await;
    app.sandbox()
        .faults()
        .fail_next(8, Fault::GloballyRateLimited, Some("/v1/products"));
    assert_eq!(import(&app, &id).await, RunState::Succeeded);
    let requests = app.sandbox().requests();
    let most = most_in_a_second(&times(&app));
    assert!(most <= BOUND + 1, "{most} in a second");
    let first = requests.iter().find(|request| is_limited(request)).unwrap().received_at;
    let after = requests
        .iter()
        .filter(|request| (first..first + SECOND).contains(&request.received_at))
        .count();
    assert!(
        after <= BOUND * 3 / 4,
        "{after} requests in the second after the first refusal"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_to_wait_is_waited() {
    let (app, id) = connected(large()).await;
    app.sandbox().clear_requests();
    app.sandbox()
        .faults()
        .fail_next(1, Fault::RateLimitedFor(2), Some("/v1/products"));
    assert_eq!(import(&app, &id).await, RunState::Succeeded);
    let requests = app.sandbox().requests();
    let refused = requests.iter().position(is_limited).unwrap();
    let same = |request: &&Request| request.path_and_query == requests[refused].path_and_query;
    let again = requests[refused + 1..].iter().find(same).unwrap();
    let waited = again.received_at - requests[refused].received_at;
    assert!(waited >= SECOND * 2, "{waited:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_time_to_wait_is_a_rest_that_can_be_called_off() {
    let (app, id) = connected(Options::default()).await;
    for (asked, expected_ms) in [(120, 120_000), (3_600, 300_000)] {
        app.sandbox()
            .faults()
            .fail_some(1_000, 1, Fault::RateLimitedFor(asked), None);
        let run_id = app.admin().start_import(&id, &EVERYTHING).await;
        let run = halted(&app, RunKind::Import).await;
        assert_eq!(run.resume_at.unwrap() - app.clock.now_ms(), expected_ms);
        let cancel = "mutation($id: ID!) { cancelRun(input: {id: $id}) { run { state } userErrors { code } } }";
        let called_off = app.admin().mutate("cancelRun", cancel, json!({ "id": run_id })).await;
        assert_eq!(called_off["run"]["state"], "CANCELED");
        app.sandbox().faults().clear();
    }
    assert_eq!(import(&app, &id).await, RunState::Succeeded);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_time_to_wait_is_not_waited_with_the_events_in_hand() {
    let (app, id) = imported(Options::default()).await;
    let hooks = WebhookSender::connect(&app, &id).await;
    let world = app.sandbox().world();
    world.tell_in_old_version();
    let living = |customer: &Value| customer["deleted"] != true;
    let customer = world.truth(Kind::Customer).into_iter().find(living).unwrap();
    let known = world.events_after(0).len();
    world.update(
        Kind::Customer,
        customer["id"].as_str().unwrap(),
        json!({ "name": "Renamed" }),
    );
    app.sandbox()
        .faults()
        .fail_some(1_000, 1, Fault::RateLimitedFor(3_600), None);
    app.sandbox().clear_requests();
    for event in world.events_after(known) {
        hooks.send(&app, &event).await;
    }
    let integration_id = integration(&app).await.id;
    until("it was asked for, and the events are put down", async || {
        let is_refused = app.sandbox().requests().iter().any(is_limited);
        (is_refused && !app.app().turns.is_taken(integration_id)).then_some(())
    })
    .await;
    app.sandbox().faults().clear();
    let query = "{ clients(filter: {search: \"Renamed\"}) { totalCount } }";
    until("they had their effect", async || {
        pass(&app, SECOND);
        app.app().wake.notify_one();
        (app.graphql(query, json!({})).await["clients"]["totalCount"] != 0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn as_it_comes_it_never_meets_stripe_s_own_limits() {
    let limits = RateLimits {
        global_per_second: 25,
        endpoint_per_second: 25,
    };
    let options = Options {
        rate_limits: Some(limits),
        ..large()
    };
    let (app, id) = bounded(options, None).await;
    assert_eq!(import(&app, &id).await, RunState::Succeeded);
    let refused = app
        .sandbox()
        .requests()
        .iter()
        .filter(|request| is_limited(request))
        .count();
    assert_eq!(refused, 0);
    app.prove(&id).await;
}
