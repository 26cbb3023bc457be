//! The import: what Stripe has is here, record by record, whatever happens on the way.

use entity::{contract, source_object, sync_error};
use sandbox::{Fault, Kind, Options};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::{Value, json};

use crate::support::program::{self, Serving};
use crate::support::{Client, EVERYTHING, TestApp, TestDatabase, assert_equals_truth, until};

const ALL_OF_THE_PAST: i32 = 3650;

async fn connected(options: Options, days: i32) -> (TestApp, String) {
    let app = TestApp::builder().sandbox(options).start().await;
    let id = app.admin().connect_stripe(app.sandbox().key(), days).await;
    (app, id)
}

fn world() -> Options {
    Options {
        customers: 260,
        products: 12,
        invoices: 700,
        subscriptions: 240,
        ..Options::default()
    }
}

fn assert_adds_up(run: &Value) {
    for phase in run["phases"].as_array().unwrap() {
        let count = |name: &str| phase[name].as_u64().unwrap();
        let parts = ["created", "updated", "unchanged", "skipped", "failed"].map(count);
        assert_eq!(count("seen"), parts.iter().sum::<u64>(), "{phase}");
    }
}

fn total(run: &Value, name: &str) -> u64 {
    run["phases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|phase| phase[name].as_u64().unwrap())
        .sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_stripe_has_is_here_and_a_second_import_changes_nothing() {
    let (app, id) = connected(world(), ALL_OF_THE_PAST).await;
    let first = app.admin().import(&id).await;
    assert_eq!(first["state"], "SUCCEEDED", "{first}");
    assert_adds_up(&first);
    assert_equals_truth(app.db(), app.sandbox(), |_| true).await;

    let before = contract::Entity::find().all(app.db().read()).await.unwrap();
    let second = app.admin().import(&id).await;
    assert_eq!(second["state"], "SUCCEEDED", "{second}");
    assert_adds_up(&second);
    assert_eq!(
        (
            total(&second, "created"),
            total(&second, "updated"),
            total(&second, "failed")
        ),
        (0, 0, 0),
        "{second}"
    );
    assert_eq!(contract::Entity::find().all(app.db().read()).await.unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_was_created_or_paid_inside_the_window_is_kept() {
    for days in [0, 7, 30] {
        let (app, id) = connected(world(), days).await;
        let run = app.admin().import(&id).await;
        assert_eq!(run["state"], "SUCCEEDED", "{run}");
        let window_start = app.sandbox().world().now() - i64::from(days) * 86_400;
        let is_kept = |invoice: &Value| {
            let paid_at = invoice["status_transitions"]["paid_at"].as_i64();
            [invoice["created"].as_i64(), paid_at]
                .into_iter()
                .flatten()
                .any(|at| at >= window_start)
        };
        assert_equals_truth(app.db(), app.sandbox(), is_kept).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_object_fails_alone_and_is_settled_when_it_is_mended() {
    let (app, id) = connected(world(), ALL_OF_THE_PAST).await;
    let world = app.sandbox().world();
    let good = world
        .truth(Kind::Invoice)
        .into_iter()
        .find(|invoice| invoice["status"] == "paid" && invoice["total"] != 0)
        .unwrap();
    let stripe_id = good["id"].as_str().unwrap();
    let mut bad = good.clone();
    bad["total"] = json!("a lot");
    world.poison(Kind::Invoice, stripe_id, bad);
    let run = app.admin().import(&id).await;
    assert_eq!((&run["state"], total(&run, "failed")), (&json!("PARTIAL"), 1), "{run}");
    assert_adds_up(&run);
    let query = "query($resolved: Boolean) { syncErrors(filter: {resolved: $resolved}) { nodes { kind stripeId code attempts run { id } } } }";
    let open = app.graphql(query, json!({ "resolved": false })).await;
    let expected = json!([{ "kind": "INVOICE", "stripeId": stripe_id, "code": "INVALID_OBJECT", "attempts": 1, "run": { "id": run["id"] } }]);
    assert_eq!(open["syncErrors"]["nodes"], expected);

    world.poison(Kind::Invoice, stripe_id, good.clone());
    let run = app.admin().import(&id).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    assert_eq!(
        sync_error::Entity::find()
            .filter(sync_error::Column::ResolvedAt.is_null())
            .count(app.db().read())
            .await
            .unwrap(),
        0
    );
    assert_equals_truth(app.db(), app.sandbox(), |_| true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_on_the_way_is_asked_for_again() {
    let (app, id) = connected(world(), ALL_OF_THE_PAST).await;
    for (fault, path) in [
        (Fault::RateLimited, "/v1/customers"),
        (Fault::LockTimeout, "/v1/customers"),
        (Fault::ServerError(500), "/v1/products"),
        (Fault::ServerError(503), "/v1/prices"),
        (Fault::Reset, "/v1/prices"),
        (Fault::TruncatedJson, "/v1/invoices"),
        (Fault::HalfBody, "/v1/invoices"),
        (Fault::Html, "/v1/subscriptions"),
        (Fault::SlowBody, "/v1/events"),
        (Fault::EmptyPageWithMore, "/v1/subscriptions"),
    ] {
        app.sandbox().faults().fail_next(1, fault, Some(path));
    }
    let run = app.admin().import(&id).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    assert_equals_truth(app.db(), app.sandbox(), |_| true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_depends_on_the_date_header() {
    for (offset, omit) in [(-3, false), (3, false), (0, true)] {
        let (app, id) = connected(Options::default(), ALL_OF_THE_PAST).await;
        app.sandbox().faults().set_date_offset(offset);
        app.sandbox().faults().omit_date(omit);
        for _ in 0..2 {
            let run = app.admin().import(&id).await;
            assert_eq!(run["state"], "SUCCEEDED", "{run}");
        }
        assert_equals_truth(app.db(), app.sandbox(), |_| true).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_noun_can_be_imported_alone() {
    let (app, id) = connected(world(), ALL_OF_THE_PAST).await;
    for object in ["CONTRACT", "PRODUCT", "CUSTOMER"] {
        let run = app.admin().start_import(&id, &[object]).await;
        let run = app.admin().end_of_run(&run).await;
        assert_eq!(run["state"], "SUCCEEDED", "{run}");
        assert_eq!(run["phases"].as_array().unwrap().len(), 1, "{run}");
    }
    assert_equals_truth(app.db(), app.sandbox(), |_| true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_import_at_a_time_and_the_same_key_gives_the_same_run() {
    let (app, id) = connected(world(), ALL_OF_THE_PAST).await;
    app.sandbox()
        .faults()
        .set_latency(std::time::Duration::from_millis(200));
    let start = "mutation($id: ID!, $key: String, $objects: [SyncObject!]!) {
        startImport(input: {integrationId: $id, objects: $objects, idempotencyKey: $key}) { run { id } userErrors { code } }
    }";
    let ask = async |key: Option<&str>, objects: &[&str]| {
        app.graphql(start, json!({ "id": id, "key": key, "objects": objects }))
            .await["startImport"]
            .take()
    };
    let first = ask(Some("k"), &EVERYTHING).await;
    let run_id = first["run"]["id"].as_str().unwrap();
    assert_eq!(ask(Some("k"), &EVERYTHING).await["run"]["id"], run_id);
    assert_eq!(
        ask(Some("k"), &["PRODUCT"]).await["userErrors"],
        json!([{ "code": "IDEMPOTENCY_MISMATCH" }])
    );
    assert_eq!(
        ask(None, &EVERYTHING).await["userErrors"],
        json!([{ "code": "RUN_IN_PROGRESS" }])
    );
    assert_eq!(ask(None, &[]).await["userErrors"], json!([{ "code": "REQUIRED" }]));

    let cancel = "mutation($id: ID!) { cancelRun(input: {id: $id}) { run { state } userErrors { code } } }";
    for _ in 0..2 {
        assert_eq!(
            app.graphql(cancel, json!({ "id": run_id })).await["cancelRun"]["userErrors"],
            json!([])
        );
    }
    assert_eq!(app.admin().end_of_run(run_id).await["state"], "CANCELED");
    app.sandbox().faults().set_latency(std::time::Duration::ZERO);
    let again = app.admin().import(&id).await;
    assert_eq!(again["state"], "SUCCEEDED", "{again}");
    let ended = app.graphql(cancel, json!({ "id": again["id"] })).await;
    assert_eq!(ended["cancelRun"]["userErrors"], json!([{ "code": "RUN_NOT_ACTIVE" }]));
    assert_equals_truth(app.db(), app.sandbox(), |_| true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn switched_off_it_waits_and_switched_on_it_goes_on() {
    let (app, id) = connected(world(), ALL_OF_THE_PAST).await;
    app.sandbox()
        .faults()
        .set_latency(std::time::Duration::from_millis(100));
    let run_id = app.admin().start_import(&id, &EVERYTHING).await;
    until("something is here", async || {
        let stored = source_object::Entity::find().count(app.db().read()).await.unwrap();
        (stored > 0).then_some(())
    })
    .await;
    app.stop_sync(&id).await;
    let asked = app.sandbox().request_count();
    let refused = app.graphql(
        "mutation($id: ID!) { startImport(input: {integrationId: $id}) { userErrors { code } } }",
        json!({ "id": id }),
    );
    assert_eq!(
        refused.await["startImport"]["userErrors"],
        json!([{ "code": "SYNC_DISABLED" }])
    );
    assert_eq!(app.admin().run(&run_id).await["state"], "RUNNING");
    app.sandbox().faults().set_latency(std::time::Duration::ZERO);
    app.admin().switch_sync(&id, true).await;
    let run = app.admin().end_of_run(&run_id).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    assert!(app.sandbox().request_count() > asked);
    assert_adds_up(&run);
    assert_equals_truth(app.db(), app.sandbox(), |_| true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_removed_meanwhile_is_not_held_for_read() {
    let (app, id) = connected(world(), ALL_OF_THE_PAST).await;
    app.sandbox().faults().set_latency(std::time::Duration::from_millis(50));
    let run_id = app.admin().start_import(&id, &EVERYTHING).await;
    until("something is here", async || {
        let stored = source_object::Entity::find().count(app.db().read()).await.unwrap();
        (stored > 0).then_some(())
    })
    .await;
    let only = "mutation($id: ID!) {
        updateSettings(input: {integrationId: $id, contractSources: [SUBSCRIPTION]}) { userErrors { code } }
    }";
    app.admin().mutate("updateSettings", only, json!({ "id": id })).await;
    app.sandbox().faults().set_latency(std::time::Duration::ZERO);
    assert_eq!(app.admin().end_of_run(&run_id).await["state"], "SUCCEEDED");
    let integration = entity::integration::Entity::find().one(app.db().read()).await.unwrap();
    assert_eq!(integration.unwrap().covered_from, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_direction_keeps_sources_and_writes_no_records() {
    let (app, id) = connected(world(), ALL_OF_THE_PAST).await;
    let direct = "mutation($id: ID!, $to: SyncDirection!) { updateCustomerMapping(input: {integrationId: $id, direction: $to}) { userErrors { code } } }";
    app.admin()
        .mutate("updateCustomerMapping", direct, json!({ "id": id, "to": "DISABLED" }))
        .await;
    let run = app.admin().import(&id).await;
    assert_eq!(run["phases"][0]["skipped"], run["phases"][0]["seen"], "{run}");
    let counts = "{ clients { totalCount } waiting: contracts(filter: {linked: false}) { totalCount } all: contracts { totalCount } }";
    let disabled = app.graphql(counts, json!({})).await;
    assert_eq!(disabled["clients"]["totalCount"], 0);
    assert_eq!(disabled["waiting"], disabled["all"]);

    app.admin()
        .mutate("updateCustomerMapping", direct, json!({ "id": id, "to": "PULL" }))
        .await;
    app.admin().import(&id).await;
    assert_equals_truth(app.db(), app.sandbox(), |_| true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_goes_on_where_it_was() {
    let sandbox = sandbox::Sandbox::start(world()).await.unwrap();
    let database = TestDatabase::create().await;
    let token = program::token_of_admin(&database);
    let flags = [
        "--database-url",
        database.url(),
        "--stripe-api-base",
        &sandbox.base_url(),
        "--stripe-rate-limit",
        "0",
        "--stripe-endpoint-rate-limit",
        "0",
    ];
    sandbox.faults().set_latency(std::time::Duration::from_millis(30));
    let mut serving = Serving::start(database.folder(), &flags);
    let client = |serving: &mut Serving| Client::new(&serving.address()).with_token(&token);
    let id = client(&mut serving)
        .connect_stripe(sandbox.key(), ALL_OF_THE_PAST)
        .await;
    let run_id = client(&mut serving).start_import(&id, &EVERYTHING).await;
    let db = database.open().await;
    for part in [1, 3, 5] {
        until("some more is here", async || {
            let stored = source_object::Entity::find().count(db.read()).await.unwrap();
            (stored > part * 100).then_some(())
        })
        .await;
        serving.kill();
        serving = Serving::start(database.folder(), &flags);
    }
    let run = client(&mut serving).end_of_run(&run_id).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    assert_adds_up(&run);
    assert_equals_truth(&db, &sandbox, |_| true).await;
    assert_eq!(sandbox.non_get_count(), 0);
}
