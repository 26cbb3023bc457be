//! Deliveries that are signed and yet no use: too large, no event, cut off, of another account.

use entity::kind::EventOutcome;
use reqwest::StatusCode;
use sandbox::sign;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::support::{assert_answer, endpoint, event, kept};
use crate::support::webhook::{SECRET, inbox, thin, until_taken_out};
use crate::support::{Answer, TestApp, WebhookSender};

const MEBIBYTE: usize = 1024 * 1024;

/// Sends any text, signed.
async fn send_text(app: &TestApp, hooks: &WebhookSender, body: &str) -> Answer {
    let header = sign(SECRET, app.clock.now().timestamp(), body);
    hooks.post(&[("Stripe-Signature", &header)], body.to_owned()).await
}

/// An event's JSON made longer with spaces.
fn padded(app: &TestApp, id: &str, bytes: usize) -> String {
    let text = event(app, id).to_string();
    format!("{text}{}", " ".repeat(bytes - text.len()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_has_a_mebibyte_at_most() {
    let (app, _id, hooks) = endpoint().await;
    let answer = send_text(&app, &hooks, &padded(&app, "evt_1", MEBIBYTE)).await;
    assert_answer(&answer, StatusCode::OK, "a mebibyte");
    let answer = send_text(&app, &hooks, &padded(&app, "evt_2", MEBIBYTE + 1)).await;
    assert_answer(&answer, StatusCode::PAYLOAD_TOO_LARGE, "a byte more");
    assert_eq!(kept(&app).await, ["evt_1"]);
}

/// Sends a delivery of this body byte by byte as told; gives the first line of the answer, empty where there is none.
async fn send_raw(app: &TestApp, hooks: &WebhookSender, signed: &str, framing: &str, parts: &[&str]) -> String {
    let path = hooks.url().split_once(&app.address().to_string()).unwrap().1;
    let signature = sign(SECRET, app.clock.now().timestamp(), signed);
    let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\nStripe-Signature: {signature}\r\n{framing}\r\n\r\n");
    let mut socket = TcpStream::connect(app.address()).await.unwrap();
    socket.write_all(head.as_bytes()).await.unwrap();
    for part in parts {
        // The server may have answered and closed by now, which is what is looked for.
        if socket.write_all(part.as_bytes()).await.is_err() {
            break;
        }
    }
    let _closed_already = socket.shutdown().await;
    let mut text = Vec::new();
    let _reset = socket.read_to_end(&mut text).await;
    let text = String::from_utf8_lossy(&text);
    text.lines().next().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_no_told_length_is_held_to_the_same() {
    let (app, _id, hooks) = endpoint().await;
    let body = event(&app, "evt_1").to_string();
    let (first, second) = body.split_at(body.len() / 2);
    let chunk = |text: &str| format!("{:x}\r\n{text}\r\n", text.len());
    let (first, second) = (chunk(first), chunk(second));
    let chunked = "transfer-encoding: chunked";
    let line = send_raw(&app, &hooks, &body, chunked, &[&first, &second, "0\r\n\r\n"]).await;
    assert_eq!(line, "HTTP/1.1 200 OK");
    let spaces = chunk(&" ".repeat(MEBIBYTE / 8));
    let line = send_raw(&app, &hooks, &body, chunked, &[spaces.as_str(); 9]).await;
    assert_eq!(line, "HTTP/1.1 413 Payload Too Large");
    assert_eq!(kept(&app).await, ["evt_1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_breaks_off_is_not_taken() {
    let (app, _id, hooks) = endpoint().await;
    let body = event(&app, "evt_1").to_string();
    let framing = format!("content-length: {}", body.len() + 1);
    let line = send_raw(&app, &hooks, &body, &framing, &[&body]).await;
    assert!(line.is_empty() || line.starts_with("HTTP/1.1 400"), "{line}");
    assert!(kept(&app).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compressed_body_is_not_taken() {
    let (app, _id, hooks) = endpoint().await;
    let body = event(&app, "evt_1").to_string();
    let signature = sign(SECRET, app.clock.now().timestamp(), &body);
    for encoding in ["gzip", "br", "deflate", "identity", "x"] {
        let headers = [("Stripe-Signature", signature.as_str()), ("Content-Encoding", encoding)];
        let answer = hooks.post(&headers, body.clone()).await;
        assert_answer(&answer, StatusCode::UNSUPPORTED_MEDIA_TYPE, encoding);
    }
    assert!(kept(&app).await.is_empty());
}

/// Fails unless each of these bodies is refused, though it is signed.
async fn assert_refused(app: &TestApp, hooks: &WebhookSender, bodies: Vec<(&str, String)>) {
    for (shows, body) in bodies {
        let answer = send_text(app, hooks, &body).await;
        assert_answer(&answer, StatusCode::BAD_REQUEST, shows);
    }
    assert!(kept(app).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_refused_though_signed() {
    let (app, _id, hooks) = endpoint().await;
    let whole = event(&app, "evt_1").to_string();
    let with_data = |data: &str| whole.replace("\"data\":{", &format!("\"data\":{data},\"rest\":{{"));
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let bodies = vec![
        ("nothing", String::new()),
        ("spaces", "  ".to_owned()),
        ("no JSON", "evt_1".to_owned()),
        ("half an event", whole[..whole.len() / 2].to_owned()),
        ("two events", format!("{whole}{whole}")),
        ("a list of events", format!("[{whole}]")),
        ("null", "null".to_owned()),
        (
            "two marks of the byte order in front",
            format!("\u{feff}\u{feff}{whole}"),
        ),
        ("deep JSON", with_data(&nested(200))),
        ("very deep JSON", with_data(&nested(200_000))),
        ("a number beyond all", with_data("1e999")),
    ];
    assert_refused(&app, &hooks, bodies).await;
    for (id, data) in [
        ("evt_1", "[[1e99, \"\\ud83e\\uddfe\"]]"),
        ("evt_2", &nested(100)),
        ("evt_3", "\"half a surrogate: \\ud83e\""),
    ] {
        let body = with_data(data).replace("evt_1", id);
        assert_answer(&send_text(&app, &hooks, &body).await, StatusCode::OK, data);
    }
    assert_eq!(kept(&app).await, ["evt_1", "evt_2", "evt_3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_event_is_refused_though_signed() {
    let (app, _id, hooks) = endpoint().await;
    let with = |field: &str, value: Value| {
        let mut event = event(&app, "evt_1");
        event[field] = value;
        event.to_string()
    };
    let without = |field: &str| {
        let mut event = event(&app, "evt_1");
        event.as_object_mut().unwrap().remove(field);
        event.to_string()
    };
    let mut timeless = thin(&event(&app, "evt_1"));
    timeless["created"] = json!("yesterday");
    let bodies = vec![
        ("no id", without("id")),
        ("null for an id", with("id", Value::Null)),
        ("a blank id", with("id", json!(""))),
        ("a number for an id", with("id", json!(7))),
        ("an id too long", with("id", json!("e".repeat(256)))),
        ("NUL in the id", with("id", json!("evt_\0"))),
        ("a line break in the id", with("id", json!("evt_\n"))),
        ("no type", without("type")),
        ("a blank type", with("type", json!(""))),
        ("NUL in the type", with("type", json!("customer.\0"))),
        ("a type too long", with("type", json!("t".repeat(256)))),
        ("no time", without("created")),
        ("a time before 1970", with("created", json!(-1))),
        ("a time beyond all", with("created", json!(i64::MAX))),
        ("half a second", with("created", json!(1.5))),
        ("no mode", without("livemode")),
        ("another object", with("object", json!("customer"))),
        ("no object", without("object")),
        ("a thin one of no time", timeless.to_string()),
    ];
    assert_refused(&app, &hooks, bodies).await;
    let longest = "e".repeat(255);
    for id in ["evt_1", longest.as_str(), "evt_\u{1f9fe}"] {
        let answer = send_text(&app, &hooks, &event(&app, id).to_string()).await;
        assert_answer(&answer, StatusCode::OK, id);
    }
    assert_eq!(kept(&app).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_none_of_ours_is_acknowledged_and_goes_no_further() {
    let (app, id, hooks) = endpoint().await;
    let run = app.admin().import(&id).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    let requests = app.sandbox().request_count();
    let mut live = event(&app, "evt_live");
    live["livemode"] = json!(true);
    let mut of_another = event(&app, "evt_of_another");
    of_another["account"] = json!("acct_another");
    let mut thin_of_another = thin(&event(&app, "evt_thin_of_another"));
    thin_of_another["context"] = json!("acct_another");
    let mut ours = event(&app, "evt_ours");
    ours["account"] = json!(app.sandbox().world().account_id());
    // Without a type that means something: it is about the envelope alone.
    ours["type"] = json!("something.new");
    for event in [&live, &of_another, &thin_of_another, &ours] {
        hooks.send(&app, event).await;
    }
    until_taken_out(&app).await;
    let outcomes: Vec<_> = inbox(&app)
        .await
        .into_iter()
        .map(|row| (row.event_id, row.outcome.unwrap(), row.body.is_some()))
        .filter(|(id, ..)| ["evt_live", "evt_of_another", "evt_ours", "evt_thin_of_another"].contains(&id.as_str()))
        .collect();
    let expected = [
        ("evt_live", EventOutcome::WrongMode, false),
        ("evt_of_another", EventOutcome::WrongAccount, false),
        ("evt_ours", EventOutcome::UnknownType, true),
        ("evt_thin_of_another", EventOutcome::WrongAccount, false),
    ];
    assert_eq!(
        outcomes,
        expected.map(|(id, outcome, body)| (id.to_owned(), outcome, body))
    );
    let asked = app.sandbox().requests();
    assert!(
        asked
            .iter()
            .all(|request| !request.path_and_query.contains("cus_of_the_event"))
    );
    assert!(
        app.sandbox().request_count() <= requests + 2,
        "at most a look at the events"
    );
}
