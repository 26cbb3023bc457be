//! Companies that are imported while something goes wrong.

use std::time::Duration;

use entity::kind::RunKind;
use entity::{integration, run, sync_error};
use sandbox::Options;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};
use tributary::stripe::Patience;

use crate::support::{TestApp, until};

/// Requests that fail are repeated at once, twice, and given up.
pub(super) const QUICK: Patience = Patience {
    connect: Duration::from_secs(5),
    answer: Duration::from_secs(20),
    first_rest: Duration::from_millis(1),
    longest_rest: Duration::from_millis(2),
    repetitions: 2,
};
pub(super) const MINUTE: Duration = Duration::from_mins(1);
pub(super) const HOUR: Duration = Duration::from_hours(1);
pub(super) const DAY: Duration = Duration::from_hours(24);

/// A company of several pages of everything.
pub(super) fn large() -> Options {
    Options {
        customers: 260,
        products: 12,
        invoices: 400,
        subscriptions: 130,
        ..Options::default()
    }
}

/// A server that is connected to a company and has imported nothing yet; gives its integration, too.
pub(super) async fn connected(options: Options) -> (TestApp, String) {
    connected_with(options, QUICK).await
}

/// The same, as patient as said.
pub(super) async fn connected_with(options: Options, patience: Patience) -> (TestApp, String) {
    let builder = TestApp::builder().sandbox(options);
    let app = builder
        .config(move |config| config.stripe_patience = patience)
        .start()
        .await;
    let id = app.admin().connect_stripe(app.sandbox().key(), 3650).await;
    (app, id)
}

/// The same with everything imported. It looks at the events each minute, and compares only when asked to.
pub(super) async fn imported(options: Options) -> (TestApp, String) {
    let (app, id) = connected(options).await;
    let run = app.admin().import(&id).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    look_each_minute(&app, &id).await;
    (app, id)
}

/// Has it look at the events each minute, and compare only when asked to; gives when it has looked.
pub(super) async fn look_each_minute(app: &TestApp, id: &str) {
    let settings = "mutation($id: ID!) {
        updateSettings(input: {integrationId: $id, pollIntervalSeconds: 60, reconcileSchedule: \"off\"}) { userErrors { code } }
    }";
    app.admin()
        .mutate("updateSettings", settings, json!({ "id": id }))
        .await;
    look(app).await;
}

/// Lets time pass, here and in Stripe.
pub(super) fn pass(app: &TestApp, time: Duration) {
    app.sandbox().world().advance_clock(time.as_secs().try_into().unwrap());
    app.clock.advance(time);
}

/// Lets a minute pass and waits for the end of a look that began after it; gives the look.
pub(super) async fn look(app: &TestApp) -> run::Model {
    let before = runs(app, RunKind::CatchUp).await.first().map(|run| run.id);
    pass(app, MINUTE);
    until("the events have been looked at", async || {
        app.tick().await;
        let latest = runs(app, RunKind::CatchUp).await.into_iter().next()?;
        (Some(latest.id) > before && latest.finished_at.is_some()).then_some(latest)
    })
    .await
}

/// The runs of a kind, latest first.
pub(super) async fn runs(app: &TestApp, kind: RunKind) -> Vec<run::Model> {
    let runs = run::Entity::find().filter(run::Column::Kind.eq(kind));
    runs.order_by_desc(run::Column::Id).all(app.db().read()).await.unwrap()
}

/// The only integration.
pub(super) async fn integration(app: &TestApp) -> integration::Model {
    let found = integration::Entity::find().one(app.db().read()).await.unwrap();
    found.unwrap()
}

/// Waits until the latest run of a kind rests or has ended.
pub(super) async fn halted(app: &TestApp, kind: RunKind) -> run::Model {
    until("the run has halted", async || {
        app.tick().await;
        let latest = runs(app, kind).await.into_iter().next()?;
        let rests = latest.resume_at.is_some_and(|at| at > app.clock.now_ms());
        (rests || latest.finished_at.is_some()).then_some(latest)
    })
    .await
}

/// Lets the rest of a run pass, however often it rests, until it has ended; gives how long each rest was, in milliseconds.
pub(super) async fn rest_until(app: &TestApp, kind: RunKind, is_over: impl Fn(&run::Model) -> bool) -> Vec<i64> {
    let mut rests = Vec::new();
    loop {
        // One that has ended is the run before, where the next is not queued yet.
        let run = until("the run is over, or rests", async || {
            let run = halted(app, kind).await;
            (is_over(&run) || run.finished_at.is_none()).then_some(run)
        })
        .await;
        if is_over(&run) {
            return rests;
        }
        let rest = run.resume_at.unwrap() - app.clock.now_ms();
        rests.push(rest);
        // To the millisecond, not to the second as Stripe's clock goes.
        app.clock.advance(Duration::from_millis(rest.try_into().unwrap()));
        let behind = app.clock.now_ms() / 1000 - app.sandbox().world().now();
        app.sandbox().world().advance_clock(behind);
    }
}

/// Lets time pass until what has failed was read again, by itself, and is mended.
pub(super) async fn mend(app: &TestApp) {
    until("nothing is left to mend", async || {
        app.tick().await;
        let runs = run::Entity::find().filter(run::Column::FinishedAt.is_null());
        let open = runs.all(app.db().read()).await.unwrap();
        if open
            .iter()
            .any(|run| run.resume_at.is_none_or(|at| at <= app.clock.now_ms()))
        {
            return None;
        }
        let failures = sync_error::Entity::find().filter(sync_error::Column::ResolvedAt.is_null());
        let is_mended = failures.count(app.db().read()).await.unwrap() == 0;
        if open.is_empty() && is_mended {
            return Some(());
        }
        pass(app, MINUTE);
        None
    })
    .await;
}

/// Has everything compared; gives the run.
pub(super) async fn reconcile(app: &TestApp, integration_id: &str) -> Value {
    let start = "mutation($id: ID!) { startReconcile(input: {integrationId: $id}) { run { id } userErrors { code } } }";
    let id = json!({ "id": integration_id });
    let started = app.admin().mutate("startReconcile", start, id).await;
    app.admin().end_of_run(started["run"]["id"].as_str().unwrap()).await
}

/// How a run is shown.
pub(super) async fn shown(app: &TestApp, kind: &str) -> Value {
    let query = format!(
        "{{ runs(first: 1, filter: {{kind: [{kind}]}}) {{ nodes {{ id state failureCode failureMessage }} }} }}"
    );
    app.graphql(&query, json!({})).await["runs"]["nodes"][0].take()
}
