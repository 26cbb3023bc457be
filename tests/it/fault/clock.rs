//! Our clock is an hour off Stripe's, or jumps by an hour: nothing is skipped, nothing stalls, and no time is told that runs backwards.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use entity::kind::{RunKind, RunState};
use entity::run;
use sandbox::{Fault, Kind, Options};
use sea_orm::EntityTrait;
use serde_json::json;
use tributary::clock::Clock;

use super::support::{MINUTE, connected, halted, imported, large, look, look_each_minute, mend, pass, runs};
use crate::support::{EVERYTHING, TestApp, WebhookSender, on_postgres, until};

const HOUR_MS: i64 = 3_600_000;
/// Each holds a page when another takes the run over.
const FETCHERS: usize = 8;

/// Sets our clock on or back, and leaves Stripe's alone.
fn jump(clock: &Clock, by_ms: i64) {
    if let Clock::Fixed(at_ms) = clock {
        at_ms.fetch_add(by_ms, Ordering::SeqCst);
    }
}

fn change(app: &TestApp) {
    let world = app.sandbox().world();
    let customer = world
        .truth(Kind::Customer)
        .into_iter()
        .find(|customer| customer["deleted"] != true)
        .unwrap();
    world.update(
        Kind::Customer,
        customer["id"].as_str().unwrap(),
        json!({ "name": format!("At {}", world.now()) }),
    );
    let new = world.create_customer(json!({ "name": "New" }));
    world.create_paid_invoice(&new, world.now(), world.now());
}

/// No run has begun before it was asked for, or ended before it began, and nothing is behind by less than nothing.
async fn assert_no_time_runs_backwards(app: &TestApp, id: &str) {
    for run in run::Entity::find().all(app.db().read()).await.unwrap() {
        let started = run.started_at.unwrap_or(run.queued_at);
        let finished = run.finished_at.unwrap_or(started);
        assert!(run.queued_at <= started && started <= finished, "{run:?}");
    }
    let query = "query($id: ID!) { integration(id: $id) { syncLagSeconds } }";
    let lag = app.graphql(query, json!({ "id": id })).await["integration"]["syncLagSeconds"].as_i64();
    assert!(lag.unwrap() >= 0, "{lag:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_hour_ahead_of_stripe_or_behind_it_nothing_is_skipped() {
    for ahead_ms in [-HOUR_MS, HOUR_MS] {
        let (app, id) = connected(large()).await;
        jump(&app.clock, ahead_ms);
        let run = app.admin().import(&id).await;
        assert_eq!(run["state"], "SUCCEEDED", "{run}");
        // It happened at once after the import, and before the next look.
        change(&app);
        look_each_minute(&app, &id).await;
        for _ in 0..3 {
            change(&app);
            assert_eq!(look(&app).await.state, RunState::Succeeded);
        }
        assert_no_time_runs_backwards(&app, &id).await;
        app.prove(&id).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_right_to_customers_our_clock_does_not_say_where_the_lists_end() {
    for ahead_ms in [-HOUR_MS, HOUR_MS] {
        let key = "rk_test_WithoutCustomers01";
        let rights = [
            "product",
            "plan",
            "coupon",
            "invoice",
            "subscription",
            "credit_note",
            "event",
        ];
        let rights: Vec<String> = rights.iter().map(|of| format!("rak_{of}_read")).collect();
        let app = TestApp::builder().sandbox(Options {
            restricted_keys: vec![(key.to_owned(), rights)],
            ..Options::default()
        });
        let app = app.start().await;
        jump(&app.clock, ahead_ms);
        let connect = "mutation($key: String!) { authenticateStripe(input: {apiKey: $key}) { integration { id } userErrors { code } } }";
        let connected = app
            .admin()
            .mutate("authenticateStripe", connect, json!({ "key": key }))
            .await;
        let id = connected["integration"]["id"].as_str().unwrap().to_owned();
        // A required right is missing: nobody can turn it on, but it may have been lost since.
        turn_on(&app).await;
        app.admin().import(&id).await;
        let world = app.sandbox().world();
        pass(&app, MINUTE);
        let product = world.truth(Kind::Product)[0]["id"].as_str().unwrap().to_owned();
        world.update(Kind::Product, &product, json!({ "name": "Renamed" }));
        look_each_minute(&app, &id).await;
        let query = "query($id: String!) { product(ref: {stripe: {stripeId: $id}}) { name } }";
        assert_eq!(
            app.graphql(query, json!({ "id": product })).await["product"]["name"],
            "Renamed",
            "{ahead_ms}"
        );
    }
}

async fn turn_on(app: &TestApp) {
    use sea_orm::sea_query::Expr;
    entity::integration::Entity::update_many()
        .col_expr(entity::integration::Column::SyncEnabled, Expr::value(true))
        .exec(app.db().write())
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jump_in_the_middle_of_an_import_costs_a_page_a_reader_at_most() {
    for by_ms in [-HOUR_MS, HOUR_MS] {
        let (app, id) = connected(large()).await;
        app.sandbox().faults().set_latency(Duration::from_millis(20));
        let (clock, has_jumped) = (app.clock.clone(), AtomicBool::new(false));
        let from = app.sandbox().request_count() + 12;
        app.sandbox().before_requests(move |number, _| {
            if number >= from && !has_jumped.swap(true, Ordering::SeqCst) {
                jump(&clock, by_ms);
            }
        });
        let run_id = app.admin().start_import(&id, &EVERYTHING).await;
        let run = app.admin().end_of_run(&run_id).await;
        assert_eq!(
            (&run["state"], &run["failureCode"]),
            (&json!("SUCCEEDED"), &json!(null)),
            "{run}"
        );
        let requests = app.sandbox().requests();
        let mut pages: Vec<&str> = requests.iter().map(|request| request.path_and_query.as_str()).collect();
        pages.retain(|path| path.contains("starting_after") && !path.contains("/lines"));
        let all = pages.len();
        pages.sort_unstable();
        pages.dedup();
        assert!(
            all - pages.len() <= FETCHERS,
            "{} pages were read again",
            all - pages.len()
        );
        if on_postgres() {
            let import = runs(&app, RunKind::Import).await.remove(0);
            assert_eq!(import.fence, 1, "leases go by the database's clock");
        }
        app.sandbox().faults().clear();
        change(&app);
        look_each_minute(&app, &id).await;
        assert_no_time_runs_backwards(&app, &id).await;
        app.prove(&id).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_back_does_not_hold_up_looks() {
    let (app, id) = imported(Options::default()).await;
    change(&app);
    jump(&app.clock, -HOUR_MS);
    look(&app).await;
    assert_no_time_runs_backwards(&app, &id).await;
    app.prove(&id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_back_does_not_hold_up_what_rests() {
    let (app, id) = connected(Options::default()).await;
    app.sandbox()
        .faults()
        .fail_some(1_000, 1, Fault::ServerError(500), Some("/v1/products"));
    let run_id = app.admin().start_import(&id, &EVERYTHING).await;
    halted(&app, RunKind::Import).await;
    app.sandbox().faults().clear();
    jump(&app.clock, -HOUR_MS);
    pass(&app, MINUTE * 5);
    app.tick().await;
    let run = app.admin().end_of_run(&run_id).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    look_each_minute(&app, &id).await;
    assert_no_time_runs_backwards(&app, &id).await;
    app.prove(&id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_back_does_not_hold_up_events() {
    let (app, id) = imported(Options::default()).await;
    let hooks = WebhookSender::connect(&app, &id).await;
    let world = app.sandbox().world();
    world.tell_in_old_version();
    let known = world.events_after(0).len();
    change(&app);
    app.sandbox()
        .faults()
        .fail_some(1_000, 1, Fault::ServerError(500), None);
    for event in world.events_after(known) {
        hooks.send(&app, &event).await;
    }
    until("they were tried in vain", async || {
        app.tick().await;
        let failed = app
            .sandbox()
            .requests()
            .iter()
            .filter(|request| request.status == 500)
            .count();
        (failed > 3).then_some(())
    })
    .await;
    jump(&app.clock, -HOUR_MS);
    app.sandbox().faults().clear();
    let query = "{ clients(filter: {search: \"At \"}) { totalCount } }";
    // A rest that begins only now, after a try that was under way, ends with the time that passes; one that was held up by the
    // jump would last for an hour.
    let mut seconds = 0..600;
    until("they had their effect", async || {
        if seconds.next().is_some() {
            pass(&app, Duration::from_secs(1));
        }
        app.app().wake.notify_one();
        (app.graphql(query, json!({})).await["clients"]["totalCount"] != 0).then_some(())
    })
    .await;
    look(&app).await;
    mend(&app).await;
    app.prove(&id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stripe_s_date_may_be_some_seconds_off_the_times_of_its_events() {
    for seconds in [-8, 8] {
        let (app, id) = connected(large()).await;
        app.sandbox().faults().set_date_offset(seconds);
        app.admin().import(&id).await;
        change(&app);
        look_each_minute(&app, &id).await;
        for _ in 0..3 {
            change(&app);
            look(&app).await;
        }
        app.prove(&id).await;
    }
}
