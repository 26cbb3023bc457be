//! Deliveries that are not believed: not signed with the secret, not of this time, not meant for us.

use std::time::Duration;

use entity::integration;
use reqwest::{Method, StatusCode};
use sandbox::sign;
use sea_orm::{ActiveModelTrait, EntityTrait, Set};
use serde_json::{Value, json};

use super::support::{assert_answer, endpoint, event, kept};
use crate::settings::support::{insert, ready};
use crate::support::webhook::{SECRET, set_webhook_secret};
use crate::support::{Answer, TestApp, WebhookSender, connections};

const OTHER: &str = "whsec_anotherTestSecret0123456789";

/// Sends an event signed with these secrets.
async fn send_signed(app: &TestApp, hooks: &WebhookSender, id: &str, secrets: &[&str]) -> Answer {
    let body = event(app, id).to_string();
    let now = app.clock.now().timestamp();
    let signed = secrets.iter().map(|secret| sign(secret, now, &body));
    let signatures: Vec<String> = signed
        .map(|header| header.split_once(",v1=").unwrap().1.to_owned())
        .collect();
    let header = format!("t={now},v1={}", signatures.join(",v1="));
    hooks.post(&[("Stripe-Signature", &header)], body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_signed_with_the_secret_is_not_believed() {
    let (app, _id, hooks) = endpoint().await;
    let told = event(&app, "evt_1");
    let body = serde_json::to_string_pretty(&told).unwrap();
    let now = app.clock.now().timestamp();
    let good = sign(SECRET, now, &body);
    let hex = good.split_once(",v1=").unwrap().1.to_owned();
    let changed = body.replace("false", "true");
    let respelled = told.to_string();
    assert!(changed != body && respelled != body);
    let other = sign(OTHER, now, &body);
    let without_prefix = sign(SECRET.trim_start_matches("whsec_"), now, &body);
    for (shows, headers, body) in [
        ("no header", vec![], &body),
        ("an empty header", vec![String::new()], &body),
        ("another secret", vec![other.clone()], &body),
        ("the secret without its prefix", vec![without_prefix], &body),
        ("no secret at all", vec![sign("", now, &body)], &body),
        ("another body's", vec![sign(SECRET, now, &respelled)], &body),
        ("a changed body", vec![good.clone()], &changed),
        ("a re-serialised body", vec![good.clone()], &respelled),
        ("the decoy's scheme", vec![good.replace("v1=", "v0=")], &body),
        ("a scheme of later times", vec![good.replace("v1=", "v2=")], &body),
        ("the scheme in capitals", vec![good.replace("v1=", "V1=")], &body),
        ("no time", vec![format!("v1={hex}")], &body),
        ("another time", vec![format!("t={},v1={hex}", now + 1)], &body),
        ("the time spelled otherwise", vec![format!("t=+{now},v1={hex}")], &body),
        ("half a signature", vec![format!("t={now},v1={}", &hex[..32])], &body),
        ("a signature and more", vec![format!("t={now},v1={hex}00")], &body),
        ("no hex", vec![format!("t={now},v1=zz{hex}")], &body),
        ("two headers, both good", vec![good.clone(), good.clone()], &body),
        ("two headers, one good", vec![other, good.clone()], &body),
    ] {
        let headers: Vec<_> = headers
            .iter()
            .map(|header| ("Stripe-Signature", header.as_str()))
            .collect();
        let answer = hooks.post(&headers, body.clone()).await;
        assert_answer(&answer, StatusCode::BAD_REQUEST, shows);
    }
    assert!(kept(&app).await.is_empty());
    let row = integration::Entity::find().one(app.db().read()).await.unwrap();
    assert_eq!(row.unwrap().last_webhook_at, None, "nobody's noise makes looks rarer");
    let with_decoy = format!("{good},v0={hex},v2={hex}");
    let answer = hooks.post(&[("Stripe-Signature", &with_decoy)], body).await;
    assert_answer(&answer, StatusCode::OK, "signed, beside decoys");
    assert_eq!(kept(&app).await, ["evt_1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_is_of_these_five_minutes() {
    let (app, _id, hooks) = endpoint().await;
    let now = app.clock.now().timestamp();
    for (off, status) in [
        (-301, StatusCode::BAD_REQUEST),
        (301, StatusCode::BAD_REQUEST),
        (-86_400, StatusCode::BAD_REQUEST),
        (i64::MAX - now, StatusCode::BAD_REQUEST),
        (-300, StatusCode::OK),
        (300, StatusCode::OK),
    ] {
        let body = event(&app, &format!("evt_{off}")).to_string();
        let header = sign(SECRET, now + off, &body);
        let answer = hooks.post(&[("Stripe-Signature", &header)], body).await;
        assert_answer(&answer, status, &format!("{off} seconds"));
    }
    assert_eq!(kept(&app).await, ["evt_-300", "evt_300"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_can_be_used_for_five_minutes_and_then_no_more() {
    let (app, _id, hooks) = endpoint().await;
    let body = event(&app, "evt_1").to_string();
    let header = sign(SECRET, app.clock.now().timestamp(), &body);
    let again = async || hooks.post(&[("Stripe-Signature", &header)], body.clone()).await.status;
    assert_eq!(again().await, StatusCode::OK);
    app.clock.advance(Duration::from_mins(5));
    assert_eq!(again().await, StatusCode::OK, "a replay tells nothing new");
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(again().await, StatusCode::BAD_REQUEST);
    assert_eq!(kept(&app).await, ["evt_1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_secret_is_rolled_either_one_is_good() {
    let (app, id, hooks) = endpoint().await;
    set_webhook_secret(app.admin(), &id, Some(OTHER)).await;
    let send = async |event_id: &str, secrets: &[&str]| send_signed(&app, &hooks, event_id, secrets).await.status;
    assert_eq!(send("evt_old", &[SECRET]).await, StatusCode::OK);
    assert_eq!(send("evt_new", &[OTHER]).await, StatusCode::OK);
    assert_eq!(send("evt_both", &[SECRET, OTHER]).await, StatusCode::OK);
    assert_eq!(send("evt_neither", &["whsec_x"]).await, StatusCode::BAD_REQUEST);
    app.clock.advance(Duration::from_hours(12));
    set_webhook_secret(app.admin(), &id, Some(OTHER)).await;
    app.clock.advance(Duration::from_millis(12 * 3_600_000 - 1));
    assert_eq!(send("evt_old_still", &[SECRET]).await, StatusCode::OK);
    app.clock.advance(Duration::from_millis(1));
    assert_eq!(
        send("evt_old_late", &[SECRET]).await,
        StatusCode::BAD_REQUEST,
        "setting the same secret again prolongs nothing"
    );
    assert_eq!(send("evt_new_late", &[OTHER]).await, StatusCode::OK);
    assert_eq!(send("evt_both_late", &[SECRET, OTHER]).await, StatusCode::OK);
    let expected = [
        "evt_both",
        "evt_both_late",
        "evt_new",
        "evt_new_late",
        "evt_old",
        "evt_old_still",
    ];
    assert_eq!(kept(&app).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_that_are_off_believe_no_secret_of_before() {
    let (app, id, hooks) = endpoint().await;
    set_webhook_secret(app.admin(), &id, Some(OTHER)).await;
    set_webhook_secret(app.admin(), &id, None).await;
    for secret in [SECRET, OTHER, ""] {
        let answer = send_signed(&app, &hooks, "evt_1", &[secret]).await;
        assert_answer(&answer, StatusCode::NOT_FOUND, secret);
    }
    set_webhook_secret(app.admin(), &id, Some(OTHER)).await;
    let answer = send_signed(&app, &hooks, "evt_1", &[SECRET]).await;
    assert_answer(&answer, StatusCode::BAD_REQUEST, "turned off, it is forgotten at once");
    assert!(kept(&app).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_holds_sixteen_signatures_at_most() {
    let (app, _id, hooks) = endpoint().await;
    for (count, status) in [
        (1_000, StatusCode::BAD_REQUEST),
        (17, StatusCode::BAD_REQUEST),
        (16, StatusCode::OK),
    ] {
        let id = format!("evt_{count}");
        let secrets: Vec<&str> = std::iter::repeat_n(OTHER, count - 1).chain([SECRET]).collect();
        let answer = send_signed(&app, &hooks, &id, &secrets).await;
        assert_answer(&answer, status, &id);
    }
    assert_eq!(kept(&app).await, ["evt_16"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_integration_s_secret_is_none_of_another_s() {
    let (app, id, hooks) = endpoint().await;
    let second = insert(&app, ready()).await;
    let others = WebhookSender::to(&set_webhook_secret(app.admin(), &second, Some(OTHER)).await);
    for (hooks, secret) in [(&hooks, OTHER), (&others, SECRET)] {
        let answer = send_signed(&app, hooks, "evt_1", &[secret]).await;
        assert_answer(&answer, StatusCode::BAD_REQUEST, secret);
    }
    for (hooks, secret) in [(&hooks, SECRET), (&others, OTHER)] {
        let answer = send_signed(&app, hooks, "evt_1", &[secret]).await;
        assert_answer(&answer, StatusCode::OK, secret);
    }
    assert_eq!(kept(&app).await, ["evt_1", "evt_1"], "once for each: ids are Stripe's");
    assert_ne!(id, second);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_in_another_row_opens_nothing() {
    let (app, _id, hooks) = endpoint().await;
    let second = insert(&app, ready()).await;
    let others = WebhookSender::to(&set_webhook_secret(app.admin(), &second, Some(OTHER)).await);
    let rows = integration::Entity::find().all(app.db().read()).await.unwrap();
    for (row, other) in [(&rows[0], &rows[1]), (&rows[1], &rows[0])] {
        let swapped = integration::ActiveModel {
            id: Set(row.id),
            webhook_secret: Set(other.webhook_secret.clone()),
            ..Default::default()
        };
        swapped.update(app.db().write()).await.unwrap();
    }
    for (hooks, secret) in [(&hooks, OTHER), (&hooks, SECRET), (&others, OTHER), (&others, SECRET)] {
        let answer = send_signed(&app, hooks, "evt_1", &[secret]).await;
        assert_answer(&answer, StatusCode::SERVICE_UNAVAILABLE, secret);
        assert_eq!(answer.headers["retry-after"], "10");
    }
    assert!(kept(&app).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_no_endpoint_elsewhere_and_no_method_but_post() {
    let (app, id, hooks) = endpoint().await;
    let url = hooks.url();
    let http = connections();
    for method in ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"] {
        let request = http.request(Method::from_bytes(method.as_bytes()).unwrap(), url);
        let answer = request.header("X-HTTP-Method-Override", "POST").send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{method}");
        assert_eq!(answer.headers()["allow"], "POST", "{method}");
    }
    let run = app.admin().start_import(&id, &["PRODUCT"]).await;
    let bare = id.split_once('_').unwrap().1;
    let unknown = id.replace(bare, &"0".repeat(32));
    for elsewhere in [
        &unknown,
        &run,
        bare,
        "x",
        "",
        &id.to_uppercase(),
        &format!("{id}/"),
        "%00",
    ] {
        let hooks = WebhookSender::to(&url.replace(&id, elsewhere));
        let answer = hooks.deliver(&app, &event(&app, "evt_1")).await;
        assert_answer(&answer, StatusCode::NOT_FOUND, elsewhere);
    }
    assert!(kept(&app).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disconnected_account_has_no_endpoint() {
    let (app, id, hooks) = endpoint().await;
    let name = "query($id: ID!) { integration(id: $id) { name } }";
    let name = app.graphql(name, json!({ "id": id })).await["integration"]["name"].take();
    let disconnect = "mutation($id: ID!, $name: String!) {
        disconnectStripe(input: {integrationId: $id, confirmName: $name}) { userErrors { code } }
    }";
    let variables = json!({ "id": id, "name": name });
    app.admin().mutate("disconnectStripe", disconnect, variables).await;
    let answer = hooks.deliver(&app, &event(&app, "evt_1")).await;
    assert_answer(&answer, StatusCode::NOT_FOUND, "disconnected");
    assert!(kept(&app).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_signatures_are_is_the_same_to_stripe_s_own_library() {
    // The vectors lie beside the checkout they were made for, and only there.
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../shared/stripe/fixtures/synthetic/webhook_signature_vectors.json"
    );
    let Ok(text) = std::fs::read_to_string(path) else {
        return;
    };
    let all: Value = serde_json::from_str(&text).unwrap();
    let vectors = all["vectors"].as_array().unwrap();
    assert!(vectors.len() >= 10, "{path}");
    for vector in vectors {
        let text = |name: &str| vector[name].as_str().unwrap();
        let secrets = vector["secrets"].as_array().unwrap().iter();
        let secrets: Vec<secrecy::SecretString> = secrets
            .map(|secret| secrecy::SecretString::from(secret.as_str().unwrap()))
            .collect();
        let now = vector["now"].as_i64().unwrap();
        let verdict = tributary::stripe::signature::verify(text("header"), text("payload").as_bytes(), &secrets, now);
        assert_eq!(Value::from(verdict.is_ok()), vector["valid"], "{}", text("name"));
    }
}
