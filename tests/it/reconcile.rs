//! Comparing everything with Stripe: what no event told is found and mended, and where nothing was missed there is nothing to mend.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use entity::kind::{ContractSource, RunKind, StripeKind};
use sandbox::{Fault, Kind, Options};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, Set};
use serde_json::{Value, json};

use crate::support::webhook::{hold_looks, thin};
use crate::support::{TestApp, WebhookSender, assert_equals_truth, until};

const DAY: Duration = Duration::from_hours(24);

fn pass(app: &TestApp, time: Duration) {
    app.sandbox().world().advance_clock(time.as_secs().try_into().unwrap());
    app.clock.advance(time);
}

async fn imported(options: Options) -> (TestApp, String) {
    let app = TestApp::builder().sandbox(options).start().await;
    let id = app.admin().connect_stripe(app.sandbox().key(), 3650).await;
    let run = app.admin().import(&id).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    (app, id)
}

async fn runs(app: &TestApp, filter: &str) -> Vec<Value> {
    let query = format!(
        "{{ runs(filter: {filter}) {{ nodes {{ id kind trigger state drift queuedAt phases {{ object drift updated }} }} }} }}"
    );
    app.graphql(&query, json!({})).await["runs"]["nodes"]
        .as_array()
        .unwrap()
        .clone()
}

/// Waits until there is an ended run of this kind and trigger, and nothing is open.
async fn ended(app: &TestApp, kind: &str, trigger: &str) -> Value {
    until("the run has ended", async || {
        let asked = runs(app, &format!("{{kind: [{kind}], trigger: [{trigger}]}}")).await;
        let open = runs(app, "{state: [QUEUED, RUNNING, CANCELING]}").await;
        let is_open = |run: &Value| {
            ["QUEUED", "RUNNING", "CANCELING"]
                .map(Value::from)
                .contains(&run["state"])
        };
        asked.into_iter().find(|run| open.is_empty() && !is_open(run))
    })
    .await
}

/// Nothing is compared by the clock alone, so that what is compared has another cause.
async fn switch_schedule_off(app: &TestApp, id: &str) {
    let off = "mutation($id: ID!) {
        updateSettings(input: {integrationId: $id, reconcileSchedule: \"off\"}) { userErrors { code } }
    }";
    app.admin().mutate("updateSettings", off, json!({ "id": id })).await;
}

async fn reconcile(app: &TestApp, id: &str) -> Value {
    let start = "mutation($id: ID!) { startReconcile(input: {integrationId: $id}) { run { id } userErrors { code } } }";
    let started = app.admin().mutate("startReconcile", start, json!({ "id": id })).await;
    let run_id = started["run"]["id"].as_str().unwrap();
    let run = app.admin().end_of_run(run_id).await;
    let all = runs(app, "{kind: [RECONCILE]}").await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    all.into_iter().find(|run| run["id"] == run_id).unwrap()
}

fn ids(app: &TestApp, kind: Kind) -> Vec<String> {
    let living = app
        .sandbox()
        .world()
        .truth(kind)
        .into_iter()
        .filter(|object| object["deleted"] != true);
    living
        .filter_map(|object| object["id"].as_str().map(str::to_owned))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_quiet_time_nothing_differs() {
    let (app, id) = imported(Options {
        customers: 120,
        invoices: 150,
        ..Options::default()
    })
    .await;
    pass(&app, Duration::from_mins(30));
    app.tick().await;
    ended(&app, "CATCH_UP", "SCHEDULE").await;
    let run = reconcile(&app, &id).await;
    assert_eq!(run["drift"], 0, "{run}");
    assert!(
        run["phases"]
            .as_array()
            .unwrap()
            .iter()
            .all(|phase| phase["drift"] == 0),
        "{run}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_queued_before_is_mapped_again_and_is_no_drift() {
    let (app, id) = imported(Options::default()).await;
    switch_schedule_off(&app, &id).await;
    // Somebody is taking events out all the while, so that the queue is left to the comparison.
    let _turn = app.app().turns.wait(integration(&app).await.id).await;
    let contract = entity::contract::Entity::find()
        .one(app.db().read())
        .await
        .unwrap()
        .unwrap();
    let changed = entity::contract::ActiveModel {
        id: Set(contract.id),
        name: Set("As of yesterday".to_owned()),
        ..Default::default()
    };
    changed.update(app.db().write()).await.unwrap();
    let queued = entity::remap_queue::ActiveModel {
        integration_id: Set(contract.integration_id),
        kind: Set(match contract.source {
            ContractSource::Invoice => StripeKind::Invoice,
            ContractSource::Subscription => StripeKind::Subscription,
        }),
        stripe_id: Set(contract.stripe_id.clone()),
    };
    queued.insert(app.db().write()).await.unwrap();
    assert_eq!(reconcile(&app, &id).await["drift"], 0);
    assert_equals_truth(app.db(), app.sandbox(), |_| true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn paid_invoices_are_not_read_one_by_one_while_they_are_no_source() {
    let (app, id) = imported(Options::default()).await;
    switch_schedule_off(&app, &id).await;
    let only = "mutation($id: ID!) {
        updateSettings(input: {integrationId: $id, contractSources: [SUBSCRIPTION]}) { userErrors { code } }
    }";
    app.admin().mutate("updateSettings", only, json!({ "id": id })).await;
    pass(&app, Duration::from_mins(30));
    app.tick().await;
    ended(&app, "CATCH_UP", "SCHEDULE").await;
    app.sandbox().clear_requests();
    reconcile(&app, &id).await;
    let requests = app.sandbox().requests();
    // What a subscription owes is read with all its lines.
    let is_owed = |id: &str| {
        let invoice = app.sandbox().world().get(Kind::Invoice, id).unwrap();
        ["open", "uncollectible"].contains(&invoice["status"].as_str().unwrap())
    };
    let paths = requests.iter().map(|request| request.path_and_query.as_str());
    let of_one: Vec<&str> = paths
        .filter_map(|path| path.strip_prefix("/v1/invoices/"))
        .filter(|path| !path.split('/').next().is_some_and(is_owed))
        .collect();
    assert!(of_one.is_empty(), "{of_one:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_without_events_is_made_good_by_itself() {
    let (app, id) = imported(Options::default()).await;
    switch_schedule_off(&app, &id).await;
    app.stop_sync(&id).await;
    let world = app.sandbox().world();
    let (customers, products) = (ids(&app, Kind::Customer), ids(&app, Kind::Product));
    world.update(Kind::Customer, &customers[0], json!({ "name": "Renamed long ago" }));
    world.delete_customer(&customers[1]);
    world.update(Kind::Product, &products[0], json!({ "name": "Renamed long ago" }));
    let new = world.create_customer(json!({ "name": "New" }));
    world.create_paid_invoice(&new, world.now(), world.now());
    // Stripe lists events for thirty days.
    pass(&app, DAY * 31);
    app.admin().switch_sync(&id, true).await;
    app.tick().await;
    let run = ended(&app, "RECONCILE", "STARTUP").await;
    assert!(run["drift"].as_u64().unwrap() >= 5, "{run}");
    assert_equals_truth(app.db(), app.sandbox(), |_| true).await;
    assert_eq!(reconcile(&app, &id).await["drift"], 0);
    // Looks at the events go on from there.
    world.update(Kind::Customer, &customers[0], json!({ "name": "Renamed again" }));
    pass(&app, Duration::from_mins(30));
    app.tick().await;
    ended(&app, "CATCH_UP", "SCHEDULE").await;
    assert_equals_truth(app.db(), app.sandbox(), |_| true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn comparing_some_of_it_does_not_make_a_month_good() {
    let (app, id) = imported(Options::default()).await;
    switch_schedule_off(&app, &id).await;
    until("nothing is at work", async || {
        let open = runs(&app, "{state: [QUEUED, RUNNING, CANCELING]}").await;
        open.is_empty().then_some(())
    })
    .await;
    // The month passes while it is at work.
    let (clock, has_passed) = (app.clock.clone(), AtomicBool::new(false));
    app.sandbox().before_requests(move |_number, world| {
        if !has_passed.swap(true, Ordering::SeqCst) {
            let new = world.create_customer(json!({ "name": "New" }));
            world.create_paid_invoice(&new, world.now(), world.now());
            let month = DAY * 31;
            world.advance_clock(month.as_secs().try_into().unwrap());
            clock.advance(month);
        }
    });
    let start = "mutation($id: ID!) {
        startReconcile(input: {integrationId: $id, objects: [CUSTOMER]}) { run { id } userErrors { code } }
    }";
    app.admin().mutate("startReconcile", start, json!({ "id": id })).await;
    ended(&app, "RECONCILE", "MANUAL").await;
    app.tick().await;
    ended(&app, "RECONCILE", "STARTUP").await;
    assert_equals_truth(app.db(), app.sandbox(), |_| true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_paid_while_nobody_looked_is_here_whatever_the_window_says_now() {
    let app = TestApp::builder().sandbox(Options::default()).start().await;
    let id = app.admin().connect_stripe(app.sandbox().key(), 3).await;
    app.admin().import(&id).await;
    switch_schedule_off(&app, &id).await;
    app.stop_sync(&id).await;
    let world = app.sandbox().world();
    let customer = ids(&app, Kind::Customer).remove(0);
    pass(&app, DAY);
    let invoice = world.create_paid_invoice(&customer, world.now(), world.now());
    pass(&app, DAY * 35);
    app.admin().switch_sync(&id, true).await;
    app.tick().await;
    ended(&app, "RECONCILE", "STARTUP").await;
    let query = "query($id: String!) { contract(ref: {stripe: {stripeId: $id}}) { sourceStatus } }";
    let seen = app.graphql(query, json!({ "id": invoice })).await;
    assert_eq!(seen["contract"], json!({ "sourceStatus": "paid" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_due_at_night_and_no_oftener_than_the_allowance_pays_for() {
    let (app, id) = imported(Options::default()).await;
    let next = "query($id: ID!) { integration(id: $id) { nextRunAt settings { reconcileSchedule } } }";
    let shown = app.graphql(next, json!({ "id": id })).await;
    assert_eq!(shown["integration"]["settings"]["reconcileSchedule"], "0 3 * * *");
    let at_three = next_reconcile(&app).await - app.clock.now_ms();
    assert_eq!(at_three, 15 * 3_600_000);
    pass(&app, Duration::from_hours(16));
    app.tick().await;
    let run = ended(&app, "RECONCILE", "SCHEDULE").await;
    assert_eq!(run["drift"], 0, "{run}");
    // A quarter of ten thousand reads a month pays for 2,000 of them every 24 days.
    make_last_dear(&app, 2_000).await;
    let days = (next_reconcile(&app).await - app.clock.now_ms()) / i64::try_from(DAY.as_millis()).unwrap();
    assert_eq!(
        days, 24,
        "the night after 24 days, counted from the last one's beginning"
    );
}

/// When the next one is due, once that is settled: on PostgreSQL a tick passes over what another one has in hand.
async fn next_reconcile(app: &TestApp) -> i64 {
    until("the next reconcile is settled", async || {
        app.tick().await;
        integration(app).await.next_reconcile_at
    })
    .await
}

async fn integration(app: &TestApp) -> entity::integration::Model {
    let found = entity::integration::Entity::find().one(app.db().read()).await;
    found.unwrap().unwrap()
}

async fn make_last_dear(app: &TestApp, requests: i64) {
    let reconciles = entity::run::Entity::find().filter(entity::run::Column::Kind.eq(RunKind::Reconcile));
    let last = reconciles.one(app.db().read()).await.unwrap().unwrap();
    let dear = entity::run::ActiveModel {
        id: Set(last.id),
        stripe_requests: Set(requests),
        ..Default::default()
    };
    dear.update(app.db().write()).await.unwrap();
    let undecided = entity::integration::ActiveModel {
        id: Set(last.integration_id),
        next_reconcile_at: Set(None),
        ..Default::default()
    };
    undecided.update(app.db().write()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_clock_s_end_has_everything_compared() {
    let (app, id) = imported(Options::default()).await;
    let hooks = WebhookSender::connect(&app, &id).await;
    let event = json!({
        "id": "evt_clock", "object": "event", "api_version": "2026-10-28.endive", "created": app.clock.now().timestamp(), "livemode": false,
        "type": "test_helpers.test_clock.deleted", "data": { "object": { "id": "clock_1", "object": "test_helpers.test_clock" } },
    });
    hooks.send(&app, &event).await;
    let run = ended(&app, "RECONCILE", "EVENT").await;
    assert_eq!(run["drift"], 0, "{run}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_clock_s_end_is_not_forgotten_over_another_event_s_failure() {
    let (app, id) = imported(Options::default()).await;
    let hooks = WebhookSender::connect(&app, &id).await;
    hold_looks(&app, &id).await;
    pass(&app, Duration::from_secs(5));
    let world = app.sandbox().world();
    let customer = ids(&app, Kind::Customer).remove(0);
    world.update(Kind::Customer, &customer, json!({ "name": "Renamed" }));
    let clock = json!({ "id": "clock_1", "object": "test_helpers.test_clock" });
    world.tell_of("test_helpers.test_clock.deleted", clock);
    app.stop_sync(&id).await;
    for event in world.events_after(0) {
        hooks.send(&app, &thin(&event)).await;
    }
    // The customer has to be read, and Stripe refuses the key.
    app.sandbox().faults().fail_next(1, Fault::ServerError(401), None);
    switch_on_without_a_look(&app).await;
    until("the key is known to be refused", async || {
        app.tick().await;
        integration(&app).await.key_problem
    })
    .await;
    let queued = runs(&app, "{kind: [RECONCILE], trigger: [EVENT]}").await;
    assert_eq!(queued.len(), 1, "{queued:?}");
}

/// Turning it on by the API has a look at the events at once.
async fn switch_on_without_a_look(app: &TestApp) {
    let on = entity::integration::ActiveModel {
        id: Set(integration(app).await.id),
        sync_enabled: Set(true),
        ..Default::default()
    };
    on.update(app.db().write()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_somebody_asks_for_goes_before_it() {
    let (app, id) = imported(Options {
        customers: 400,
        invoices: 500,
        ..Options::default()
    })
    .await;
    app.sandbox().faults().set_latency(Duration::from_millis(60));
    let start = "mutation($id: ID!) { startReconcile(input: {integrationId: $id}) { run { id } userErrors { code } } }";
    let started = app.admin().mutate("startReconcile", start, json!({ "id": id })).await;
    let reconcile = started["run"]["id"].as_str().unwrap().to_owned();
    until("it is at work", async || {
        (app.admin().run(&reconcile).await["state"] == "RUNNING").then_some(())
    })
    .await;
    let import = app.admin().start_import(&id, &["CUSTOMER"]).await;
    app.admin().end_of_run(&import).await;
    let after = app.admin().run(&reconcile).await;
    assert_eq!(after["state"], "RUNNING", "it gave way and is not done yet");
    app.sandbox().faults().clear();
    assert_eq!(app.admin().end_of_run(&reconcile).await["state"], "SUCCEEDED");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_flow_while_an_import_is_at_work() {
    let (app, id) = imported(Options {
        customers: 400,
        invoices: 500,
        ..Options::default()
    })
    .await;
    let hooks = WebhookSender::connect(&app, &id).await;
    let customer = ids(&app, Kind::Customer).remove(0);
    app.sandbox().faults().set_latency(Duration::from_millis(100));
    let import = app
        .admin()
        .start_import(&id, &["CUSTOMER", "PRODUCT", "CONTRACT"])
        .await;
    until("it is at work", async || {
        (app.admin().run(&import).await["state"] == "RUNNING").then_some(())
    })
    .await;
    let world = app.sandbox().world();
    pass(&app, Duration::from_secs(5));
    world.update(Kind::Customer, &customer, json!({ "name": "Meanwhile" }));
    for event in world.events_after(0) {
        hooks.send(&app, &event).await;
    }
    let query = "query($id: String!) { client(ref: {stripe: {stripeId: $id}}) { name } }";
    until("the change is here", async || {
        let seen = app.graphql(query, json!({ "id": customer })).await;
        (seen["client"]["name"] == "Meanwhile").then_some(())
    })
    .await;
    assert_eq!(
        app.admin().run(&import).await["state"],
        "RUNNING",
        "the import is still at work"
    );
    app.sandbox().faults().clear();
    app.admin().end_of_run(&import).await;
    assert_equals_truth(app.db(), app.sandbox(), |_| true).await;
}
