//! Authenticating Stripe with keys of every kind, and disconnecting it.

use entity::integration;
use sandbox::Options;
use sea_orm::{ActiveModelTrait, EntityTrait, PaginatorTrait, Set};
use serde_json::{Value, json};

use crate::support::program::{self, Serving};
use crate::support::{Client, TestApp, TestDatabase, log};

const CONNECT: &str = "mutation($key: String!, $name: String) {
    authenticateStripe(input: {apiKey: $key, name: $name}) {
        integration { id name livemode connected keyDisplay syncEnabled permissions { object granted required hint } }
        userErrors { field code }
    }
}";

async fn connect(app: &TestApp, key: &str, name: Option<&str>) -> Value {
    app.graphql(CONNECT, json!({ "key": key, "name": name })).await["authenticateStripe"].take()
}

async fn app_with(restricted_keys: Vec<(String, Vec<String>)>) -> TestApp {
    TestApp::builder()
        .sandbox(Options {
            restricted_keys,
            ..Options::default()
        })
        .start()
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_keys_are_told_apart_and_nothing_is_stored_or_sent() {
    let app = app_with(Vec::new()).await;
    let long = format!("sk_test_{}", "a".repeat(10_240));
    for (key, code) in [
        ("", "REQUIRED"),
        ("   ", "REQUIRED"),
        ("pk_test_51H8abcdefghijklmnop", "KEY_PUBLISHABLE"),
        ("whsec_51H8abcdefghijklmnopq", "KEY_UNSUPPORTED"),
        ("ek_test_51H8abcdefghijklmnop", "KEY_UNSUPPORTED"),
        ("sk_org_51H8abcdefghijklmnop", "KEY_UNSUPPORTED"),
        ("sk_test_short", "KEY_MALFORMED"),
        (" sk_test_51H8abcdefghijklmnop", "KEY_MALFORMED"),
        ("sk_test_51H8abcdefghijklmnop\r\nX-Evil: 1", "KEY_MALFORMED"),
        ("sk_test_51H8аbcdefghijklmnop", "KEY_MALFORMED"),
        ("hello", "KEY_MALFORMED"),
        (&long, "KEY_MALFORMED"),
    ] {
        let answer = connect(&app, key, None).await;
        assert_eq!(
            answer["userErrors"],
            json!([{ "field": ["apiKey"], "code": code }]),
            "{key:?}"
        );
    }
    assert_eq!(app.sandbox().request_count(), 0);
    let unknown = connect(&app, "sk_test_51H8NobodyKnowsThisOne", None).await;
    assert_eq!(unknown["userErrors"][0]["code"], "KEY_REJECTED");
    let live = connect(&app, "sk_live_51H8abcdefghijklmnop", None).await;
    assert_eq!(live["userErrors"][0]["code"], "KEY_REJECTED");
    assert_eq!(integration::Entity::find().count(app.db().read()).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn live_and_test_never_meet_in_one_database() {
    let app = app_with(Vec::new()).await;
    connect(&app, app.sandbox().key(), None).await;
    let asked = app.sandbox().request_count();
    let live = connect(&app, "sk_live_51H8abcdefghijklmnop", None).await;
    assert_eq!(
        live["userErrors"],
        json!([{ "field": ["apiKey"], "code": "KEY_MODE_MISMATCH" }])
    );
    assert_eq!(app.sandbox().request_count(), asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_sealed_and_shown_by_its_ends_only() {
    let app = app_with(Vec::new()).await;
    let key = app.sandbox().key().to_owned();
    let connected = connect(&app, &key, Some("Ours")).await["integration"].take();
    assert_eq!(
        (&connected["name"], &connected["connected"], &connected["livemode"]),
        (&json!("Ours"), &json!(true), &json!(false))
    );
    assert_eq!(connected["keyDisplay"], format!("sk_test_…{}", &key[key.len() - 4..]));
    let row = integration::Entity::find().one(app.db().read()).await.unwrap().unwrap();
    let sealed = row.key_sealed.unwrap();
    assert_eq!(sealed.first(), Some(&1), "the version byte");
    assert!(!String::from_utf8_lossy(&sealed).contains(&key[8..]));
    // The same account again is the same integration.
    let again = connect(&app, &key, None).await["integration"].take();
    assert_eq!((&again["id"], &again["name"]), (&connected["id"], &connected["name"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_stripe_takes_settles_what_was_wrong_with_the_one_before() {
    let app = app_with(Vec::new()).await;
    let key = app.sandbox().key().to_owned();
    connect(&app, &key, None).await;
    let known = integration::Entity::find().one(app.db().read()).await.unwrap().unwrap();
    let refused = integration::ActiveModel {
        id: Set(known.id),
        key_problem: Set(Some("KEY_REJECTED".to_owned())),
        key_problem_message: Set(Some("Expired.".to_owned())),
        ..Default::default()
    };
    refused.update(app.db().write()).await.unwrap();
    connect(&app, &key, None).await;
    let row = integration::Entity::find().one(app.db().read()).await.unwrap().unwrap();
    assert_eq!((row.key_problem, row.key_problem_message), (None, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restricted_key_shows_what_it_lacks_and_holds_sync_back() {
    let some = "rk_test_51H8OnlyCustomersAndProducts".to_owned();
    let none = "rk_test_51H8NothingAtAllAtAll".to_owned();
    let rights = vec!["rak_customer_read".to_owned(), "rak_product_read".to_owned()];
    let app = app_with(vec![(some.clone(), rights), (none.clone(), Vec::new())]).await;
    assert_eq!(
        connect(&app, &none, None).await["userErrors"][0]["code"],
        "KEY_PERMISSION_MISSING"
    );
    let connected = connect(&app, &some, None).await["integration"].take();
    let granted = |object: &str| {
        let permissions = connected["permissions"].as_array().unwrap();
        permissions
            .iter()
            .find(|permission| permission["object"] == object)
            .unwrap()["granted"]
            .clone()
    };
    assert_eq!(
        [granted("customers"), granted("products"), granted("invoices")],
        [json!(true), json!(true), json!(false)]
    );
    let switch = "mutation($id: ID!) { setSyncEnabled(input: {integrationId: $id, enabled: true}) { userErrors { code message } } }";
    let refused = app.graphql(switch, json!({ "id": connected["id"] })).await["setSyncEnabled"]["userErrors"].take();
    assert_eq!(refused[0]["code"], "SETUP_INCOMPLETE");
    assert!(
        refused[0]["message"].as_str().unwrap().contains("KEY_PERMISSIONS"),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn restricted_keys_can_be_refused_altogether() {
    let app = TestApp::builder()
        .config(|config| config.require_secret_key = true)
        .sandbox(Options::default())
        .start()
        .await;
    let answer = connect(&app, "rk_test_51H8abcdefghijklmnop", None).await;
    assert_eq!(answer["userErrors"][0]["code"], "KEY_UNSUPPORTED");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_stripe_is_told_and_nothing_is_stored() {
    let app = TestApp::builder()
        .config(|config| config.stripe_api_base = "http://127.0.0.1:9".parse().unwrap())
        .start()
        .await;
    let answer = connect(&app, "sk_test_51H8abcdefghijklmnop", None).await;
    assert_eq!(
        answer["userErrors"],
        json!([{ "field": ["apiKey"], "code": "STRIPE_UNAVAILABLE" }])
    );
    assert_eq!(integration::Entity::find().count(app.db().read()).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_the_document_is_refused() {
    let app = app_with(Vec::new()).await;
    let literal =
        r#"mutation { authenticateStripe(input: {apiKey: "sk_test_51H8abcdefghijklmnop"}) { userErrors { code } } }"#;
    let response = app.admin().response(literal, json!({})).await;
    assert_eq!(
        response["errors"][0]["extensions"]["code"], "BAD_USER_INPUT",
        "{response}"
    );
    assert_eq!(app.sandbox().request_count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_a_default_is_refused_even_where_a_variable_is_given() {
    let app = app_with(Vec::new()).await;
    let answer = "{ integration { id } userErrors { code } }";
    let key = app.sandbox().key().to_owned();
    for (document, variables) in [
        (
            format!("mutation($key: String! = \"{key}\") {{ authenticateStripe(input: {{apiKey: $key}}) {answer} }}"),
            json!({}),
        ),
        (
            format!(
                "mutation($input: AuthenticateStripeInput! = {{apiKey: \"{key}\"}}) {{ authenticateStripe(input: $input) {answer} }}"
            ),
            json!({}),
        ),
        (
            format!(
                "mutation($key: String! = \"anything\") {{ authenticateStripe(input: {{apiKey: $key}}) {answer} }}"
            ),
            json!({ "key": key }),
        ),
        (
            format!("mutation {{ authenticateStripe(input: {{apiKey: \"{key}\"}} {answer} }}"),
            json!({}),
        ),
    ] {
        let response = app.admin().post(&document, variables).await.text;
        assert!(
            response.contains("BAD_USER_INPUT") && !response.contains(&key),
            "{response}"
        );
        assert!(!response.contains("\"data\""), "nothing was executed: {response}");
    }
    assert_eq!(app.sandbox().request_count(), 0);
    assert_eq!(log::lines_with(&[&key]), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_a_document_is_not_logged_however_much_is() {
    let database = TestDatabase::create().await;
    let token = program::token_of_admin(&database);
    let mut serving = Serving::start(database.folder(), &["--database-url", database.url(), "--log", "trace"]);
    let client = Client::new(&serving.address()).with_token(&token);
    let key = "sk_test_51H8NobodyMayReadThisOne";
    for document in [
        format!("mutation {{ authenticateStripe(input: {{apiKey: \"{key}\"}}) {{ userErrors {{ code }} }} }}"),
        format!(
            "mutation($key: String! = \"{key}\") {{ authenticateStripe(input: {{apiKey: $key}}) {{ userErrors {{ code }} }} }}"
        ),
        format!("{{ {key} }}"),
        format!("{{ viewer(key: \"{key}\""),
    ] {
        let answer = client.post(&document, json!({})).await.text;
        assert!(answer.contains("BAD_USER_INPUT") && !answer.contains(key), "{answer}");
    }
    serving.terminate();
    let said = serving.all_it_said();
    assert!(said.contains("TRACE") && !said.contains(key), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn disconnecting_destroys_the_key_and_keeps_the_records() {
    let app = app_with(Vec::new()).await;
    let id = app.admin().connect_stripe(app.sandbox().key(), 3650).await;
    app.admin().import(&id).await;
    let disconnect = "mutation($id: ID!, $name: String!) {
        disconnectStripe(input: {integrationId: $id, confirmName: $name}) {
            integration { connected keyDisplay syncEnabled } userErrors { field code }
        }
    }";
    let wrong = app
        .graphql(disconnect, json!({ "id": id, "name": "something else" }))
        .await["disconnectStripe"]
        .take();
    assert_eq!(
        wrong["userErrors"],
        json!([{ "field": ["confirmName"], "code": "INVALID" }])
    );
    let name = app.graphql("{ integrations { name } }", json!({})).await["integrations"][0]["name"].take();
    let gone = app.graphql(disconnect, json!({ "id": id, "name": name })).await["disconnectStripe"].take();
    assert_eq!(
        gone["integration"],
        json!({ "connected": false, "keyDisplay": null, "syncEnabled": false })
    );
    assert!(
        app.graphql("{ clients { totalCount } }", json!({})).await["clients"]["totalCount"]
            .as_u64()
            .unwrap()
            > 0
    );
    let reconnected = connect(&app, app.sandbox().key(), None).await["integration"].take();
    assert_eq!(
        (&reconnected["id"], &reconnected["connected"]),
        (&json!(id), &json!(true))
    );
}
