//! The key is refused, or loses a right, in the middle of work: nothing is asked of Stripe any more, everybody is told, and with a good
//! key the work goes on where it was.

use std::time::Duration;

use entity::kind::{RunKind, RunState};
use sandbox::{Kind, Options};
use serde_json::{Value, json};

use super::support::{HOUR, MINUTE, QUICK, connected, integration, large, look, look_each_minute, mend, pass, runs};
use crate::support::{EVERYTHING, TestApp, WebhookSender, log, until};

const KEY: &str = "rk_test_TheFirstOfTwoKeys01";
const NEXT_KEY: &str = "rk_test_TheSecondOfTwoKeys1";
const RIGHTS: [&str; 10] = [
    "rak_customer_read",
    "rak_product_read",
    "rak_plan_read",
    "rak_coupon_read",
    "rak_invoice_read",
    "rak_subscription_read",
    "rak_credit_note_read",
    "rak_charge_read",
    "rak_event_read",
    "rak_accounts_kyc_id_numbers_read",
];
/// Each holds a page when the work stops.
const FETCHERS: usize = 8;

async fn connected_by(key: &str, options: Options) -> (TestApp, String) {
    let rights: Vec<String> = RIGHTS.map(str::to_owned).into();
    let options = Options {
        restricted_keys: [KEY, NEXT_KEY].map(|key| (key.to_owned(), rights.clone())).into(),
        ..options
    };
    let app = TestApp::builder()
        .sandbox(options)
        .config(|config| config.stripe_patience = QUICK);
    let app = app.start().await;
    let id = app.admin().connect_stripe(key, 3650).await;
    (app, id)
}

async fn imported_by(key: &str) -> (TestApp, String) {
    let (app, id) = connected_by(key, Options::default()).await;
    let run = app.admin().import(&id).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    look_each_minute(&app, &id).await;
    (app, id)
}

/// Puts a key in; gives the integration it belongs to.
async fn authenticate(app: &TestApp, key: &str) -> Value {
    let query = "mutation($key: String!) { authenticateStripe(input: {apiKey: $key}) { integration { id } userErrors { code } } }";
    let given = app
        .admin()
        .mutate("authenticateStripe", query, json!({ "key": key }))
        .await;
    given["integration"]["id"].clone()
}

/// The right is taken from the first key.
fn take(app: &TestApp, right: &str) {
    let rest: Vec<&str> = RIGHTS.into_iter().filter(|held| *held != right).collect();
    app.sandbox().restrict_key(KEY, &rest);
}

/// An import that has begun its contracts, one slow request after the other.
async fn begun(app: &TestApp, id: &str) -> String {
    app.sandbox().faults().set_latency(Duration::from_millis(40));
    app.sandbox().clear_requests();
    let run_id = app.admin().start_import(id, &EVERYTHING).await;
    until("contracts are read", async || {
        let run = app.admin().run(&run_id).await;
        (run["phases"][2]["seen"].as_u64().unwrap() > 0).then_some(())
    })
    .await;
    run_id
}

/// The schedule has stopped, says so, was logged once, and asks for nothing however much time passes.
async fn assert_stopped(app: &TestApp, id: &str, code: &str) {
    until("the schedule has stopped", async || integration(app).await.key_problem).await;
    until("nobody works any more", async || {
        let runs = entity_runs(app).await;
        runs.iter().all(|run| run.lease_owner.is_none()).then_some(())
    })
    .await;
    let asked = app.sandbox().request_count();
    for _ in 0..5 {
        pass(app, HOUR);
        app.tick().await;
    }
    let query = "query($id: ID!) { integration(id: $id) {
        nextRunAt syncLagSeconds setupChecklist { code done message } activeRuns { state }
    } }";
    let shown = app.graphql(query, json!({ "id": id })).await["integration"].take();
    assert_eq!(shown["nextRunAt"], json!(null));
    let steps = shown["setupChecklist"].as_array().unwrap();
    let step = steps.iter().find(|step| step["code"] == "CONNECT_STRIPE").unwrap();
    assert_eq!(step["done"], false, "{step}");
    assert!(
        step["message"].as_str().unwrap().contains("(authenticateStripe)"),
        "{step}"
    );
    assert_eq!(integration(app).await.key_problem.as_deref(), Some(code));
    assert_eq!(app.sandbox().request_count(), asked, "Stripe is left alone");
    let own = integration(app).await.id.simple().to_string();
    let alerts = log::lines_with(&["nothing is pulled until there is another key", &own]);
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    assert!(alerts[0].contains("ERROR"), "{alerts:?}");
}

async fn entity_runs(app: &TestApp) -> Vec<entity::run::Model> {
    use sea_orm::EntityTrait;
    entity::run::Entity::find().all(app.db().read()).await.unwrap()
}

fn pages_read_again(app: &TestApp) -> usize {
    let mut asked: Vec<String> = app
        .sandbox()
        .requests()
        .into_iter()
        .filter(|request| request.status == 200)
        .map(|request| request.path_and_query)
        .collect();
    asked.retain(|path| path.contains("starting_after") && !path.contains("/lines") && !path.starts_with("/v1/events"));
    let all = asked.len();
    asked.sort();
    asked.dedup();
    all - asked.len()
}

/// The same run goes on with the key and ends well.
async fn assert_goes_on(app: &TestApp, id: &str, run_id: &str, key: &str) {
    let stopped = app.admin().run(run_id).await;
    assert_eq!(stopped["state"], "RUNNING", "{stopped}");
    app.sandbox().faults().set_latency(Duration::ZERO);
    assert_eq!(authenticate(app, key).await, *id, "it is the same account");
    let run = app.admin().end_of_run(run_id).await;
    assert_eq!(
        (&run["state"], &run["failureCode"]),
        (&json!("SUCCEEDED"), &json!(null)),
        "{run}"
    );
    let again = pages_read_again(app);
    assert!(again <= FETCHERS, "{again} pages were read again");
    assert_eq!(run["phases"][0]["state"], "SUCCEEDED");
    look_each_minute(app, id).await;
    mend(app).await;
    app.prove(id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_whose_key_is_revoked_goes_on_with_the_next_one() {
    let (app, id) = connected_by(KEY, large()).await;
    let run_id = begun(&app, &id).await;
    app.sandbox().expire_key(KEY);
    assert_stopped(&app, &id, "KEY_REJECTED").await;
    assert_eq!(app.admin().run(&run_id).await["failureCode"], "KEY_REJECTED");
    assert_goes_on(&app, &id, &run_id, NEXT_KEY).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_whose_key_loses_a_right_goes_on_when_it_is_given_back() {
    let (app, id) = connected_by(KEY, large()).await;
    let run_id = begun(&app, &id).await;
    take(&app, "rak_invoice_read");
    assert_stopped(&app, &id, "KEY_PERMISSION_MISSING").await;
    let message = app.admin().run(&run_id).await["failureMessage"].take();
    assert!(message.as_str().unwrap().contains("'invoice_read'"), "{message}");
    app.sandbox().restrict_key(KEY, &RIGHTS);
    assert_goes_on(&app, &id, &run_id, KEY).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_goes_on_without_a_right_that_nobody_gives_back() {
    let (app, id) = connected_by(KEY, large()).await;
    let run_id = begun(&app, &id).await;
    take(&app, "rak_invoice_read");
    assert_stopped(&app, &id, "KEY_PERMISSION_MISSING").await;
    app.sandbox().faults().set_latency(Duration::ZERO);
    authenticate(&app, KEY).await;
    let run = app.admin().end_of_run(&run_id).await;
    assert_eq!(
        (&run["state"], &run["phases"][2]["state"]),
        (&json!("PARTIAL"), &json!("FAILED")),
        "{run}"
    );
    let query = "query($id: ID!) { integration(id: $id) { permissions { object granted } } }";
    let shown = app.graphql(query, json!({ "id": id })).await["integration"]["permissions"].take();
    let missing: Vec<&Value> = shown
        .as_array()
        .unwrap()
        .iter()
        .filter(|right| right["granted"] == false)
        .collect();
    assert_eq!(missing, [&json!({ "object": "invoices", "granted": false })]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_replaced_in_the_middle_of_work_is_not_missed() {
    let (app, id) = connected_by(KEY, large()).await;
    let run_id = begun(&app, &id).await;
    authenticate(&app, NEXT_KEY).await;
    app.sandbox().expire_key(KEY);
    let run = app.admin().end_of_run(&run_id).await;
    assert_eq!(
        (&run["state"], &run["failureCode"]),
        (&json!("SUCCEEDED"), &json!(null)),
        "{run}"
    );
    assert_eq!(
        integration(&app).await.key_problem,
        None,
        "the key that is there now is good"
    );
    app.sandbox().faults().set_latency(Duration::ZERO);
    app.prove(&id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_whose_key_is_revoked_or_loses_its_right_finds_everything_later() {
    for code in ["KEY_REJECTED", "KEY_PERMISSION_MISSING"] {
        let (app, id) = imported_by(KEY).await;
        app.sandbox().world().create_customer(json!({ "name": "Meanwhile" }));
        if code == "KEY_REJECTED" {
            app.sandbox().expire_key(KEY);
        } else {
            take(&app, "rak_event_read");
        }
        pass(&app, HOUR);
        app.tick().await;
        assert_stopped(&app, &id, code).await;
        let waiting = runs(&app, RunKind::CatchUp).await.remove(0);
        assert_eq!(
            (waiting.state, waiting.failure_code.as_deref()),
            (RunState::Running, Some(code))
        );
        authenticate(&app, NEXT_KEY).await;
        until("the look has ended", async || {
            let looks = runs(&app, RunKind::CatchUp).await;
            looks.iter().all(|run| run.state == RunState::Succeeded).then_some(())
        })
        .await;
        app.prove(&id).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_wait_for_the_next_key_when_what_they_name_cannot_be_read() {
    for code in ["KEY_REJECTED", "KEY_PERMISSION_MISSING"] {
        let (app, id) = imported_by(KEY).await;
        let hooks = WebhookSender::connect(&app, &id).await;
        let world = app.sandbox().world();
        let known = world.events_after(0).len();
        world.tell_in_old_version();
        let customers = world
            .truth(Kind::Customer)
            .into_iter()
            .filter(|customer| customer["deleted"] != true);
        for customer in customers {
            world.update(
                Kind::Customer,
                customer["id"].as_str().unwrap(),
                json!({ "name": "Renamed" }),
            );
        }
        if code == "KEY_REJECTED" {
            app.sandbox().expire_key(KEY);
        } else {
            take(&app, "rak_customer_read");
        }
        for event in world.events_after(known) {
            hooks.send(&app, &event).await;
        }
        assert_stopped(&app, &id, code).await;
        let errors = app.graphql("{ syncErrors { totalCount } }", json!({})).await;
        assert_eq!(errors["syncErrors"]["totalCount"], 0, "{code}: no object is to blame");
        authenticate(&app, NEXT_KEY).await;
        let query = "{ clients(filter: {search: \"Renamed\"}) { totalCount } }";
        until("the changes are here", async || {
            pass(&app, MINUTE);
            app.tick().await;
            let seen = app.graphql(query, json!({})).await["clients"]["totalCount"].as_u64();
            (seen? > 20).then_some(())
        })
        .await;
        look(&app).await;
        app.prove(&id).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_never_had_a_right_does_without_it() {
    let (app, id) = connected(large()).await;
    let rights: Vec<&str> = RIGHTS.into_iter().filter(|right| *right != "rak_coupon_read").collect();
    app.sandbox().restrict_key(KEY, &rights);
    assert_eq!(authenticate(&app, KEY).await, *id);
    let run = app.admin().import(&id).await;
    assert_eq!(run["state"], "PARTIAL", "{run}");
    assert_eq!(integration(&app).await.key_problem, None);
}
