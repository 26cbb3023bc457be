//! Bodies of deliveries: for which endpoints they are read, how many are held at a time, and the mark that may stand before them.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::StatusCode;
use sandbox::sign;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tributary::store::source::unpack;

use super::support::{assert_answer, endpoint, event, kept};
use crate::support::webhook::{SECRET, inbox, set_webhook_secret};
use crate::support::{TestApp, until};

const MEBIBYTE: usize = 1024 * 1024;
/// What is told by then did not wait for a body, which may take longer.
const SOON: Duration = Duration::from_secs(8);

/// Begins a delivery of a mebibyte, of which so many bytes come.
async fn begin(app: &TestApp, path: &str, bytes: usize) -> TcpStream {
    let signature = sign(SECRET, app.clock.now().timestamp(), "");
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nStripe-Signature: {signature}\r\ncontent-length: {MEBIBYTE}\r\n\r\n{}",
        " ".repeat(bytes)
    );
    let mut socket = TcpStream::connect(app.address()).await.unwrap();
    socket.write_all(head.as_bytes()).await.unwrap();
    socket
}

/// The answer's head, in lower case.
async fn told(socket: &mut TcpStream) -> String {
    let mut text = vec![0; 4096];
    let length = timeout(SOON, socket.read(&mut text))
        .await
        .expect("nothing was told")
        .unwrap();
    String::from_utf8_lossy(&text[..length]).to_ascii_lowercase()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_read_for_an_endpoint_that_there_is_not() {
    let (app, id, hooks) = endpoint().await;
    let path = hooks.url().split_once(&app.address().to_string()).unwrap().1.to_owned();
    let (prefix, _) = path.rsplit_once('/').unwrap();
    for other in [
        format!("{prefix}/x"),
        format!("{prefix}/integration_{}", "0".repeat(32)),
    ] {
        let told = told(&mut begin(&app, &other, 0).await).await;
        assert!(told.starts_with("http/1.1 404"), "{other}: {told}");
    }
    set_webhook_secret(app.admin(), &id, None).await;
    let told = told(&mut begin(&app, &path, 0).await).await;
    assert!(told.starts_with("http/1.1 404"), "off: {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_never_end_are_held_up_to_a_bound_and_given_back() {
    let (app, _id, hooks) = endpoint().await;
    let path = hooks.url().split_once(&app.address().to_string()).unwrap().1;
    let mut sockets = Vec::new();
    for _ in 0..160 {
        sockets.push(begin(&app, path, 100_000).await);
    }
    let looks = sockets.into_iter().map(|mut socket| async move {
        let is_refused = timeout(Duration::from_secs(3), socket.readable()).await.is_ok();
        if is_refused {
            let told = told(&mut socket).await;
            assert!(
                told.starts_with("http/1.1 503") && told.contains("retry-after: 1\r\n"),
                "{told}"
            );
        }
        (!is_refused).then_some(socket)
    });
    let held: Vec<_> = join_all(looks).await.into_iter().flatten().collect();
    let most = 12 * MEBIBYTE / 100_000;
    assert!(
        (most - 3..=most).contains(&held.len()),
        "{} bodies were held",
        held.len()
    );
    // Callers have their own.
    app.graphql("{ viewer { scope } }", json!({})).await;
    let told = event(&app, "evt_1");
    drop(held);
    until("there is room again", async || {
        let answer = hooks.deliver(&app, &told).await;
        (answer.status == StatusCode::OK).then_some(())
    })
    .await;
    assert_eq!(kept(&app).await, ["evt_1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mark_of_a_byte_order_is_signed_and_not_kept() {
    let (app, _id, hooks) = endpoint().await;
    let told = event(&app, "evt_1");
    let marked = format!("\u{feff}{told}");
    let deliver = async |signed: &str| {
        let header = sign(SECRET, app.clock.now().timestamp(), signed);
        hooks.post(&[("Stripe-Signature", &header)], marked.clone()).await
    };
    let answer = deliver(&told.to_string()).await;
    assert_answer(
        &answer,
        StatusCode::BAD_REQUEST,
        "signed without the mark that was sent",
    );
    assert_answer(&deliver(&marked).await, StatusCode::OK, "signed with it");
    let bodies: Vec<_> = inbox(&app).await.into_iter().filter_map(|event| event.body).collect();
    assert_eq!(unpack(&bodies[0]).unwrap(), told);
}
